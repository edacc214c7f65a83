import { contractError } from '@millrace/contracts/internal'

/** More than nesting ever has: bytes that are something else. */
const depthMax = 100

/**
 * Which message of its file a value is: the place among the messages of the file, then among those nested in that one, and
 * so on. Written as zigzag varints with their number in front; the first message of a file, as a single 0.
 */
export function encodeIndexes(path: readonly number[]): Buffer {
  if (path.length === 1 && path[0] === 0) return Buffer.of(0)
  const bytes: number[] = []
  for (const value of [path.length, ...path]) {
    let rest = value * 2
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80)
    bytes.push(rest)
  }
  return Buffer.from(bytes)
}

export function decodeIndexes(bytes: Buffer, from: number): { readonly path: readonly number[]; readonly end: number } {
  const count = readVarint(bytes, from)
  if (count.value === 0) return { path: [0], end: count.end }
  if (count.value < 0 || count.value > depthMax) throw notProtobuf()
  const path: number[] = []
  let at = count.end
  for (let read = 0; read < count.value; read++) {
    const { value, end } = readVarint(bytes, at)
    if (value < 0) throw notProtobuf()
    path.push(value)
    at = end
  }
  return { path, end: at }
}

function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } {
  let raw = 0
  for (let at = from; at < from + 5 && at < bytes.length; at++) {
    const byte = bytes[at]!
    raw += (byte & 0x7f) * 2 ** (7 * (at - from))
    if (byte < 0x80) return { value: raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2, end: at + 1 }
  }
  throw notProtobuf()
}

function notProtobuf(): Error {
  return contractError('CONTRACT_MISMATCH', 'the value names no message of its schema: it was not written as Protobuf')
}
