import { isMillraceError } from '@millrace/base'
import { parseOrigin, readRedrive } from '@millrace/base/internal'
import { type KafkaClient, scanTopic } from '@millrace/kafka'
import type { LetterBox } from './letters.ts'
import type { SelectedLetter } from './selection.ts'

/** Later records of a letter's key that its application has applied already: sending the letter now changes the order. */
export interface Successors {
  readonly applied: number
  /** The last of them in the topic. */
  readonly last: { readonly partition: number; readonly offset: number }
}

/** By `partition:offset` of the letter. Letters that nothing came after are not in it. */
export type SuccessorMap = ReadonlyMap<string, Successors>

/** Consumer groups under which an application may have committed: handlers and streams, our sinks, Kafka Connect's. */
export function groupsOf(application: string): string[] {
  return [application, `millrace-sink-${application}`, `connect-${application}`]
}

/**
 * Looks behind each letter in the topic that it came from. A later record counts as applied when its application's group
 * has committed beyond it and it is no dead letter itself; where no group has committed anything, nobody can tell, and
 * it counts.
 */
export async function findSuccessors(
  client: KafkaClient,
  box: LetterBox,
  letters: readonly SelectedLetter[],
): Promise<SuccessorMap> {
  const found = new Map<string, Successors>()
  const lanes = Map.groupBy(
    letters.filter(({ key, firstOrigin }) => key !== null && firstOrigin.offset >= 0 && firstOrigin.partition >= 0),
    ({ firstOrigin, cause }) => `${firstOrigin.topic}\0${firstOrigin.partition}\0${cause.application}`,
  )
  if (lanes.size === 0) return found
  const topics = new Set((await client.admin.listTopics({ internal: true })).map(({ name }) => name))
  const setAside = await lettersByOrigin(box)
  for (const lane of lanes.values()) {
    const { topic, partition } = lane[0]!.firstOrigin
    const { application } = lane[0]!.cause
    if (!topics.has(topic)) continue
    const committed = await committedOffset(client, application, topic, partition)
    const isApplied = (offset: number): boolean =>
      (committed === undefined || offset < committed) && !setAside.has(`${application}/${topic}/${partition}/${offset}`)
    await lookBehind(client, lane, isApplied, found)
  }
  return found
}

async function lookBehind(
  client: KafkaClient,
  lane: readonly SelectedLetter[],
  isApplied: (offset: number) => boolean,
  found: Map<string, Successors>,
): Promise<void> {
  const { topic, partition } = lane[0]!.firstOrigin
  const byKey = Map.groupBy(lane, ({ key }) => key)
  const from = lane.reduce((least, { firstOrigin }) => Math.min(least, firstOrigin.offset), Number.MAX_SAFE_INTEGER)
  const [start] = await client.admin.listOffsets([{ topic, partition, at: 'earliest' }])
  const at = { partition, offset: Math.max(from, start?.offset ?? 0) }
  for await (const record of scanTopic(client, { topic, at })) {
    const mine = record.key && byKey.get(record.key.toString('latin1'))
    if (!mine || !isApplied(record.offset)) continue
    // A record that came back stands for the event that it was at first.
    const back = record.headers.length > 0 ? readRedrive(record.headers, topic) : undefined
    const offset = (back && parseOrigin(back.origin)?.offset) ?? record.offset
    for (const letter of mine) {
      if (letter.firstOrigin.offset >= offset) continue
      const name = `${letter.partition}:${letter.offset}`
      const applied = (found.get(name)?.applied ?? 0) + 1
      found.set(name, { applied, last: { partition, offset: record.offset } })
    }
  }
}

async function lettersByOrigin(box: LetterBox): Promise<Set<string>> {
  const origins = new Set<string>()
  for await (const { envelope } of box.letters()) {
    if (envelope) origins.add(`${envelope.application}/${envelope.topic}/${envelope.partition}/${envelope.offset}`)
  }
  return origins
}

async function committedOffset(
  client: KafkaClient,
  application: string,
  topic: string,
  partition: number,
): Promise<number | undefined> {
  for (const group of groupsOf(application)) {
    if (group === '') continue
    const offsets = await client.admin.committedOffsets(group).catch((error: unknown) => {
      if (isMillraceError(error) && error.code === 'KAFKA_GROUP_ID_NOT_FOUND') return []
      throw error
    })
    const own = offsets.find((candidate) => candidate.topic === topic && candidate.partition === partition)
    if (own) return own.offset
  }
  return undefined
}
