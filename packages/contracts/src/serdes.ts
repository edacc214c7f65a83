import { contractError } from './errors.ts'
import type { Serde } from './serde.ts'
import { decodeText, encodeText, parseJson, toJson } from './text.ts'

const string: Serde<string> = {
  name: 'string',
  serialize(value) {
    expectType(value, 'string')
    return encodeText(value, 'the string')
  },
  deserialize: (bytes) => decodeText(bytes, 'the string'),
}

/** Bytes as they are. What `deserialize` returns is a view that lives as long as the record does; keep a copy. */
const bytes: Serde<Uint8Array> = {
  name: 'bytes',
  serialize(value) {
    if (value instanceof Uint8Array) return value
    throw contractError('CONTRACT_MISMATCH', `expected bytes, got ${typeof value}`)
  },
  deserialize: (value) => value,
}

const boolean: Serde<boolean> = {
  name: 'boolean',
  serialize(value) {
    expectType(value, 'boolean')
    return Uint8Array.of(value ? 1 : 0)
  },
  deserialize(value) {
    expectLength(value, 1, 'boolean')
    const byte = value[0]!
    if (byte > 1) throw contractError('CONTRACT_MISMATCH', 'a boolean is one byte of 0 or 1')
    return byte === 1
  },
}

const int16: Serde<number> = {
  name: 'int16',
  serialize(value) {
    expectType(value, 'number')
    if ((value << 16) >> 16 !== value) throw contractError('CONTRACT_MISMATCH', 'the number is not a 16-bit integer')
    return fixed(2, (view) => view.setInt16(0, value))
  },
  deserialize(value) {
    expectLength(value, 2, 'int16')
    return viewOf(value).getInt16(0)
  },
}

const int32: Serde<number> = {
  name: 'int32',
  serialize(value) {
    expectType(value, 'number')
    if ((value | 0) !== value) throw contractError('CONTRACT_MISMATCH', 'the number is not a 32-bit integer')
    return fixed(4, (view) => view.setInt32(0, value))
  },
  deserialize(value) {
    expectLength(value, 4, 'int32')
    return viewOf(value).getInt32(0)
  },
}

const int64: Serde<bigint> = {
  name: 'int64',
  serialize(value) {
    expectType(value, 'bigint')
    if (BigInt.asIntN(64, value) !== value)
      throw contractError('CONTRACT_MISMATCH', 'the number is not a 64-bit integer')
    return fixed(8, (view) => view.setBigInt64(0, value))
  },
  deserialize(value) {
    expectLength(value, 8, 'int64')
    return viewOf(value).getBigInt64(0)
  },
}

/** Java's `float`: a number is rounded to what 32 bits can hold, so that 0.1 comes back as 0.10000000149011612. */
const float32: Serde<number> = {
  name: 'float32',
  serialize(value) {
    expectType(value, 'number')
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw contractError('CONTRACT_MISMATCH', 'the number is beyond those of 32 bits')
    }
    return fixed(4, (view) => view.setFloat32(0, value))
  },
  deserialize(value) {
    expectLength(value, 4, 'float32')
    return viewOf(value).getFloat32(0)
  },
}

const float64: Serde<number> = {
  name: 'float64',
  serialize(value) {
    expectType(value, 'number')
    return fixed(8, (view) => view.setFloat64(0, value))
  },
  deserialize(value) {
    expectLength(value, 8, 'float64')
    return viewOf(value).getFloat64(0)
  },
}

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A UUID as its text of 36 characters, which is what Java writes; in small letters, whatever was given. */
const uuid: Serde<string> = {
  name: 'uuid',
  serialize(value) {
    expectType(value, 'string')
    return encodeText(expectUuid(value.toLowerCase()), 'the UUID')
  },
  deserialize: (value) => expectUuid(decodeText(value, 'the UUID').toLowerCase()),
}

/** Keys or values that are null, always: Java's `Void`. */
const nothing: Serde<null> = {
  name: 'void',
  serialize() {
    throw contractError('CONTRACT_MISMATCH', 'expected null')
  },
  deserialize() {
    throw contractError('CONTRACT_MISMATCH', 'expected no bytes at all')
  },
}

const plainJson: Serde<unknown> = {
  name: 'json',
  serialize: (value) => encodeText(toJson(value, 'the value'), 'the value'),
  deserialize: (value) => parseJson(decodeText(value, 'the value'), 'the value'),
}

/** JSON that nobody checks: `T` is the reader's assumption. Give a schema instead where the writer is somebody else. */
function json<T>(): Serde<T> {
  return plainJson as Serde<T>
}

/**
 * The built-in serdes. Numbers are big-endian, bytes and texts plain: the same bytes as those of Kafka's Java serdes.
 *
 * @example
 * const clicks = topic('clicks', { key: serdes.string, value: serdes.int64 })
 */
export const serdes = Object.freeze({
  string,
  json,
  bytes,
  int16,
  int32,
  int64,
  float32,
  float64,
  boolean,
  uuid,
  void: nothing,
})

function expectType(value: unknown, type: 'string' | 'number' | 'bigint' | 'boolean'): void {
  if (typeof value !== type) throw contractError('CONTRACT_MISMATCH', `expected a ${type}, got ${typeof value}`)
}

function expectUuid(text: string): string {
  if (uuidForm.test(text)) return text
  throw contractError('CONTRACT_MISMATCH', 'the text is no UUID')
}

function expectLength(value: Uint8Array, length: number, name: string): void {
  if (value.byteLength === length) return
  throw contractError('CONTRACT_MISMATCH', `${name} takes ${length} bytes, got ${value.byteLength}`)
}

function viewOf(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength)
}

function fixed(length: number, write: (view: DataView) => void): Uint8Array {
  const result = new Uint8Array(length)
  write(viewOf(result))
  return result
}
