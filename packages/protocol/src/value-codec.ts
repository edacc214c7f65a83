import { protocolError } from './errors.ts'
import { ExternalBytes } from './external-bytes.ts'
import type { Reader } from './reader.ts'
import type { PrimitiveType } from './schema.ts'
import type { Writer } from './writer.ts'

/** How one kind of value travels in one version. */
export interface ValueCodec {
  /** The fewest bytes a value can take: what bounds array lengths before anything is allocated. */
  readonly minBytes: number
  /** About what a decoded value takes in memory, elements of arrays not counted: what array lengths are charged with. */
  readonly heapBytes: number
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
}

const fixed = {
  bool: codec(
    [1, 8],
    (reader) => reader.int8() !== 0,
    (writer, value) => writer.int8(value === true ? 1 : 0),
  ),
  int8: codec(
    [1, 8],
    (reader) => reader.int8(),
    (writer, value: number) => writer.int8(value),
  ),
  int16: codec(
    [2, 8],
    (reader) => reader.int16(),
    (writer, value: number) => writer.int16(value),
  ),
  uint16: codec(
    [2, 8],
    (reader) => reader.uint16(),
    (writer, value: number) => writer.uint16(value),
  ),
  int32: codec(
    [4, 8],
    (reader) => reader.int32(),
    (writer, value: number) => writer.int32(value),
  ),
  uint32: codec(
    [4, 24],
    (reader) => reader.uint32(),
    (writer, value: number) => writer.uint32(value),
  ),
  int64: codec(
    [8, 24],
    (reader) => reader.int64(),
    (writer, value: number) => writer.int64(value),
  ),
  float64: codec(
    [8, 24],
    (reader) => reader.float64(),
    (writer, value: number) => writer.float64(value),
  ),
  uuid: codec(
    [16, 48],
    (reader) => reader.uuid(),
    (writer, value: string) => writer.uuid(value),
  ),
} as const

function codec<Value>(
  [minBytes, heapBytes]: readonly [number, number],
  read: (reader: Reader) => Value,
  write: (writer: Writer, value: Value) => void,
): ValueCodec {
  return { minBytes, heapBytes, read, write: write as (writer: Writer, value: unknown) => void }
}

/** The codec of a primitive; `nullable` and `flexible` matter only for what has a length. */
export function primitiveCodec(type: PrimitiveType, nullable: boolean, flexible: boolean): ValueCodec {
  if (type === 'string') return stringCodec(nullable, flexible)
  if (type === 'bytes' || type === 'records') return bytesCodec(nullable, flexible)
  return fixed[type]
}

/** The compact form could carry more; Kafka neither writes nor reads it. */
const maxStringBytes = 0x7fff

/** Reads the length before a string, bytes or array; -1 is null. */
function readLength(reader: Reader, flexible: boolean, short: boolean): number {
  if (flexible) return reader.unsignedVarint() - 1
  return short ? reader.int16() : reader.int32()
}

function writeLength(writer: Writer, length: number, flexible: boolean, short: boolean): void {
  if (flexible) writer.unsignedVarint(length + 1)
  else if (short) writer.int16(length)
  else writer.int32(length)
}

function unexpectedNull(): Error {
  return protocolError('PROTOCOL_MALFORMED', 'a field that cannot be null is null')
}

function stringCodec(nullable: boolean, flexible: boolean): ValueCodec {
  return {
    minBytes: flexible ? 1 : 2,
    heapBytes: 32,
    read(reader) {
      const length = readLength(reader, flexible, true)
      if (length > maxStringBytes) throw protocolError('PROTOCOL_MALFORMED', `a string has ${length} bytes`, { length })
      if (length >= 0) return readUtf8(reader, length)
      if (nullable && length === -1) return null
      throw unexpectedNull()
    },
    write(writer, value) {
      if (value === null && nullable) return writeLength(writer, -1, flexible, true)
      if (typeof value !== 'string') throw new TypeError(`expected a string, not ${describe(value)}`)
      const length = Buffer.byteLength(value)
      if (length > maxStringBytes) throw new TypeError(`a string of ${length} bytes exceeds ${maxStringBytes}`)
      writeLength(writer, length, flexible, true)
      writer.utf8(value, length)
    },
  }
}

/**
 * What is not UTF-8 becomes U+FFFD, as in Java, and that takes up to three bytes for one: a string that could then not be
 * written any more is refused, because answers repeat what requests say.
 */
function readUtf8(reader: Reader, length: number): string {
  const text = reader.utf8(length)
  if (length * 3 <= maxStringBytes || Buffer.byteLength(text) <= maxStringBytes) return text
  throw protocolError('PROTOCOL_MALFORMED', `a string of ${length} bytes is not UTF-8`, { length })
}

/** Text for people. It may quote what somebody sent: too long, it is cut instead of making the whole message impossible. */
export function messageTextCodec(nullable: boolean, flexible: boolean): ValueCodec {
  const plain = stringCodec(nullable, flexible)
  return {
    ...plain,
    write(writer, value) {
      const isTooLong = typeof value === 'string' && value.length * 3 > maxStringBytes
      plain.write(writer, isTooLong ? value.slice(0, Math.floor(maxStringBytes / 3)) : value)
    },
  }
}

function bytesCodec(nullable: boolean, flexible: boolean): ValueCodec {
  return {
    minBytes: flexible ? 1 : 4,
    heapBytes: 128,
    read(reader) {
      const length = readLength(reader, flexible, false)
      if (length >= 0) return reader.bytes(length)
      if (nullable && length === -1) return null
      throw unexpectedNull()
    },
    write(writer, value) {
      if (value === null && nullable) return writeLength(writer, -1, flexible, false)
      const external = value instanceof ExternalBytes
      if (!external && !(value instanceof Uint8Array)) throw new TypeError(`expected bytes, not ${describe(value)}`)
      writeLength(writer, value.length, flexible, false)
      if (external) writer.separate(value)
      else writer.bytes(value)
    },
  }
}

/** An array of `element`. The length is checked against the bytes that remain before anything is allocated. */
export function arrayCodec(element: ValueCodec, nullable: boolean, flexible: boolean): ValueCodec {
  const elementMinBytes = Math.max(1, element.minBytes)
  return {
    minBytes: flexible ? 1 : 4,
    heapBytes: 40,
    read(reader) {
      const length = readLength(reader, flexible, false)
      if (length < 0) {
        if (nullable && length === -1) return null
        throw unexpectedNull()
      }
      if (length * elementMinBytes > reader.remaining()) {
        const message = `an array of ${length} elements is announced where ${reader.remaining()} bytes remain`
        throw protocolError('PROTOCOL_MALFORMED', message, { position: reader.position })
      }
      reader.countElements(length)
      reader.charge(length * element.heapBytes)
      const values: unknown[] = []
      for (let index = 0; index < length; index++) values.push(element.read(reader))
      return values
    },
    write(writer, value) {
      if (value === null && nullable) return writeLength(writer, -1, flexible, false)
      if (!Array.isArray(value)) throw new TypeError(`expected an array, not ${describe(value)}`)
      writeLength(writer, value.length, flexible, false)
      for (const one of value as unknown[]) element.write(writer, one)
    },
  }
}

/**
 * A struct that may be null: one byte before it, 1 where there is one. Kafka's null is -1, and 0 in a tagged field, where it
 * reads an unsigned varint.
 */
export function nullableStructCodec(struct: ValueCodec, isTagged: boolean): ValueCodec {
  const nothing = isTagged ? 0 : -1
  return {
    minBytes: 1,
    heapBytes: struct.heapBytes,
    read: (reader) => (reader.int8() <= nothing ? null : struct.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? nothing : 1)
      if (value !== null) struct.write(writer, value)
    },
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}
