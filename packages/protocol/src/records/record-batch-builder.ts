import { compress } from '../compression/compression.ts'
import { type CompressionType, compressionTypes } from '../compression/types.ts'
import { crc32c } from '../crc32c.ts'
import { writeInt64 } from '../writer.ts'
import * as layout from './layout.ts'
import type { RecordCursor } from './record-cursor.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** A header to be written. */
export interface HeaderInput {
  readonly key: string
  readonly value: Uint8Array | null
}

/** What a batch carries besides its records. Defaults are those of a batch without a producer id. */
export interface BatchFields {
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  readonly control?: boolean
  /** Larger than the last record's delta where compaction removed the records behind it. */
  readonly lastOffsetDelta?: number
}

const noHeaders: readonly HeaderInput[] = []

/**
 * Encodes records straight into a batch (magic 2), as Kafka's Java producer lays them out.
 *
 * @example
 * const builder = new RecordBatchBuilder({ compression: 'lz4' })
 * builder.append(clock.now(), Buffer.from('alice'), Buffer.from('{"amount":1}'))
 * const bytes = builder.build({ producerId: 1, producerEpoch: 0, baseSequence: 0 })
 */
export class RecordBatchBuilder {
  readonly compression: CompressionType
  readonly #initialBytes: number
  #buffer: Buffer
  #position = layout.recordsAt
  #count = 0
  #lastOffsetDelta = -1
  #baseTimestamp: number
  #maxTimestamp = -1
  /** Whether the batch's time was given and is not the first record's. */
  readonly #hasOwnTime: boolean

  /** `baseTimestamp` only for batches that carry a delete horizon instead of their first record's time (KIP-534). */
  constructor(
    options: {
      readonly compression?: CompressionType
      readonly initialBytes?: number
      readonly baseTimestamp?: number
    } = {},
  ) {
    this.compression = options.compression ?? 'none'
    this.#hasOwnTime = options.baseTimestamp !== undefined
    this.#baseTimestamp = options.baseTimestamp ?? -1
    this.#initialBytes = Math.max(options.initialBytes ?? 1024, layout.recordsAt)
    this.#buffer = Buffer.allocUnsafe(this.#initialBytes)
  }

  /** Records so far. */
  get count(): number {
    return this.#count
  }

  /** The batch's size so far, before compression. */
  get sizeInBytes(): number {
    return this.#position
  }

  /** Largest timestamp so far, -1 without records. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Adds a record behind the last one; returns the batch's size so far, before compression. */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly HeaderInput[] = noHeaders,
  ): number {
    return this.appendAt(this.#lastOffsetDelta + 1, timestampMs, key, value, headers)
  }

  /** Adds a record at a given distance from the base offset: what compaction and mirroring need to keep gaps. */
  appendAt(
    offsetDelta: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly HeaderInput[] = noHeaders,
  ): number {
    if (this.#count === 0 && !this.#hasOwnTime) this.#baseTimestamp = timestampMs
    const timestampDelta = timestampMs - this.#baseTimestamp
    const keyLength = key === null ? -1 : key.length
    const valueLength = value === null ? -1 : value.length
    const size =
      1 +
      varlongSize(timestampDelta) +
      varintSize(offsetDelta) +
      varintSize(keyLength) +
      Math.max(0, keyLength) +
      varintSize(valueLength) +
      Math.max(0, valueLength) +
      headersSize(headers)
    let at = this.#reserve(size + varintSize(size))
    const buffer = this.#buffer
    at = writeVarint(buffer, size, at)
    buffer[at++] = 0
    at = writeVarlong(buffer, timestampDelta, at)
    at = writeVarint(buffer, offsetDelta, at)
    at = writeVarint(buffer, keyLength, at)
    if (keyLength > 0) at = put(buffer, key!, at)
    at = writeVarint(buffer, valueLength, at)
    if (valueLength > 0) at = put(buffer, value!, at)
    writeHeaders(buffer, headers, at)
    return this.#added(offsetDelta, timestampMs)
  }

  /**
   * Adds a record as it stands in another batch: key, value and headers are copied as one run of bytes, unread.
   * Its timestamp is kept, its offset becomes the next one, or `offsetDelta`.
   */
  appendFrom(cursor: RecordCursor, offsetDelta = this.#lastOffsetDelta + 1): number {
    const timestampMs = cursor.timestamp
    if (this.#count === 0 && !this.#hasOwnTime) this.#baseTimestamp = timestampMs
    const timestampDelta = timestampMs - this.#baseTimestamp
    const bodyBytes = cursor.recordEnd - cursor.bodyStart
    const size = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + bodyBytes
    let at = this.#reserve(size + varintSize(size))
    const buffer = this.#buffer
    at = writeVarint(buffer, size, at)
    buffer[at++] = 0
    at = writeVarlong(buffer, timestampDelta, at)
    at = writeVarint(buffer, offsetDelta, at)
    cursor.buffer.copy(buffer, at, cursor.bodyStart, cursor.recordEnd)
    return this.#added(offsetDelta, timestampMs)
  }

  #added(offsetDelta: number, timestampMs: number): number {
    this.#count++
    this.#lastOffsetDelta = offsetDelta
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
    return this.#position
  }

  /**
   * Finishes the batch. Without compression the result is a view of the builder's own memory: calling `build` again
   * (a new epoch, say) rewrites the same header, and `reset` leaves it to the caller.
   */
  build(fields: BatchFields = {}): Buffer {
    const batch = this.#body()
    const attributes =
      compressionTypes.indexOf(this.compression) |
      (fields.transactional ? layout.transactionalFlag : 0) |
      (fields.control ? layout.controlFlag : 0)
    writeInt64(batch, fields.baseOffset ?? 0, layout.baseOffsetAt)
    batch.writeInt32BE(batch.length - layout.logOverhead, layout.batchLengthAt)
    batch.writeInt32BE(fields.leaderEpoch ?? -1, layout.leaderEpochAt)
    batch[layout.magicAt] = 2
    batch.writeInt16BE(attributes, layout.attributesAt)
    batch.writeInt32BE(fields.lastOffsetDelta ?? this.#lastOffsetDelta, layout.lastOffsetDeltaAt)
    writeInt64(batch, this.#baseTimestamp, layout.baseTimestampAt)
    writeInt64(batch, this.#maxTimestamp, layout.maxTimestampAt)
    writeInt64(batch, fields.producerId ?? -1, layout.producerIdAt)
    batch.writeInt16BE(fields.producerEpoch ?? -1, layout.producerEpochAt)
    batch.writeInt32BE(fields.baseSequence ?? -1, layout.baseSequenceAt)
    batch.writeInt32BE(this.#count, layout.recordCountAt)
    batch.writeUInt32BE(crc32c(batch.subarray(layout.attributesAt)), layout.crcAt)
    return batch
  }

  /** Header space and records, compressed if asked for. */
  #body(): Buffer {
    const whole = this.#buffer.subarray(0, this.#position)
    if (this.compression === 'none') return whole
    const packed = compress(this.compression, whole.subarray(layout.recordsAt))
    const batch = Buffer.allocUnsafe(layout.recordsAt + packed.length)
    packed.copy(batch, layout.recordsAt)
    return batch
  }

  /** Begins a new batch in new memory; what was built stays intact. */
  reset(): void {
    this.#buffer = Buffer.allocUnsafe(this.#initialBytes)
    this.reuse()
  }

  /** What it holds without growing. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Begins a new batch in the same memory: for those who know that nobody looks at what was built any more. */
  reuse(): void {
    this.#position = layout.recordsAt
    this.#count = 0
    this.#lastOffsetDelta = -1
    if (!this.#hasOwnTime) this.#baseTimestamp = -1
    this.#maxTimestamp = -1
  }

  #reserve(count: number): number {
    const start = this.#position
    const needed = start + count
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, start)
      this.#buffer = grown
    }
    this.#position = needed
    return start
  }
}

/** Below this a loop beats the call into native code. */
const shortBytes = 24

function put(buffer: Buffer, bytes: Uint8Array, start: number): number {
  const length = bytes.length
  if (length > shortBytes) buffer.set(bytes, start)
  else for (let index = 0; index < length; index++) buffer[start + index] = bytes[index]!
  return start + length
}

function headersSize(headers: readonly HeaderInput[]): number {
  let size = varintSize(headers.length)
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key)
    const valueLength = header.value === null ? -1 : header.value.length
    size += varintSize(keyLength) + keyLength + varintSize(valueLength) + Math.max(0, valueLength)
  }
  return size
}

function writeHeaders(buffer: Buffer, headers: readonly HeaderInput[], start: number): void {
  let at = writeVarint(buffer, headers.length, start)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    at = writeVarint(buffer, keyLength, at)
    at += buffer.write(key, at, 'utf8')
    at = writeVarint(buffer, value === null ? -1 : value.length, at)
    if (value !== null) at = put(buffer, value, at)
  }
}
