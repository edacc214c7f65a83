import { deadLetterHeaders, deadLetterTopic } from '@millrace/base/internal'
import { type Header, partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import type { FailedRecord } from '../core/handlers.ts'
import { RefusedOutput } from '../core/stage-failure.ts'
import type { TaskOutput } from '../core/task.ts'
import { streamsError } from '../errors.ts'
import { isRefusal, type LoneRecord, type Refusals } from './refusals.ts'

export interface OutputCollectorOptions {
  readonly applicationId: string
  readonly batchMaxBytes: number
  /** One topic for the dead letters of all inputs (KIP-1034); each has its own otherwise. */
  readonly deadLetterTopic: string | undefined
  readonly partitionsOf: (topic: string) => number
  /** Outlives the collector: what was refused in one run is looked for in the next. */
  readonly refusals: Refusals
  /** Hands a finished batch to the producer; resolves with the offset that its first record got. */
  readonly send: (
    topic: string,
    partition: number,
    batch: RecordBatchBuilder,
  ) => Promise<{ readonly baseOffset: number }>
}

interface OpenBatch {
  readonly topic: string
  readonly partition: number
  builder: RecordBatchBuilder
  readonly maxBytes: number
  /** Its only record, where records go one by one. */
  lone: LoneRecord | undefined
}

/** Where records of one partition go. */
interface Lane {
  open: OpenBatch | undefined
  /** What the last batch came to: the next one begins with as much memory, and need not grow into it. */
  usualBytes: number
}

/** The header of a batch and a few records. */
const firstBytes = 1024
/** Memory of batches that have been written, kept for the next ones. */
const sparesMaxBytes = 4 * 1024 * 1024
/** A small batch takes no memory that is so many times what it needs. */
const spareTimesMax = 8

/**
 * Everything that the tasks of a thread write, encoded straight into one batch under construction per partition. A full
 * batch leaves at once; the commit sends the rest, or `linger` where nobody has to wait for a commit to read it. One
 * collector serves one run of transactions: after a failure it is thrown away with whatever it held.
 */
export class OutputCollector implements TaskOutput {
  readonly #options: OutputCollectorOptions
  /** By topic, then by partition. */
  readonly #lanes = new Map<string, (Lane | undefined)[]>()
  readonly #inflight = new Set<Promise<void>>()
  /** Next offset after what was acknowledged, by `topic/partition`; only changelogs are asked for. */
  readonly #nextOffsets = new Map<string, number>()
  /** Without them each batch leaves a quarter of a megabyte behind, of which V8 lets a lot gather. */
  #spares: RecordBatchBuilder[] = []
  #spareBytes = 0
  #failure: { readonly error: unknown } | undefined
  #nullKeys = 0
  /** Batches under construction, and since when there are any as far as `linger` knows. */
  #openBatches = 0
  #openSinceMs: number | undefined
  inflightBytes = 0
  /** Bytes handed over since the last commit, sent or not. */
  uncommittedBytes = 0
  recordsProduced = 0
  deadLetters = 0

  constructor(options: OutputCollectorOptions) {
    this.#options = options
  }

  produce(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ): void {
    const { refusals } = this.#options
    if (refusals.any) {
      const error = refusals.errorOf(topic, timestampMs, key, value)
      if (error !== undefined) throw new RefusedOutput(error, () => refusals.forget(topic))
    }
    this.#append(topic, partition ?? this.#partition(topic, key), timestampMs, key, value, headers)
    this.recordsProduced++
  }

  changelog(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array,
    value: Uint8Array | null,
    headers?: readonly Header[],
  ): void {
    if (this.#options.refusals.any) {
      const error = this.#options.refusals.errorOf(topic, timestampMs, key, value)
      if (error !== undefined) throw changelogRefused(topic, partition, error)
    }
    this.#append(topic, partition, timestampMs, key, value, headers)
  }

  deadLetter(record: FailedRecord, error: unknown): void {
    const topic = this.#options.deadLetterTopic ?? deadLetterTopic(record.topic)
    const headers = deadLetterHeaders(
      {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        stage: record.stage,
        error,
        attempt: record.attempt,
        application: this.#options.applicationId,
        headers: record.headers as Header[],
      },
      'streams',
    )
    // What a punctuation failed with comes from no partition.
    const partition = Math.max(0, record.partition) % this.#options.partitionsOf(topic)
    const refusal = this.#options.refusals.errorOf(topic, record.timestamp, record.key, record.value)
    if (refusal !== undefined) throw deadLetterRefused(topic, record, refusal)
    this.#append(topic, partition, record.timestamp, record.key, record.value, headers)
    this.deadLetters++
  }

  /** Where the changelog continues, after `drained`; undefined when nothing was written to it. */
  nextOffset(topic: string, partition: number): number | undefined {
    return this.#nextOffsets.get(`${topic}/${partition}`)
  }

  /** Throws what a send in the background failed with, so that processing stops early. */
  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Sends what is under construction and waits for every acknowledgement. */
  async drain(): Promise<void> {
    this.#shipAll()
    await this.settle()
    this.check()
  }

  /**
   * Sends what has been under construction for so long. Returns when the next look is due; undefined when nothing waits.
   * Called between slices of processing: the time of a record is known no better, and need not be.
   */
  linger(nowMs: number, lingerMs: number): number | undefined {
    this.check()
    if (this.#openBatches === 0) {
      this.#openSinceMs = undefined
      return undefined
    }
    // A clock that was set back would hold them for as long.
    if (this.#openSinceMs === undefined || nowMs < this.#openSinceMs) this.#openSinceMs = nowMs
    if (nowMs - this.#openSinceMs < lingerMs) return this.#openSinceMs + lingerMs
    this.#shipAll()
    return undefined
  }

  #shipAll(): void {
    for (const lanes of this.#lanes.values()) {
      for (const lane of lanes) if (lane?.open !== undefined) this.#ship(lane, lane.open)
    }
    this.#openSinceMs = undefined
  }

  /** Waits until all that was sent is answered, well or badly; never rejects. */
  async settle(): Promise<void> {
    while (this.#inflight.size > 0) await Promise.all(this.#inflight)
  }

  /** Waits until there is room again. */
  async relieve(maxBytes: number): Promise<void> {
    while (this.inflightBytes > maxBytes && !this.#failure) await Promise.race(this.#inflight)
    this.check()
  }

  /** The transaction committed. */
  committed(): void {
    this.#nextOffsets.clear()
    this.uncommittedBytes = 0
  }

  #append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly Header[],
  ): void {
    const { refusals } = this.#options
    const lane = this.#lane(topic, partition)
    let { open } = lane
    if (open !== undefined && open.builder.sizeInBytes + byteLength(key) + byteLength(value) > open.maxBytes) {
      // Together they might be more than the topic takes, where each by itself is not.
      this.#ship(lane, open)
      open = undefined
    }
    if (open === undefined) {
      const maxBytes = refusals.batchMaxBytes(topic, this.#options.batchMaxBytes)
      const builder = this.#spareFor(lane) ?? new RecordBatchBuilder({ initialBytes: lane.usualBytes })
      open = lane.open = { topic, partition, builder, maxBytes, lone: undefined }
      this.#openBatches++
    }
    const before = open.builder.sizeInBytes
    const size = open.builder.append(timestampMs, key, value, headers)
    this.uncommittedBytes += size - before
    const isAlone = refusals.any && refusals.isSuspect(topic, partition)
    if (isAlone && open.builder.count === 1) open.lone = { timestampMs, key: copyOf(key), value: copyOf(value) }
    if (size >= open.maxBytes || isAlone) this.#ship(lane, open)
  }

  #spareFor({ usualBytes }: Lane): RecordBatchBuilder | undefined {
    const spare = this.#spares.at(-1)
    if (spare === undefined || spare.capacity > spareTimesMax * usualBytes) return undefined
    this.#spares.pop()
    this.#spareBytes -= spare.capacity
    return spare
  }

  /** Acknowledged, so nobody sends its bytes again. */
  #keep(builder: RecordBatchBuilder): void {
    if (this.#spareBytes + builder.capacity > sparesMaxBytes) return
    builder.reuse()
    this.#spares.push(builder)
    this.#spareBytes += builder.capacity
  }

  #lane(topic: string, partition: number): Lane {
    let lanes = this.#lanes.get(topic)
    if (lanes === undefined) {
      lanes = []
      this.#lanes.set(topic, lanes)
    }
    let lane = lanes[partition]
    if (lane === undefined) {
      lane = { open: undefined, usualBytes: firstBytes }
      lanes[partition] = lane
    }
    return lane
  }

  #ship(lane: Lane, { topic, partition, builder, lone }: OpenBatch): void {
    const { count, sizeInBytes } = builder
    lane.open = undefined
    this.#openBatches--
    lane.usualBytes = Math.max(firstBytes, Math.ceil(sizeInBytes * 1.125))
    this.inflightBytes += sizeInBytes
    const sent = this.#options.send(topic, partition, builder).then(
      ({ baseOffset }) => {
        const name = `${topic}/${partition}`
        const next = baseOffset + count
        this.#nextOffsets.set(name, Math.max(next, this.#nextOffsets.get(name) ?? 0))
        this.#keep(builder)
      },
      (error: unknown) => {
        const { refusals } = this.#options
        const refused = { topic, partition, sizeInBytes, lone: count === 1 ? lone : undefined }
        const failure = isRefusal(error) ? refusals.note(refused, error) : error
        this.#failure ??= { error: failure }
      },
    )
    const done = sent.then(() => {
      this.inflightBytes -= sizeInBytes
      this.#inflight.delete(done)
    })
    this.#inflight.add(done)
  }

  /** Java's partitioner for keys; records without one take turns. */
  #partition(topic: string, key: Uint8Array | null): number {
    const partitions = this.#options.partitionsOf(topic)
    return key === null ? this.#nullKeys++ % partitions : partitionForKey(key, partitions)
  }
}

function byteLength(bytes: Uint8Array | null): number {
  return bytes === null ? 0 : bytes.length
}

/** What tasks hand over is valid during the call alone. */
function copyOf(bytes: Uint8Array | null): Buffer | null {
  return bytes && Buffer.from(bytes)
}

/** The store has the update already: no handler may leave it out of the changelog. */
function changelogRefused(topic: string, partition: number, cause: unknown): unknown {
  const message = `${topic}-${partition} refuses an update of its store: ${(cause as Error).message}`
  return streamsError('STREAMS_CHANGELOG_REFUSED', message, { topic, partition }, cause)
}

function deadLetterRefused(topic: string, record: FailedRecord, cause: unknown): unknown {
  const what = `${record.topic}-${record.partition} at offset ${record.offset}`
  const message = `${topic} refuses the dead letter of ${what}: ${(cause as Error).message}`
  return streamsError('STREAMS_DEAD_LETTER_REFUSED', message, { topic, offset: record.offset }, cause)
}
