import { type Clock, sleep } from '@millrace/base'
import type { FetchedPartition, KafkaClient } from '@millrace/kafka'
import type { Header, RecordBatchView } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'

/** An update of a store as its changelog has it. */
export interface LoggedChange {
  readonly partition: number
  readonly offset: number
  /** As stored, with the times of a window or session behind the key. */
  readonly keyBytes: Uint8Array
  /** null: deleted. */
  readonly valueBytes: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly Header[]
}

interface Log {
  /** First offset that the buffer still covers, and the one that is read next. */
  from: number
  next: number
  changes: LoggedChange[]
  sizeBytes: number
  /** Full of what the tasks have not committed yet. */
  isPaused: boolean
}

export interface ChangeFeedOptions {
  readonly client: KafkaClient
  readonly topic: string
  /** Of one partition. */
  readonly bufferMaxBytes: number
  readonly onIdle: () => void
  readonly clock: Clock
  /**
   * The group whose tasks consume the topic, where it is one of the user's that a store is restored from: what they have not
   * committed is no change of the store yet.
   */
  readonly consumedBy: string | undefined
}

const changeOverheadBytes = 64
/** How often it is asked what the tasks have committed. */
const limitIntervalMs = 100

/**
 * The committed changes of a store, read from its changelog once for all who follow it here. The latest ones of each
 * partition are kept in a bounded buffer that readers go through at their own pace; one that the buffer has overtaken is told,
 * and begins again. Since the changelog outlives its owner, so does the feed.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  readonly #consumer: ReturnType<KafkaClient['consumer']>
  readonly #logs = new Map<number, Log>()
  readonly #stop = new AbortController()
  /** By partition, what the tasks have consumed of it; empty where that is no matter. */
  readonly #limits = new Map<number, number>()
  #readers = 0
  #running: Promise<unknown> | undefined
  #failure: { readonly error: unknown } | undefined
  #arrived = Promise.withResolvers<void>()

  constructor(options: ChangeFeedOptions) {
    this.#options = options
    this.#consumer = options.client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
  }

  /** To be called once by every reader, and `release` when it is done. */
  retain(): void {
    this.#readers++
  }

  async release(): Promise<void> {
    if (--this.#readers > 0) return
    this.#options.onIdle()
    this.#stop.abort()
    await this.#running?.catch(() => undefined)
    await this.#consumer.close()
  }

  /** Makes sure that changes from an offset on are read, unless the buffer has begun behind it already. */
  follow(partition: number, offset: number): void {
    if (this.#logs.has(partition)) return
    this.#logs.set(partition, { from: offset, next: offset, changes: [], sizeBytes: 0, isPaused: false })
    const { topic } = this.#options
    this.#consumer.assign([...this.#logs.keys()].map((each) => ({ topic, partition: each })))
    this.#consumer.seek({ topic, partition, offset })
    this.#running ??= Promise.all([this.#run(), this.#followLimits()])
  }

  /** Whether a reader can go on from an offset; one that nobody has begun to read can. */
  covers(partition: number, offset: number): boolean {
    const log = this.#logs.get(partition)
    return log === undefined || offset >= log.from
  }

  /** Where reading has come to: everything before is in the buffer or has left it. */
  next(partition: number): number {
    return Math.min(this.#logs.get(partition)?.next ?? 0, this.#limit(partition))
  }

  /**
   * The changes of a partition from an offset on that have arrived, `max` at most.
   *
   * @throws STREAMS_CHANGES_LOST
   */
  read(partition: number, offset: number, max: number): readonly LoggedChange[] {
    if (this.#failure) throw this.#failure.error
    const log = this.#logs.get(partition)
    if (log === undefined) return []
    if (offset < log.from) throw lost(this.#options.topic, partition, offset)
    const begin = lowerBound(log.changes, offset)
    return log.changes.slice(begin, Math.min(begin + max, lowerBound(log.changes, this.#limit(partition))))
  }

  /** Resolves when something has arrived since the call. */
  arrival(): Promise<void> {
    return this.#arrived.promise
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        for (const fetched of await this.#consumer.poll({ timeoutMs: 1_000, signal: this.#stop.signal }))
          this.#take(fetched)
        this.#moveOverMarks()
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#failure = { error }
      this.#tell()
    }
  }

  #limit(partition: number): number {
    return this.#options.consumedBy === undefined ? Number.POSITIVE_INFINITY : (this.#limits.get(partition) ?? 0)
  }

  async #followLimits(): Promise<void> {
    const { client, consumedBy, topic, clock } = this.#options
    const { signal } = this.#stop
    while (consumedBy !== undefined && !signal.aborted) {
      // A broker that is away is asked again.
      const committed = await client.admin.committedOffsets(consumedBy).catch(() => [])
      let hasMoved = false
      for (const { topic: of, partition, offset } of committed) {
        if (of !== topic || offset <= (this.#limits.get(partition) ?? 0)) continue
        this.#limits.set(partition, offset)
        hasMoved = true
      }
      if (hasMoved) {
        this.#tell()
        this.#readOn()
      }
      await sleep(clock, limitIntervalMs, signal).catch(() => undefined)
    }
  }

  #take({ partition, batches, firstOffset, nextOffset, logStartOffset }: FetchedPartition): void {
    const log = this.#logs.get(partition)
    if (log === undefined) return
    // The records in between are gone: whoever stands before them has missed deletions perhaps.
    if (logStartOffset > log.next) Object.assign(log, { from: firstOffset, changes: [], sizeBytes: 0 })
    for (const change of changesOf(partition, batches, firstOffset)) {
      log.changes.push(change)
      log.sizeBytes += sizeOf(change)
    }
    log.next = nextOffset
    this.#evict(partition, log)
    this.#tell()
  }

  /** What only marks the ends of transactions moves the consumer without bringing records. */
  #moveOverMarks(): void {
    for (const [partition, log] of this.#logs) {
      const position = this.#consumer.position({ topic: this.#options.topic, partition })
      if (position === undefined || position <= log.next) continue
      log.next = position
      this.#tell()
    }
  }

  /** What nobody may have been told yet stays; no more is read of the partition then. */
  #evict(partition: number, log: Log): void {
    const limit = this.#limit(partition)
    let gone = 0
    while (log.sizeBytes > this.#options.bufferMaxBytes && gone < log.changes.length) {
      const change = log.changes[gone]!
      if (change.offset >= limit) break
      gone++
      log.sizeBytes -= sizeOf(change)
      log.from = change.offset + 1
    }
    if (gone > 0) log.changes = log.changes.slice(gone)
    if (log.sizeBytes <= this.#options.bufferMaxBytes || log.isPaused) return
    log.isPaused = true
    this.#consumer.pause([{ topic: this.#options.topic, partition }])
  }

  /** Readers have been told of what is committed now: it leaves the buffer as more arrives. */
  #readOn(): void {
    for (const [partition, log] of this.#logs) {
      if (!log.isPaused) continue
      const ahead = log.changes.slice(lowerBound(log.changes, this.#limit(partition)))
      if (ahead.reduce((sum, change) => sum + sizeOf(change), 0) > this.#options.bufferMaxBytes) continue
      log.isPaused = false
      this.#consumer.resume([{ topic: this.#options.topic, partition }])
    }
  }

  #tell(): void {
    this.#arrived.resolve()
    this.#arrived = Promise.withResolvers()
  }
}

function* changesOf(
  partition: number,
  batches: readonly RecordBatchView[],
  firstOffset: number,
): Generator<LoggedChange> {
  for (const batch of batches) {
    for (const cursor = batch.cursor(); cursor.next(); ) {
      if (cursor.offset < firstOffset) continue
      const key = cursor.keyBytes()
      if (key === null) continue
      const value = cursor.valueBytes()
      yield {
        partition,
        offset: cursor.offset,
        keyBytes: Buffer.from(key),
        valueBytes: value && Buffer.from(value),
        timestamp: cursor.timestamp,
        headers: ownedHeaders(cursor.headers()),
      }
    }
  }
}

/** They lie in the batch, which the buffer outlives. */
function ownedHeaders(headers: readonly Header[]): readonly Header[] {
  return headers.length === 0 ? headers : headers.map(({ key, value }) => ({ key, value: value && Buffer.from(value) }))
}

function sizeOf({ keyBytes, valueBytes, headers }: LoggedChange): number {
  const ofHeaders = headers.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
  return changeOverheadBytes + keyBytes.length + (valueBytes?.length ?? 0) + ofHeaders
}

/** Place of the first change at or behind the offset. */
function lowerBound(changes: readonly LoggedChange[], offset: number): number {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (changes[middle]!.offset < offset) low = middle + 1
    else high = middle
  }
  return low
}

function lost(topic: string, partition: number, offset: number): Error {
  const message = `the changes of ${topic}-${partition} from ${offset} on have left the buffer`
  return streamsError('STREAMS_CHANGES_LOST', message, { topic, partition, offset })
}
