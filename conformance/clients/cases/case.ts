import { setTimeout as delay } from 'node:timers/promises'
import type { Broker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import type { Client, Feature } from '../programs/catalogue.ts'
import type { OperationName, Operations, RecordIn, RecordOut } from '../programs/operations.ts'
import type { Program } from '../programs/program.ts'

/** One run of a case: a client on one of the brokers. */
export interface Run {
  readonly client: Client
  readonly program: Program
  /** Starts a second program of the same client, which may be killed. */
  readonly another: () => Program
  /** A name of its own for this case, client and broker: prefix of topics, groups and transactional ids. */
  readonly prefix: string
  /** A client that creates topics for those that cannot. */
  readonly helper: Program
  /** Where the broker listens. */
  readonly bootstrap: string
  /** The embedded broker where it is one: for faults. */
  readonly millrace: Broker | undefined
}

/** Steps that a client takes, and what came of them, with nothing in it that differs from run to run. */
export interface Case {
  readonly name: string
  readonly subject: 'topics' | 'configs' | 'records' | 'offsets' | 'transactions' | 'groups' | 'errors' | 'security'
  readonly needs: readonly (OperationName | Feature)[]
  readonly run: (run: Run) => Promise<unknown>
  /** What must hold whatever the two brokers agree on. */
  readonly check: (outcome: never) => void
  /** Its client must log nothing at the level of a warning or above. */
  readonly quiet?: boolean
}

/** A case whose outcome is typed by its steps. */
export function defineCase<Outcome>(
  definition: Omit<Case, 'run' | 'check'> & {
    readonly run: (run: Run) => Promise<Outcome>
    readonly check: (outcome: Outcome) => void
  },
): Case {
  return definition as Case
}

/** For records with times long ago: half a minute after its start, Apache Kafka looks for the first time what it has kept too long. */
export const keptForever = { 'retention.ms': '-1' }

export async function createTopic(
  { client, program, helper, bootstrap }: Run,
  name: string,
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const creator = client.lacks.createTopics === undefined ? program : helper
  const created = await creator.run('createTopics', { topics: [{ name, partitions, configs }] })
  if (created[name] !== 'NONE') throw new Error(`${name} was not created: ${created[name]}`)
  // Apache Kafka answers before its broker knows the topic.
  await until(
    () => creator.errorOf('describeTopic', { name }),
    (error) => error === 'NONE',
  )
  // And it knows the topic before all partitions take records. What one refuses makes clients without idempotence write to the
  // others twice. Our client asks, since kafkajs goes on asking for topics that it once had offsets of.
  await using ours = kafkaClient({ brokers: bootstrap })
  await ours.admin.listOffsets(
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition, at: 'latest' })),
  )
  return name
}

/** A record without what a client or a broker chooses: its time. */
export function untimed({ timestamp: _, ...rest }: RecordOut): Omit<RecordOut, 'timestamp'> {
  return rest
}

export const valuesOf = (records: readonly RecordOut[]): (string | null)[] => records.map(({ value }) => value)

export function numbered(count: number, text: (index: number) => string = (index) => `value-${index}`): RecordIn[] {
  return Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, value: text(index), partition: 0 }))
}

export type MemberState = Operations['member'][1]

/** Asks for the states of members until they satisfy; the last ones, satisfying or not. */
export async function membersUntil(
  members: readonly { readonly program: Program; readonly handle: string }[],
  satisfied: (states: readonly MemberState[]) => boolean,
  timeoutMs = 45_000,
): Promise<MemberState[]> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const states = await Promise.all(members.map(({ program, handle }) => program.run('member', { handle })))
    if (satisfied(states) || Date.now() > deadline) return states
    await delay(100)
  }
}

/** Waits until an operation gives what is wanted: brokers apply some changes a moment after they answered. */
export async function until<T>(
  ask: () => Promise<T>,
  satisfied: (value: T) => boolean,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const value = await ask()
    if (satisfied(value) || Date.now() > deadline) return value
    await delay(50)
  }
}
