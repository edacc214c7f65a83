import { deadLetterHeaders, deadLetterPrefixes, deadLetterTopic } from '@millrace/base/internal'
import { type Header, partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import type { FailedRecord } from '../core/handlers.ts'
import type { TaskOutput } from '../core/task.ts'

export interface OutputCollectorOptions {
  readonly applicationId: string
  readonly batchMaxBytes: number
  /** One topic for the dead letters of all inputs (KIP-1034); each has its own otherwise. */
  readonly deadLetterTopic: string | undefined
  readonly partitionsOf: (topic: string) => number
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
}

/**
 * Everything that the tasks of a thread write, encoded straight into one batch under construction per partition. A full
 * batch leaves at once; the commit sends the rest. One collector serves one run of transactions: after a failure it
 * is thrown away with whatever it held.
 */
export class OutputCollector implements TaskOutput {
  readonly #options: OutputCollectorOptions
  readonly #open = new Map<string, OpenBatch>()
  readonly #inflight = new Set<Promise<void>>()
  /** Next offset after what was acknowledged, by `topic/partition`; only changelogs are asked for. */
  readonly #nextOffsets = new Map<string, number>()
  #failure: { readonly error: unknown } | undefined
  #nullKeys = 0
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
      deadLetterPrefixes.streams,
    )
    // What a punctuation failed with comes from no partition.
    const partition = Math.max(0, record.partition) % this.#options.partitionsOf(topic)
    this.#append(topic, partition, record.timestamp, record.key, record.value, headers)
    this.deadLetters++
  }

  /** Where the changelog continues, after `drained`; undefined when nothing was written to it. */
  nextOffset(topic: string, partition: number): number | undefined {
    return this.#nextOffsets.get(`${topic}/${partition}`)
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#inflight.size === 0
  }

  /** Throws what a send in the background failed with, so that processing stops early. */
  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Sends what is under construction and waits for every acknowledgement. */
  async drain(): Promise<void> {
    for (const open of this.#open.values()) this.#ship(open)
    this.#open.clear()
    await this.settle()
    this.check()
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
    const name = `${topic}/${partition}`
    let open = this.#open.get(name)
    if (!open) {
      open = { topic, partition, builder: new RecordBatchBuilder({}) }
      this.#open.set(name, open)
    }
    const before = open.builder.sizeInBytes
    const size = open.builder.append(timestampMs, key, value, headers)
    this.uncommittedBytes += size - before
    if (size < this.#options.batchMaxBytes) return
    this.#open.delete(name)
    this.#ship(open)
  }

  #ship({ topic, partition, builder }: OpenBatch): void {
    const { count, sizeInBytes } = builder
    this.inflightBytes += sizeInBytes
    const sent = this.#options.send(topic, partition, builder).then(
      ({ baseOffset }) => {
        const name = `${topic}/${partition}`
        const next = baseOffset + count
        this.#nextOffsets.set(name, Math.max(next, this.#nextOffsets.get(name) ?? 0))
      },
      (error: unknown) => {
        this.#failure ??= { error }
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
