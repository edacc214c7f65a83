import type { Clock } from '@millrace/base'
import type { Header, RecordCursor } from '@millrace/protocol'
import type { FlowRecord } from '../flow-record.ts'
import type { SourceNode } from '../topology/physical.ts'
import type { ExtractionTimes, TimedRecord, TimestampExtractor } from './timestamp-extractors.ts'

/** Asks an extractor what time the record at the head of a queue is of. */
export class HeadTime implements TimedRecord<unknown, unknown>, ExtractionTimes {
  readonly topic: string
  readonly partition: number
  partitionTimeMs = -1
  /** What the extractor failed with; the record fails with it when it is its turn. */
  error: unknown
  readonly #record: FlowRecord
  readonly #source: SourceNode
  readonly #extract: TimestampExtractor
  readonly #clock: Clock
  #cursor: RecordCursor | undefined

  constructor(
    input: { readonly topic: string; readonly partition: number },
    source: SourceNode,
    extract: TimestampExtractor,
    shared: { readonly record: FlowRecord; readonly clock: Clock },
  ) {
    this.topic = input.topic
    this.partition = input.partition
    this.#source = source
    this.#extract = extract
    this.#record = shared.record
    this.#clock = shared.clock
  }

  /** Reads the record in, too: what the extractor has parsed need not be parsed again. */
  of(cursor: RecordCursor, partitionTimeMs: number): number {
    this.#cursor = cursor
    this.partitionTimeMs = partitionTimeMs
    this.error = undefined
    this.#record.readKey(cursor.keyBytes(), this.#source.keySerde)
    this.#record.readValue(cursor.valueBytes(), this.#source.valueSerde)
    try {
      const timestamp = this.#extract(this, this)
      if (Number.isSafeInteger(timestamp)) return timestamp
      throw new TypeError(`the extractor of ${this.topic} made ${String(timestamp)} the timestamp`)
    } catch (error) {
      this.error = error
      // Its turn is now: nothing earlier can come of it.
      return partitionTimeMs
    }
  }

  get key(): unknown {
    return this.#record.key
  }

  get value(): unknown {
    return this.#record.value
  }

  get timestamp(): number {
    return this.#cursor!.timestamp
  }

  get offset(): number {
    return this.#cursor!.offset
  }

  get headers(): readonly Header[] {
    return this.#cursor!.headers()
  }

  get wallClockMs(): number {
    return this.#clock.now()
  }
}
