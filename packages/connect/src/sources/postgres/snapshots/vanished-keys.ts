import type { KafkaClient } from '@millrace/kafka'
import type { VanishedSearch } from '../position.ts'

const pollMs = 500
/** So many keys are remembered at a time; a topic with more is read several times. */
const keysMax = 500_000

/** A key whose last record is from before the resynchronisation. */
export interface VanishedKey {
  readonly topic: string
  readonly key: Buffer
  readonly value: Buffer
}

/**
 * Finds the rows that were deleted while no slot kept the log: a resynchronisation has written every row anew, so that a
 * key which is only before it, and not deleted there, is of a row that is gone. What the source has written must be committed;
 * what of it was aborted counts for nothing.
 */
export async function* vanishedKeys(client: KafkaClient, search: VanishedSearch): AsyncGenerator<VanishedKey> {
  for (const [topic, ends] of Object.entries(search.ends)) {
    for (const [partition, end] of ends.entries()) {
      if (end === 0) continue
      yield* vanishedInPartition(client, { topic, partition }, end)
    }
  }
}

interface Target {
  readonly topic: string
  readonly partition: number
}

async function* vanishedInPartition(client: KafkaClient, target: Target, end: number): AsyncGenerator<VanishedKey> {
  const [start] = await client.admin.listOffsets([{ ...target, at: 'earliest' }])
  // What others have not committed by now is waited for: a row that came back must not be taken for one that is gone.
  const [now] = await client.admin.listOffsets([{ ...target, at: 'latest' }], { isolation: 'read_uncommitted' })
  if (!start || !now || start.offset >= end) return
  const passes = Math.ceil((end - start.offset) / keysMax)
  for (let pass = 0; pass < passes; pass++) {
    const left = new Map<string, { key: Buffer; value: Buffer }>()
    await readPartition(client, target, start.offset, now.offset, (offset, key, value) => {
      if (passes > 1 && hashOf(key) % passes !== pass) return
      const name = key.toString('latin1')
      if (offset >= end || value === null) left.delete(name)
      else left.set(name, { key: Buffer.from(key), value: Buffer.from(value) })
    })
    for (const { key, value } of left.values()) yield { topic: target.topic, key, value }
  }
}

async function readPartition(
  client: KafkaClient,
  target: Target,
  from: number,
  to: number,
  visit: (offset: number, key: Buffer, value: Buffer | null) => void,
): Promise<void> {
  const consumer = client.consumer({ isolation: 'read_committed' })
  try {
    await consumer.assign([target])
    consumer.seek({ ...target, offset: from })
    while ((consumer.position(target) ?? 0) < to) {
      for (const { batches } of await consumer.poll({ timeoutMs: pollMs })) {
        for (const batch of batches) {
          const cursor = batch.cursor()
          while (cursor.next()) {
            const key = cursor.keyBytes()
            if (key) visit(cursor.offset, key, cursor.valueBytes())
          }
        }
      }
    }
  } finally {
    await consumer.close()
  }
}

function hashOf(key: Buffer): number {
  let hash = 0
  for (const byte of key) hash = (hash * 31 + byte) >>> 0
  return hash
}

/** Where the topics end now, for `vanishedKeys` later. */
export async function topicEnds(client: KafkaClient, topics: readonly string[]): Promise<VanishedSearch> {
  const ends: Record<string, number[]> = {}
  const existing = new Map((await client.admin.listTopics()).map((topic) => [topic.name, topic.partitions]))
  for (const topic of topics) {
    const partitions = existing.get(topic)
    if (!partitions) continue
    const targets = partitions.map(({ partition }) => ({ topic, partition, at: 'latest' as const }))
    const found = await client.admin.listOffsets(targets, { isolation: 'read_committed' })
    const offsets = new Array<number>(targets.length).fill(0)
    for (const { partition, offset } of found) offsets[partition] = offset
    ends[topic] = offsets
  }
  return { ends }
}
