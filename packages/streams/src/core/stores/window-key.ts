import { asBuffer, readMillis, writeMillis } from './bytes.ts'

/** Start and sequence number behind the key. */
export const windowSuffixBytes = 12
export const sequenceBytes = 4

/** Sequence numbers tell records of one key and time apart, in stores that keep them all. */
export const sequenceMax = 0x7fff_ffff

/** The key of a window in stores and changelogs, as Kafka Streams' WindowKeySchema: key, start (8 bytes), sequence (4). */
export function windowKey(key: Uint8Array, windowStart: number, sequence = 0): Buffer {
  const result = Buffer.allocUnsafe(key.length + windowSuffixBytes)
  result.set(key)
  writeMillis(result, windowStart, key.length)
  const at = key.length + 8
  result[at] = sequence >> 24
  result[at + 1] = sequence >> 16
  result[at + 2] = sequence >> 8
  result[at + 3] = sequence
  return result
}

export function windowStartOf(windowKey: Uint8Array): number {
  return readMillis(asBuffer(windowKey), windowKey.length - windowSuffixBytes)
}

export function keyOfWindowKey(windowKey: Uint8Array): Buffer {
  return asBuffer(windowKey).subarray(0, windowKey.length - windowSuffixBytes)
}

/** Whether it is long enough to be one: what a foreign changelog might hold instead is not. */
export function isWindowKey(bytes: Uint8Array): boolean {
  return bytes.length >= windowSuffixBytes
}

/**
 * Whether it is one for all that can be told: its time is one that a record can have. Keys of sessions are none, since their
 * last twelve bytes begin with the lower half of a time.
 */
export function isKeyOfWindow(bytes: Uint8Array): boolean {
  if (!isWindowKey(bytes)) return false
  const start = windowStartOf(bytes)
  return start >= 0 && start <= Number.MAX_SAFE_INTEGER
}
