import { protocolError } from '../errors.ts'

/** A record's header as applications see it. */
export interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/**
 * Walks the records of one batch without an object per record: every field is that of the record `next()` moved to,
 * and views end with the bytes they lie in. What is to be kept must be copied.
 *
 * For the hottest loops `buffer`, `keyStart`, `keyLength`, `valueStart` and `valueLength` name the bytes without
 * making a view.
 */
export class RecordCursor {
  /** What the records lie in: the fetched bytes, or the decompressed ones. */
  readonly buffer: Buffer
  readonly recordCount: number
  readonly baseOffset: number
  /** Of the current record; the key's bytes are [keyStart, keyStart + keyLength). */
  keyStart = 0
  /** -1 when the key is null. */
  keyLength = -1
  valueStart = 0
  /** -1 when the value is null. */
  valueLength = -1
  offsetDelta = -1
  timestampDelta = 0
  /** Where key, value and headers with their lengths begin; they end at `recordEnd`. */
  bodyStart = 0
  recordEnd: number
  readonly #baseTimestamp: number
  readonly #appendTime: number | undefined
  readonly #end: number
  #position: number
  #index = 0

  constructor(
    buffer: Buffer,
    start: number,
    end: number,
    recordCount: number,
    baseOffset: number,
    times: { readonly baseTimestamp: number; readonly appendTime: number | undefined },
  ) {
    this.buffer = buffer
    this.recordCount = recordCount
    this.baseOffset = baseOffset
    this.#baseTimestamp = times.baseTimestamp
    this.#appendTime = times.appendTime
    this.#position = start
    this.recordEnd = start
    this.#end = end
  }

  get offset(): number {
    return this.baseOffset + this.offsetDelta
  }

  /** Epoch milliseconds, by the producer's or the broker's clock as the batch says. */
  get timestamp(): number {
    return this.#appendTime ?? this.#baseTimestamp + this.timestampDelta
  }

  /**
   * Moves to the next record; false behind the last one.
   * Throws PROTOCOL_MALFORMED when a record does not fit its own length, the batch's bytes or its count.
   */
  next(): boolean {
    const buffer = this.buffer
    let at = this.recordEnd
    if (this.#index === this.recordCount) {
      if (at !== this.#end) throw malformed(this, 'bytes follow the last record')
      return false
    }
    this.#index++
    this.#position = at
    const length = this.#varint()
    at = this.#position
    const recordEnd = at + length
    if (length < 0 || recordEnd > this.#end) throw malformed(this, 'a record is longer than its batch')
    this.recordEnd = recordEnd

    this.#position = at + 1
    let byte = buffer[at + 1]!
    if (byte < 0x80) {
      this.timestampDelta = (byte >>> 1) ^ -(byte & 1)
      this.#position = at + 2
    } else this.timestampDelta = this.#varlong()
    this.offsetDelta = this.#varint()
    this.bodyStart = this.#position

    byte = this.#varint()
    this.keyLength = byte
    this.keyStart = this.#position
    if (byte > 0) this.#position += byte

    byte = this.#varint()
    this.valueLength = byte
    this.valueStart = this.#position
    if (byte > 0) this.#position += byte
    if (this.#position >= recordEnd || this.keyLength < -1 || byte < -1) {
      throw malformed(this, 'a record is shorter than its key and value')
    }
    return true
  }

  /** A view of the key, null when there is none. */
  keyBytes(): Buffer | null {
    return this.keyLength < 0 ? null : this.buffer.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  /** A view of the value, null for a tombstone. */
  valueBytes(): Buffer | null {
    return this.valueLength < 0 ? null : this.buffer.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  get headerCount(): number {
    this.#toHeaders()
    const count = this.#varint()
    // A header takes two bytes at least.
    if (count < 0 || count * 2 > this.recordEnd - this.#position) throw malformed(this, 'a record has no such headers')
    return count
  }

  /** Parsed on each call; values are views. */
  headers(): Header[] {
    const count = this.headerCount
    const headers: Header[] = []
    for (let index = 0; index < count; index++) {
      const key = this.#lengthPrefixed()
      if (key === null) throw malformed(this, 'a header has no key')
      headers.push({ key: key.toString('utf8'), value: this.#lengthPrefixed() })
    }
    return headers
  }

  /** The headers as they stand in the record, count included: what can be copied into another record unread. */
  headersBytes(): Buffer {
    this.#toHeaders()
    return this.buffer.subarray(this.#position, this.recordEnd)
  }

  #toHeaders(): void {
    this.#position = this.valueStart + Math.max(0, this.valueLength)
  }

  #lengthPrefixed(): Buffer | null {
    const length = this.#varint()
    if (length === -1) return null
    const start = this.#position
    if (length < 0 || start + length > this.recordEnd) throw malformed(this, 'a header is longer than its record')
    this.#position = start + length
    return this.buffer.subarray(start, start + length)
  }

  /** A zigzag varint. Reads behind the end give undefined, which ends the number; callers check the position. */
  #varint(): number {
    const buffer = this.buffer
    let at = this.#position
    let byte = buffer[at++]!
    let value = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 28) throw malformed(this, 'a varint has more than five bytes')
      byte = buffer[at++]!
      value |= (byte & 0x7f) << shift
    }
    this.#position = at
    return (value >>> 1) ^ -(value & 1)
  }

  /** A zigzag varint of 64 bits, exact within safe integers. */
  #varlong(): number {
    let value = 0
    let factor = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.buffer[this.#position++]!
      value += (byte & 0x7f) * factor
      if (!(byte >= 0x80)) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 128
    }
    throw malformed(this, 'a varint has more than ten bytes')
  }
}

function malformed(cursor: RecordCursor, what: string): Error {
  return protocolError('PROTOCOL_MALFORMED', `${what}, near offset ${cursor.offset}`, { offset: cursor.offset })
}
