import { asBuffer, readMillis, writeMillis } from './bytes.ts'

const suffixBytes = 12

/** The key of a window in stores and changelogs, as Kafka Streams' WindowKeySchema: key, start (8 bytes), sequence (4). */
export function windowKey(key: Uint8Array, windowStart: number): Buffer {
  const result = Buffer.allocUnsafe(key.length + suffixBytes)
  result.set(key)
  writeMillis(result, windowStart, key.length)
  result.writeInt32BE(0, key.length + 8)
  return result
}

export function windowStartOf(windowKey: Uint8Array): number {
  return readMillis(asBuffer(windowKey), windowKey.length - suffixBytes)
}

export function keyOfWindowKey(windowKey: Uint8Array): Buffer {
  return asBuffer(windowKey).subarray(0, windowKey.length - suffixBytes)
}

/** Whether it is long enough to be one: what a foreign changelog might hold instead is not. */
export function isWindowKey(bytes: Uint8Array): boolean {
  return bytes.length >= suffixBytes
}
