import { isMillraceError } from '@millrace/base'
import { streamsError } from '../errors.ts'

/** A record that was sent in a batch of its own, so that a refusal is its refusal. */
export interface LoneRecord {
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** A batch that the broker did not take. */
export interface RefusedBatch {
  readonly topic: string
  readonly partition: number
  readonly sizeInBytes: number
  readonly lone: LoneRecord | undefined
}

interface RefusedRecord extends LoneRecord {
  readonly error: unknown
}

/** What one topic is known to refuse, until the next commit. */
interface TopicRefusals {
  readonly records: RefusedRecord[]
  /** Bytes of key and value of the smallest record that was too large. */
  tooLarge: { readonly bytes: number; readonly error: unknown } | undefined
}

/** Answers that are about what a batch holds: sending the same again would end the same way. */
const refusalCodes = new Set([
  'KAFKA_MESSAGE_TOO_LARGE',
  'KAFKA_RECORD_LIST_TOO_LARGE',
  'KAFKA_RECORD_TOO_LARGE',
  'KAFKA_INVALID_TIMESTAMP',
  'KAFKA_INVALID_RECORD',
])
const sizeCodes = new Set(['KAFKA_MESSAGE_TOO_LARGE', 'KAFKA_RECORD_LIST_TOO_LARGE', 'KAFKA_RECORD_TOO_LARGE'])

/** Transactions in a row that may end with something refused; each of them finds at least one record. */
const refusalsInARowMax = 1_000
/** Of these in a row, those that wrote nothing again that was refused before: what is refused is another record each time. */
const fruitlessRunsMax = 10

export function isRefusal(error: unknown): boolean {
  return isMillraceError(error) && refusalCodes.has(error.code)
}

/**
 * What the broker has refused of a thread's output. It says so of batches, after they were sent, when the records that they
 * came of are long done; and a transaction that something was refused in can only be aborted. So the first refusal makes
 * the partition suspect, and the work since the last commit is done again with one record a batch there. The refusal then
 * is one of a record, which is remembered: when the program writes it the next time, `errorOf` says so at once, while the
 * record that it came of is in hand, and the handler decides as it does of what cannot be serialised. Nothing is committed
 * that the handler has not let pass.
 */
export class Refusals {
  readonly #suspects = new Set<string>()
  readonly #topics = new Map<string, TopicRefusals>()
  /** Batches that a topic takes, where it takes less than usual. */
  readonly #batchLimits = new Map<string, number>()
  #inARow = 0
  #fruitlessRuns = 0
  #wasFruitful = false

  /** False as long as nothing was refused since the last commit. */
  get any(): boolean {
    return this.#suspects.size > 0
  }

  isSuspect(topic: string, partition: number): boolean {
    return this.#suspects.size > 0 && this.#suspects.has(`${topic}/${partition}`)
  }

  batchMaxBytes(topic: string, usual: number): number {
    return this.#batchLimits.get(topic) ?? usual
  }

  /**
   * Takes note of what was refused; returns what the transaction fails with, so that it begins again, or what the broker said
   * where beginning again finds nothing.
   */
  note({ topic, partition, sizeInBytes, lone }: RefusedBatch, error: unknown): unknown {
    const isSize = isMillraceError(error) && sizeCodes.has(error.code)
    this.#inARow++
    if (this.#inARow > refusalsInARowMax || this.#fruitlessRuns > fruitlessRunsMax) return error
    this.#suspects.add(`${topic}/${partition}`)
    if (lone !== undefined) this.#remember(topic, lone, isSize, error)
    // Several records that are too large together: smaller batches of that topic from now on.
    else if (isSize) this.#batchLimits.set(topic, Math.ceil(sizeInBytes / 2))
    return streamsError(
      'STREAMS_OUTPUT_REFUSED',
      `${topic}-${partition} does not take all that was written: ${(error as Error).message}`,
      { topic, partition },
    )
  }

  /** What the broker says of the record, where it is known to refuse it. */
  errorOf(topic: string, timestampMs: number, key: Uint8Array | null, value: Uint8Array | null): unknown {
    const known = this.#topics.get(topic)
    if (known === undefined) return undefined
    const error = errorAmong(known, timestampMs, key, value)
    if (error !== undefined) this.#wasFruitful = true
    return error
  }

  /**
   * The work since the last commit is done again. A record that is never the same twice, such as one of a punctuation by the
   * clock, is not met again: no handler can be asked about it, and beginning again leads nowhere.
   */
  begin(): void {
    if (!this.any) return
    this.#fruitlessRuns = this.#wasFruitful ? 0 : this.#fruitlessRuns + 1
    this.#wasFruitful = false
  }

  /** The broker is to be asked about the topic again. */
  forget(topic: string): void {
    this.#topics.delete(topic)
  }

  committed(): void {
    this.#inARow = this.#fruitlessRuns = 0
    if (this.#suspects.size === 0) return
    this.#suspects.clear()
    this.#topics.clear()
  }

  #remember(topic: string, record: LoneRecord, isSize: boolean, error: unknown): void {
    const known = this.#topics.get(topic) ?? { records: [], tooLarge: undefined }
    this.#topics.set(topic, known)
    if (!isSize) {
      known.records.push({ ...record, error })
      return
    }
    const bytes = sizeOf(record.key, record.value)
    if (known.tooLarge === undefined || bytes < known.tooLarge.bytes) known.tooLarge = { bytes, error }
  }
}

function errorAmong(
  { tooLarge, records }: TopicRefusals,
  timestampMs: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
): unknown {
  if (tooLarge !== undefined && sizeOf(key, value) >= tooLarge.bytes) return tooLarge.error
  return records.find((record) => record.timestampMs === timestampMs && isSame(record, key, value))?.error
}

function sizeOf(key: Uint8Array | null, value: Uint8Array | null): number {
  return (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
}

function isSame(record: LoneRecord, key: Uint8Array | null, value: Uint8Array | null): boolean {
  return isEqual(record.key, key) && isEqual(record.value, value)
}

function isEqual(one: Buffer | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : one.equals(other)
}
