import type { Clock } from '@millrace/base'
import type { Header } from '@millrace/protocol'
import { type CompressionType, partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import type { ConnectRecord } from '../data/record.ts'
import { connectError } from '../errors.ts'
import type { SourceOutput, TopicSpec } from './connector.ts'
import type { SerializedRecord } from './pipeline.ts'
import type { SourcePipeline } from './source-pipeline.ts'

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
  readonly clock: Clock
  readonly pipeline: SourcePipeline
  /** How to make a topic that is not there yet; undefined refuses its records. */
  readonly newTopic?: ((name: string) => TopicSpec | undefined) | undefined
}

interface Waiting {
  readonly spec: TopicSpec
  readonly records: (SerializedRecord & { readonly timestampMs: number })[]
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
  /** Records for topics that are yet to be made, by topic. */
  readonly #waiting = new Map<string, Waiting>()
  #full: BuiltBatch[] = []
  #bytes = 0
  records = 0

  constructor(options: BatchOutputOptions) {
    this.#options = options
    for (const [topic, count] of options.partitions) this.#addTopic(topic, count)
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
    if (!batches) {
      this.#wait({ topic, partition: undefined, timestampMs, key, value, headers })
      return
    }
    const { builders } = batches
    const partition = key === null ? batches.keyless : partitionForKey(key, builders.length)
    this.#add(batches, topic, partition, timestampMs, key, value, headers)
  }

  record(record: ConnectRecord): void {
    const serialized = this.#options.pipeline.process(record)
    if (!serialized) return
    const timestampMs = serialized.timestampMs ?? this.#options.clock.now()
    const { topic, key, value, headers } = serialized
    const batches = this.#topics.get(topic)
    const { partition } = serialized
    if (!batches) this.#wait({ ...serialized, timestampMs })
    else if (partition === undefined) this.append(topic, timestampMs, key, value, headers)
    else this.#add(batches, topic, this.#checked(topic, partition), timestampMs, key, value, headers)
  }

  /** Topics that have to be there before `take`. */
  get missingTopics(): readonly TopicSpec[] {
    return [...this.#waiting.values()].map(({ spec }) => spec)
  }

  /** Says how many partitions a topic has that was missing, and adds the records that waited for it. */
  topicReady(topic: string, count: number): void {
    const waiting = this.#waiting.get(topic)
    this.#waiting.delete(topic)
    this.#addTopic(topic, count)
    const counted = this.records
    for (const { partition, timestampMs, key, value, headers } of waiting?.records ?? []) {
      if (partition === undefined) this.append(topic, timestampMs, key, value, headers)
      else this.#add(this.#topics.get(topic)!, topic, this.#checked(topic, partition), timestampMs, key, value, headers)
    }
    this.records = counted
  }

  #addTopic(topic: string, count: number): void {
    const builders = new Array(count).fill(undefined)
    this.#topics.set(topic, { builders, sizes: new Array(count).fill(0), keyless: 0 })
  }

  /** Keeps a copy: what was appended may be a view of what the source reads into next. */
  #wait(record: SerializedRecord & { readonly timestampMs: number }): void {
    const { topic, key, value } = record
    let waiting = this.#waiting.get(topic)
    if (!waiting) {
      const spec = this.#options.newTopic?.(topic)
      if (!spec) throw connectError('CONNECT_TOPIC_UNKNOWN', `the source was not given the topic "${topic}"`, { topic })
      waiting = { spec, records: [] }
      this.#waiting.set(topic, waiting)
    }
    waiting.records.push({ ...record, key: key && Buffer.from(key), value: value && Buffer.from(value) })
    this.#bytes += (key?.length ?? 0) + (value?.length ?? 0) + recordOverheadBytes
    this.records++
  }

  #checked(topic: string, partition: number): number {
    const count = this.#topics.get(topic)!.builders.length
    if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition
    const message = `a record was given partition ${partition} of ${topic}, which has ${count}`
    throw connectError('CONNECT_RECORD_REFUSED', message, { topic, partition })
  }

  #add(
    batches: TopicBatches,
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ): void {
    const { builders } = batches
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
