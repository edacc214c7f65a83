import type { Consumer, FetchedPartition, KafkaClient, TopicPartition, TopicPartitionOffset } from '@millrace/kafka'
import type { RecordBatchView } from '@millrace/protocol'
import { connectError } from '../errors.ts'
import type { SinkBatch, SinkPartition, SinkSession } from './connector.ts'
import type { SinkRunnerOptions } from './runner-options.ts'

interface AssignedPartition extends TopicPartition {
  /** Set once the partition is claimed. */
  claimed: SinkPartition | undefined
  /** The next offset to write. */
  nextOffset: number
  mirroredOffset: number
  highWatermark: number
}

/** The partitions that the group gave to this member, and how far each is in the database. */
export class SinkAssignment {
  readonly #client: KafkaClient
  readonly #consumer: Consumer
  readonly #begin: NonNullable<SinkRunnerOptions['begin']>
  readonly #partitions = new Map<string, AssignedPartition>()
  lastEventMs: number | undefined

  constructor(client: KafkaClient, consumer: Consumer, begin: SinkRunnerOptions['begin'] = 'earliest') {
    this.#client = client
    this.#consumer = consumer
    this.#begin = begin
  }

  /** Newly assigned partitions stay paused until they are claimed; the position is sought then. */
  add(partitions: readonly TopicPartition[]): void {
    this.#consumer.pause(partitions)
    for (const { topic, partition } of partitions) {
      // Any position will do: without one the consumer would ask the group for its offset and fail over a new group.
      this.#consumer.seek({ topic, partition, offset: 0 })
      this.#partitions.set(idOf({ topic, partition }), {
        topic,
        partition,
        claimed: undefined,
        nextOffset: 0,
        mirroredOffset: -1,
        highWatermark: 0,
      })
    }
  }

  /** Forgets partitions and returns those that were claimed. */
  remove(partitions: readonly TopicPartition[]): SinkPartition[] {
    return partitions.flatMap((partition) => {
      const known = this.#partitions.get(idOf(partition))
      this.#partitions.delete(idOf(partition))
      return known?.claimed ? [known.claimed] : []
    })
  }

  unclaimAll(): void {
    for (const assigned of this.#partitions.values()) assigned.claimed = undefined
    this.#consumer.pause([...this.#partitions.values()])
  }

  /** Claims what is not claimed yet and seeks to where the database stands. @throws CONNECT_NO_OFFSET */
  async claim(session: SinkSession): Promise<void> {
    const unclaimed = [...this.#partitions.values()].filter((assigned) => !assigned.claimed)
    if (unclaimed.length === 0) return
    const topics = await this.#client.admin.describeTopics([...new Set(unclaimed.map(({ topic }) => topic))])
    const earliest = await this.#client.admin.listOffsets(
      unclaimed.map(({ topic, partition }) => ({ topic, partition, at: 'earliest' })),
    )
    for (const assigned of unclaimed) {
      const { topic, partition } = assigned
      const topicId = topics.find(({ name }) => name === topic)?.topicId ?? ''
      const start = earliest.find((listed) => listed.topic === topic && listed.partition === partition)?.offset ?? 0
      const claimed = { topic, partition, topicId }
      const stored = (await session.claim(claimed)) ?? (await this.#first(session, claimed))
      if (stored !== undefined && stored < start) throw offsetGone(claimed, stored, start)
      assigned.claimed = claimed
      assigned.nextOffset = stored ?? start
      this.#consumer.seek({ topic, partition, offset: assigned.nextOffset })
      this.#consumer.resume([{ topic, partition }])
    }
  }

  /** Of a partition that was never read; undefined for its beginning. */
  async #first(session: SinkSession, { topic, partition, topicId }: SinkPartition): Promise<number | undefined> {
    if (this.#begin === 'earliest') return undefined
    if (this.#begin === 'fail') {
      const message = `the sink has never read ${topic}-${partition}, and is not to choose where to begin`
      throw connectError('CONNECT_NO_OFFSET', message, { topic, partition })
    }
    // Before open transactions: their records are yet to come.
    const isolation = 'read_committed'
    const [end] = await this.#client.admin.listOffsets([{ topic, partition, at: 'latest' }], { isolation })
    if (!end) return undefined
    // Otherwise what comes between now and the first batch would be left out by a crash in between.
    await session.put({ topic, partition, topicId, batches: [], firstOffset: end.offset, nextOffset: end.offset })
    return end.offset
  }

  /**
   * What was fetched from claimed partitions: per partition the batches to write one after the other, each of about
   * `maxBytes`, beginning where the database stands. A poll may bring several fetches of a partition.
   */
  batches(fetched: readonly FetchedPartition[], maxBytes: number): SinkBatch[][] {
    const byPartition = new Map<AssignedPartition, SinkBatch[]>()
    for (const part of fetched) {
      const assigned = this.#partitions.get(idOf(part))
      if (!assigned?.claimed) continue
      const batches = byPartition.get(assigned) ?? []
      const firstOffset = batches.at(-1)?.nextOffset ?? assigned.nextOffset
      if (part.nextOffset <= firstOffset) continue
      assigned.highWatermark = part.highWatermark
      batches.push(...cut(assigned.claimed, part, firstOffset, maxBytes))
      byPartition.set(assigned, batches)
    }
    return [...byPartition.values()]
  }

  written(batch: SinkBatch): void {
    const assigned = this.#partitions.get(idOf(batch))
    if (!assigned) return
    assigned.nextOffset = batch.nextOffset
    const last = batch.batches.at(-1)
    if (last) this.lastEventMs = Math.max(this.lastEventMs ?? 0, last.maxTimestamp)
  }

  lag(): number {
    let lag = 0
    for (const { highWatermark, nextOffset } of this.#partitions.values())
      lag += Math.max(0, highWatermark - nextOffset)
    return lag
  }

  /** Offsets that the group does not know yet. */
  unmirrored(): TopicPartitionOffset[] {
    const offsets: TopicPartitionOffset[] = []
    for (const assigned of this.#partitions.values()) {
      const { topic, partition, nextOffset, claimed, mirroredOffset } = assigned
      if (!claimed || nextOffset === mirroredOffset) continue
      assigned.mirroredOffset = nextOffset
      offsets.push({ topic, partition, offset: nextOffset })
    }
    return offsets
  }
}

function cut(claimed: SinkPartition, part: FetchedPartition, firstOffset: number, maxBytes: number): SinkBatch[] {
  const cuts: SinkBatch[] = []
  let first = firstOffset
  let views: RecordBatchView[] = []
  let bytes = 0
  for (const view of part.batches) {
    if (bytes > 0 && bytes + view.sizeInBytes > maxBytes) {
      const nextOffset = views.at(-1)!.nextOffset
      cuts.push({ ...claimed, batches: views, firstOffset: first, nextOffset })
      first = nextOffset
      views = []
      bytes = 0
    }
    views.push(view)
    bytes += view.sizeInBytes
  }
  cuts.push({ ...claimed, batches: views, firstOffset: first, nextOffset: part.nextOffset })
  return cuts
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

function offsetGone({ topic, partition }: SinkPartition, wanted: number, earliest: number): Error {
  const message = `the sink has to go on from offset ${wanted} of ${topic}-${partition}, which begins at ${earliest} now`
  return connectError('CONNECT_NO_OFFSET', message, { topic, partition, offset: wanted })
}
