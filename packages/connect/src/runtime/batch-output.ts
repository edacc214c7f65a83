import type { Header } from '@millrace/protocol'
import { type CompressionType, partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import { connectError } from '../errors.ts'
import type { SourceOutput } from './connector.ts'

export interface BuiltBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatchBuilder
}

export interface BatchOutputOptions {
  /** Partitions by topic. */
  readonly partitions: ReadonlyMap<string, number>
  readonly compression: CompressionType
  /** One batch of one partition is closed at this size. */
  readonly maxBatchBytes: number
  /** The output is full at this size or number of records. */
  readonly maxBytes: number
  readonly maxRecords: number
}

interface TopicBatches {
  readonly builders: (RecordBatchBuilder | undefined)[]
  /** Of the last batch of each partition. */
  readonly sizes: number[]
  /** Partition of the records without a key. */
  keyless: number
}

/** A record's framing on top of key, value and headers, at most. */
const recordOverheadBytes = 40
const initialBatchBytes = 4 * 1024

/** Puts records straight into the batches that go to Kafka. */
export class BatchOutput implements SourceOutput {
  readonly #options: BatchOutputOptions
  readonly #topics = new Map<string, TopicBatches>()
  #full: BuiltBatch[] = []
  #bytes = 0
  records = 0

  constructor(options: BatchOutputOptions) {
    this.#options = options
    for (const [topic, count] of options.partitions) {
      this.#topics.set(topic, {
        builders: new Array(count).fill(undefined),
        sizes: new Array(count).fill(0),
        keyless: 0,
      })
    }
  }

  get isFull(): boolean {
    return this.records >= this.#options.maxRecords || this.#bytes >= this.#options.maxBytes
  }

  append(
    topic: string,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ): void {
    const batches = this.#topics.get(topic)
    if (!batches)
      throw connectError('CONNECT_TOPIC_UNKNOWN', `the source was not given the topic "${topic}"`, { topic })
    const { builders } = batches
    const partition = key === null ? batches.keyless : partitionForKey(key, builders.length)
    const bytes = (key?.length ?? 0) + (value?.length ?? 0) + recordOverheadBytes
    let builder = builders[partition]
    if (builder && builder.sizeInBytes + bytes > this.#options.maxBatchBytes) {
      this.#full.push({ topic, partition, batch: builder })
      builder = undefined
    }
    if (!builder) {
      // As large as the last one became: growing a batch to its size leaves twice its size behind.
      const initialBytes = Math.max(initialBatchBytes, batches.sizes[partition] ?? 0)
      builder = new RecordBatchBuilder({ compression: this.#options.compression, initialBytes })
      builders[partition] = builder
    }
    const before = builder.sizeInBytes
    this.#bytes += builder.append(timestampMs, key, value, headers) - before
    this.records++
  }

  /** Takes what was appended, in order per partition, and begins anew. */
  take(): BuiltBatch[] {
    const taken = this.#full
    for (const [topic, batches] of this.#topics) {
      batches.builders.forEach((batch, partition) => {
        if (!batch) return
        batches.sizes[partition] = batch.sizeInBytes
        taken.push({ topic, partition, batch })
      })
      batches.builders.fill(undefined)
      // Records without a key stay together for one batch and then move on, as Kafka's own partitioner does it.
      batches.keyless = (batches.keyless + 1) % batches.builders.length
    }
    this.#full = []
    this.#bytes = 0
    this.records = 0
    return taken
  }
}
