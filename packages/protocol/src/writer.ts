import { ExternalBytes } from './external-bytes.ts'

/** From this size on bytes are not copied into the growing buffer, which would copy them again when it grows. */
const separateFromBytes = 16 * 1024

const initialBytes = 4 * 1024
const maxKeptBytes = 1024 * 1024

/** A part of an encoded message: bytes, or where they are to be had. */
export type MessagePart = Buffer | ExternalBytes

/** What was encoded, and the large value behind it. */
interface Piece {
  readonly encoded: Buffer
  readonly value: Uint8Array | ExternalBytes
}

/** A growing buffer that messages are written to. */
export class Writer {
  buffer: Buffer
  position = 0
  /** What was written before `buffer[start]`, in order. */
  #pieces: Piece[] | undefined
  #start = 0

  constructor() {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** Makes room for `count` bytes and returns where they go. */
  reserve(count: number): number {
    if (this.position + count > this.buffer.length) this.#grow(count)
    const start = this.position
    this.position = start + count
    return start
  }

  #grow(count: number): void {
    const used = this.position - this.#start
    const grown = Buffer.allocUnsafeSlow(Math.max(used + count, this.buffer.length * 2))
    this.buffer.copy(grown, 0, this.#start, this.position)
    this.buffer = grown
    this.position = used
    this.#start = 0
  }

  /** A copy of what has been written; large values are copied here only. */
  copy(): Buffer {
    const used = this.position - this.#start
    if (this.#pieces) {
      const pieces = this.#pieces.flatMap(({ encoded, value }) => {
        if (value instanceof ExternalBytes) throw new TypeError('expected bytes in memory, not external ones')
        return [encoded, value]
      })
      return Buffer.concat([...pieces, this.buffer.subarray(this.#start, this.position)])
    }
    const copy = Buffer.allocUnsafe(used)
    this.buffer.copy(copy, 0, this.#start, this.position)
    return copy
  }

  /** What has been written, in order: copies of what was encoded, large and external values as they came. */
  parts(): MessagePart[] {
    const parts: MessagePart[] = []
    for (const { encoded, value } of this.#pieces ?? []) {
      // The writer's memory is written to again; the value is the caller's.
      if (encoded.length > 0) parts.push(Buffer.from(encoded))
      parts.push(value instanceof ExternalBytes ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    }
    if (this.position > this.#start) parts.push(Buffer.from(this.buffer.subarray(this.#start, this.position)))
    return parts
  }

  /** Forgets what has been written and keeps the memory, unless it is large. */
  reset(): void {
    this.position = 0
    this.#start = 0
    this.#pieces = undefined
    if (this.buffer.length > maxKeptBytes) this.buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  int8(value: number): void {
    const at = this.reserve(1)
    this.buffer.writeInt8(value, at)
  }

  int16(value: number): void {
    const at = this.reserve(2)
    this.buffer.writeInt16BE(value, at)
  }

  uint16(value: number): void {
    const at = this.reserve(2)
    this.buffer.writeUInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.reserve(4)
    this.buffer.writeInt32BE(value, at)
  }

  uint32(value: number): void {
    const at = this.reserve(4)
    this.buffer.writeUInt32BE(value, at)
  }

  int64(value: number): void {
    const at = this.reserve(8)
    writeInt64(this.buffer, value, at)
  }

  float64(value: number): void {
    const at = this.reserve(8)
    this.buffer.writeDoubleBE(value, at)
  }

  unsignedVarint(value: number): void {
    let at = this.reserve(unsignedVarintSize(value))
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.buffer[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[at] = rest
  }

  utf8(value: string, byteLength: number): void {
    const at = this.reserve(byteLength)
    this.buffer.write(value, at, byteLength, 'utf8')
  }

  bytes(value: Uint8Array): void {
    if (value.length >= separateFromBytes) {
      this.separate(value)
      return
    }
    const at = this.reserve(value.length)
    this.buffer.set(value, at)
  }

  /** Writes a value without copying it here. */
  separate(value: Uint8Array | ExternalBytes): void {
    this.#pieces ??= []
    this.#pieces.push({ encoded: this.buffer.subarray(this.#start, this.position), value })
    this.#start = this.position
  }

  uuid(value: string): void {
    const at = this.reserve(16)
    if (this.buffer.write(value, at, 16, 'base64url') !== 16) throw new TypeError(`not a Kafka UUID: ${value}`)
  }
}

export function unsignedVarintSize(value: number): number {
  const rest = value >>> 0
  if (rest < 0x80) return 1
  if (rest < 0x4000) return 2
  if (rest < 0x200000) return 3
  return rest < 0x10000000 ? 4 : 5
}

const two32 = 4294967296
const two63 = 2 ** 63

/** Writes a safe integer as int64; 2^63 stands for Java's Long.MAX_VALUE, which no number can hold. */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  if (value >= two63) {
    buffer.writeInt32BE(0x7fffffff, at)
    buffer.writeUInt32BE(0xffffffff, at + 4)
    return
  }
  if (value === (value | 0)) {
    buffer.writeInt32BE(value < 0 ? -1 : 0, at)
    buffer.writeInt32BE(value, at + 4)
    return
  }
  const high = Math.floor(value / two32)
  if (value - Math.floor(value) !== 0) throw new TypeError(`not an integer: ${value}`)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(value - high * two32, at + 4)
}

/** Reads an int64 as a number; exact within safe integers. */
export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * two32 + buffer.readUInt32BE(at + 4)
}

const writers: Writer[] = []
let writersInUse = 0

/**
 * Lends a writer, whose memory is used again, and returns a copy of what `write` wrote. Calls may nest: a tagged field is
 * written on its own first, since its size stands before it.
 */
export function withWriter(write: (writer: Writer) => void): Buffer {
  return lendWriter(write, (writer) => writer.copy())
}

/** The same, but large values are not copied; see `Writer.parts`. */
export function withPartsWriter(write: (writer: Writer) => void): MessagePart[] {
  return lendWriter(write, (writer) => writer.parts())
}

function lendWriter<T>(write: (writer: Writer) => void, take: (writer: Writer) => T): T {
  const depth = writersInUse++
  try {
    writers[depth] ??= new Writer()
    const writer = writers[depth]
    writer.reset()
    write(writer)
    return take(writer)
  } finally {
    writersInUse = depth
  }
}
