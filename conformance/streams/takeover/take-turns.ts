import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Consumer, type KafkaClient, kafkaClient } from '@millrace/kafka'
import { partitionForKey } from '@millrace/protocol'
import { runnable } from '../../../packages/streams/src/core/dsl/topology.ts'
import { decodeTimes } from '../../../packages/streams/src/core/time-metadata.ts'
import type { TopologyPlan } from '../../../packages/streams/src/core/topology/plan.ts'
import { startStreams, topology } from '../../../packages/streams/src/index.ts'
import { bytesForm, type RecordForm, recordForm } from '../../../packages/streams/test/golden/outcome.ts'
import type { RecordStep } from '../../../packages/streams/test/golden/scenario.ts'
import type { JavaInstances } from './java-instances.ts'
import type { TakeoverProgram } from './programs.ts'

export type Side = 'ours' | 'java'

/** Who runs a stage, and on what disk: the one that the side had last, or an empty one. */
export interface Turn {
  readonly side: Side
  readonly disk?: 'kept' | 'empty'
  /** How many stages of the input it gets. */
  readonly stages?: number
}

/** What came of a run. */
export interface TurnsOutcome {
  /** Records by topic and partition, or last values by topic and key. */
  readonly output: Readonly<Record<string, unknown>>
  /** What changelogs say of each key in the end. */
  readonly state: Readonly<Record<string, unknown>>
  /** How far partitions were when their last records were committed, from what is committed beside offsets. */
  readonly times: Readonly<Record<string, number>>
  /** Settings of internal topics that are not the broker's. */
  readonly settings: Readonly<Record<string, unknown>>
}

interface Setting {
  readonly brokers: string
  readonly client: KafkaClient
  readonly java: JavaInstances
}

const settleTimeoutMs = 60_000
const commitIntervalMs = 50

/** Runs the program as one application that the sides take over from each other. */
export async function takeTurns(
  setting: Setting,
  program: TakeoverProgram,
  turns: readonly Turn[],
): Promise<TurnsOutcome> {
  const { client } = setting
  const applicationId = `taken-${program.group.name}-${turns.map(({ side }) => side[0]).join('')}-${Date.now()}`
  const plan = planOf(program, applicationId)
  const outputs = outputTopics(plan)
  const users = [...new Set([...plan.sourceTopics, ...outputs])]
  await client.admin.createTopics(users.map((name) => ({ name, partitions: program.partitions })))
  const directory = mkdtempSync(join(tmpdir(), 'millrace-takeover-'))
  try {
    const stages = program.stages.values()
    for (const [number, { side, disk = 'kept', stages: count = 1 }] of turns.entries()) {
      const input = Array.from({ length: count }, () => stages.next().value ?? []).flat()
      await produce(client, input, program.partitions)
      const folder = join(directory, disk === 'kept' ? side : `${side}-${number}`)
      const stop = await (side === 'ours' ? startOurs : startJava)(setting, program, applicationId, folder)
      await settled(setting, plan, side)
      await stop()
      await groupIsEmpty(client, applicationId)
    }
    return await outcomeOf(client, program, plan, outputs)
  } finally {
    rmSync(directory, { recursive: true, force: true })
    const topics = (await client.admin.listTopics()).map(({ name }) => name)
    await client.admin.deleteTopics(topics)
  }
}

function planOf(program: TakeoverProgram, applicationId: string): TopologyPlan {
  const app = topology('golden', program.scenario.topology)
  program.scenario.build(app)
  return runnable(app).plan({ applicationId })
}

function outputTopics(plan: TopologyPlan): string[] {
  const internal = new Set(plan.internalTopics.map(({ name }) => name))
  return [...new Set(plan.subtopologies.flatMap(({ sinkTopics }) => sinkTopics))].filter((name) => !internal.has(name))
}

async function startOurs(
  { brokers }: Setting,
  { scenario }: TakeoverProgram,
  applicationId: string,
  stateDir: string,
): Promise<() => Promise<void>> {
  const streams = await startStreams({
    topology: () => {
      const app = topology('golden', scenario.topology)
      scenario.build(app)
      return app
    },
    applicationId,
    brokers,
    stateDir,
    commitIntervalMs,
    limits: { cacheMaxBytes: 0 },
  })
  return async () => {
    await streams.close()
    await streams.finished
  }
}

async function startJava(
  { brokers, java }: Setting,
  { group, scenario }: TakeoverProgram,
  applicationId: string,
  stateDir: string,
): Promise<() => Promise<void>> {
  const properties = {
    'application.id': applicationId,
    'bootstrap.servers': brokers,
    'state.dir': stateDir,
    'processing.guarantee': 'exactly_once_v2',
    'commit.interval.ms': String(commitIntervalMs),
    'statestore.cache.max.bytes': '0',
    'session.timeout.ms': '10000',
    'heartbeat.interval.ms': '1000',
    // Results are looked for with every record, as ours are, and not once a second.
    '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__': '0',
    '__emit.interval.ms.kstreams.windowed.aggregation__': '0',
    ...scenario.properties,
  }
  const { javaClass, name } = scenario.program ?? { javaClass: group.javaClass, name: scenario.name }
  await java.ask({ op: 'start', id: applicationId, group: javaClass, name, properties })
  return async () => {
    await java.ask({ op: 'stop', id: applicationId })
  }
}

async function produce(client: KafkaClient, records: readonly RecordStep[], partitions: number): Promise<void> {
  await using producer = client.producer({ lingerMs: 5 })
  await Promise.all(
    records.map(({ topic, key, value, timestamp, headers }) =>
      producer.send({
        topic,
        partition: partitionForKey(key!, partitions),
        key,
        value,
        timestamp,
        headers: headers.map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
      }),
    ),
  )
}

/** Until everything that is read was consumed: twice in a row, since what one part consumes another has to read. */
async function settled(
  { client, java }: Setting,
  { applicationId, subtopologies }: TopologyPlan,
  side: Side,
): Promise<void> {
  const topics = [...new Set(subtopologies.flatMap(({ sourceTopics, isGlobal }) => (isGlobal ? [] : sourceTopics)))]
  const deadline = Date.now() + settleTimeoutMs
  for (let quiet = 0; quiet < 2; ) {
    if (side === 'java') await java.ask({ op: 'look', id: applicationId })
    const left = await unconsumed(client, applicationId, topics)
    quiet = left === 0 ? quiet + 1 : 0
    if (Date.now() > deadline) throw new Error(`${side} left ${left} records of ${topics.join(', ')} unread`)
    await delay(100)
  }
}

async function unconsumed(client: KafkaClient, groupId: string, topics: readonly string[]): Promise<number> {
  const existing = new Map((await client.admin.listTopics()).map(({ name, partitions }) => [name, partitions.length]))
  if (!topics.every((topic) => existing.has(topic))) return Number.POSITIVE_INFINITY
  const committed = new Map(
    (await client.admin.committedOffsets(groupId)).map((at) => [`${at.topic}/${at.partition}`, at.offset]),
  )
  let records = 0
  for (const topic of topics) {
    for (let partition = 0; partition < existing.get(topic)!; partition++) {
      const offset = Math.max(0, committed.get(`${topic}/${partition}`) ?? 0)
      records += (await readFrom(client, topic, partition, offset)).length
    }
  }
  return records
}

async function groupIsEmpty(client: KafkaClient, groupId: string): Promise<void> {
  const deadline = Date.now() + settleTimeoutMs
  while ((await client.admin.describeGroups([groupId]))[0]?.members.length !== 0) {
    if (Date.now() > deadline) throw new Error(`the group ${groupId} still has members`)
    await delay(100)
  }
}

async function outcomeOf(
  client: KafkaClient,
  program: TakeoverProgram,
  { applicationId, internalTopics }: TopologyPlan,
  outputs: readonly string[],
): Promise<TurnsOutcome> {
  const short = (topic: string): string => topic.slice(applicationId.length + 1)
  const output: Record<string, unknown> = {}
  for (const topic of outputs) {
    for (let partition = 0; partition < program.partitions; partition++) {
      const records = await readFrom(client, topic, partition, 0)
      output[`${topic}-${partition}`] = program.compares === 'all' ? records : lastOf(records)
    }
  }
  const state: Record<string, unknown> = {}
  const settings: Record<string, unknown> = {}
  for (const { name, kind } of internalTopics) {
    const configs = await client.admin.describeConfigs({ topic: name })
    const own = configs.filter(({ isDefault }) => !isDefault).map((entry) => [entry.name, entry.value] as const)
    const [topic] = await client.admin.describeTopics([name])
    const partitions = topic?.partitions ?? []
    settings[short(name)] = { partitions: partitions.length, ...Object.fromEntries(own.sort()) }
    if (kind !== 'changelog') continue
    for (let partition = 0; partition < partitions.length; partition++) {
      state[`${short(name)}-${partition}`] = lastOf(await readFrom(client, name, partition, 0))
    }
  }
  return { output, state, settings, times: await timesOf(client, applicationId, short) }
}

async function timesOf(
  client: KafkaClient,
  groupId: string,
  short: (topic: string) => string,
): Promise<Readonly<Record<string, number>>> {
  const committed = await client.admin.committedOffsets(groupId)
  const named = committed.map(({ topic, partition, metadata }) => {
    const name = topic.startsWith(`${groupId}-`) ? short(topic) : topic
    return [`${name}-${partition}`, decodeTimes(metadata ?? '').partitionTime] as const
  })
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Values by key, without what is deleted. */
function lastOf(records: readonly RecordForm[]): Readonly<Record<string, string>> {
  const last = new Map<string, string>()
  for (const [key, value] of records) {
    if (value === null) last.delete(String(key))
    else last.set(String(key), value)
  }
  return Object.fromEntries([...last].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function readFrom(client: KafkaClient, topic: string, partition: number, offset: number): Promise<RecordForm[]> {
  await using consumer: Consumer = client.consumer({ isolation: 'read_committed' })
  consumer.assign([{ topic, partition }])
  const [end] = await consumer.endOffsets([{ topic, partition }])
  const [begin] = await consumer.beginningOffsets([{ topic, partition }])
  consumer.seek({ topic, partition, offset: Math.max(offset, begin!.offset) })
  const records: RecordForm[] = []
  while ((consumer.position({ topic, partition }) ?? 0) < end!.offset) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset < firstOffset) continue
          const headers = cursor.headers().map(({ key, value }) => [key, value && bytesForm(value)] as const)
          records.push(recordForm(cursor.keyBytes(), cursor.valueBytes(), Number(cursor.timestamp), headers))
        }
      }
    }
  }
  return records
}

/** A client of its own for what the test itself reads and writes. */
export function observer(brokers: string): KafkaClient {
  return kafkaClient({ brokers, clientId: 'takeover' })
}
