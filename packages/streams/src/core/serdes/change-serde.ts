import type { Serde } from '@millrace/contracts'
import { asBuffer } from '../stores/bytes.ts'

const onlyOld = 0
const onlyNew = 1
const both = 2

/**
 * Pairs of new and old value in the repartition topic of a regrouped table (KIP-904): one value and a flag behind it, or
 * the new one's length as a zigzag varint, both values and the flag.
 */
export function encodeChange(serde: Serde<unknown, unknown>, newValue: unknown, oldValue: unknown): Buffer {
  const newBytes = newValue === null ? undefined : serde.serialize(newValue)
  const oldBytes = oldValue === null ? undefined : serde.serialize(oldValue)
  if (newBytes && oldBytes) return Buffer.concat([zigzag(newBytes.length), newBytes, oldBytes, Buffer.of(both)])
  if (newBytes) return Buffer.concat([newBytes, Buffer.of(onlyNew)])
  if (oldBytes) return Buffer.concat([oldBytes, Buffer.of(onlyOld)])
  throw new TypeError('a change has a new or an old value')
}

export function decodeChange(
  serde: Serde<unknown, unknown>,
  bytes: Uint8Array,
): { newValue: unknown; oldValue: unknown } {
  const buffer = asBuffer(bytes)
  const end = buffer.length - 1
  switch (buffer[end]) {
    case onlyOld:
      return { newValue: null, oldValue: serde.deserialize(buffer.subarray(0, end)) }
    case onlyNew:
      return { newValue: serde.deserialize(buffer.subarray(0, end)), oldValue: null }
    case both: {
      const { value: length, at } = readZigzag(buffer)
      if (length < 0 || at + length > end)
        throw new RangeError('the record is no pair of old and new value: wrong length')
      return {
        newValue: serde.deserialize(buffer.subarray(at, at + length)),
        oldValue: serde.deserialize(buffer.subarray(at + length, end)),
      }
    }
    default:
      throw new RangeError(`the record is no pair of old and new value: flag ${buffer[end]}`)
  }
}

function zigzag(value: number): Buffer {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

function readZigzag(buffer: Buffer): { value: number; at: number } {
  let raw = 0
  for (let at = 0; at < 5 && at < buffer.length; at++) {
    const byte = buffer[at]!
    raw += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { value: raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2, at: at + 1 }
  }
  throw new RangeError('the record is no pair of old and new value: its length is no varint')
}
