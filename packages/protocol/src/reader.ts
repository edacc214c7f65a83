import { protocolError } from './errors.ts'

/**
 * What one decoded message may take in memory, about. Small things grow most: an array of empty structs takes fifty times
 * its bytes, and a frame of the size brokers accept (100 MB) would take the process down.
 */
export const maxDecodedBytes = 512 * 1024 * 1024

/** A position in bytes. Every read is bounded; what is not there is PROTOCOL_MALFORMED. */
export class Reader {
  readonly buffer: Buffer
  position: number
  readonly end: number
  #heapBytes = 0
  #elementsLeft: number

  constructor(buffer: Buffer, position: number, end: number, maxElements = Number.POSITIVE_INFINITY) {
    this.buffer = buffer
    this.position = position
    this.end = end
    this.#elementsLeft = maxElements
  }

  remaining(): number {
    return this.end - this.position
  }

  /** Moves on by `count` bytes and returns where they begin. */
  take(count: number): number {
    const start = this.position
    if (count < 0 || count > this.end - start) throw truncated(count, this)
    this.position = start + count
    return start
  }

  /** Counts memory that is about to be allocated; PROTOCOL_MALFORMED beyond `maxDecodedBytes`. */
  charge(heapBytes: number): void {
    this.#heapBytes += heapBytes
    if (this.#heapBytes <= maxDecodedBytes) return
    const message = `a message would take more than ${maxDecodedBytes} bytes of memory`
    throw protocolError('PROTOCOL_MALFORMED', message, { position: this.position, maxDecodedBytes })
  }

  /** Counts elements of arrays that are about to be read; PROTOCOL_MALFORMED beyond the reader's limit. */
  countElements(count: number): void {
    this.#elementsLeft -= count
    if (this.#elementsLeft >= 0) return
    throw protocolError('PROTOCOL_MALFORMED', 'a message has more elements than one may have', {
      position: this.position,
    })
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1))
  }

  uint8(): number {
    return this.buffer[this.take(1)]!
  }

  int16(): number {
    return this.buffer.readInt16BE(this.take(2))
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.take(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4))
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4))
  }

  /** Exact within safe integers, which offsets, ids and times are; Java's extremes survive a round trip. */
  int64(): number {
    const at = this.take(8)
    return this.buffer.readInt32BE(at) * 4294967296 + this.buffer.readUInt32BE(at + 4)
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw protocolError('PROTOCOL_MALFORMED', 'a varint has more than five bytes', { position: this.position })
  }

  utf8(length: number): string {
    const start = this.take(length)
    return length === 0 ? '' : this.buffer.toString('utf8', start, start + length)
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.take(length)
    return this.buffer.subarray(start, start + length)
  }

  uuid(): string {
    const start = this.take(16)
    return this.buffer.toString('base64url', start, start + 16)
  }
}

function truncated(count: number, reader: Reader): Error {
  const message = `${count} bytes are announced where ${reader.remaining()} remain`
  return protocolError('PROTOCOL_MALFORMED', message, { position: reader.position })
}
