import { asBuffer, readMillis, writeMillis } from './bytes.ts'

/** End and start behind the key. */
export const sessionSuffixBytes = 16

/**
 * The key of a session in stores, changelogs and topics, as Kafka Streams' SessionKeySchema: key, end (8 bytes), start
 * (8 bytes). The end comes first, so that the sessions of a key that end after a time lie side by side.
 */
export function sessionKey(key: Uint8Array, start: number, end: number): Buffer {
  const result = Buffer.allocUnsafe(key.length + sessionSuffixBytes)
  result.set(key)
  writeMillis(result, end, key.length)
  writeMillis(result, start, key.length + 8)
  return result
}

export function sessionStartOf(sessionKey: Uint8Array): number {
  return readMillis(asBuffer(sessionKey), sessionKey.length - 8)
}

export function sessionEndOf(sessionKey: Uint8Array): number {
  return readMillis(asBuffer(sessionKey), sessionKey.length - sessionSuffixBytes)
}

export function keyOfSessionKey(sessionKey: Uint8Array): Buffer {
  return asBuffer(sessionKey).subarray(0, sessionKey.length - sessionSuffixBytes)
}

/**
 * Whether it is one for all that can be told: it ends at a time that a record can have, and no sooner than it starts. What keys
 * of windows have in these places are pieces of keys and times.
 */
export function isKeyOfSession(bytes: Uint8Array): boolean {
  if (bytes.length < sessionSuffixBytes) return false
  const end = sessionEndOf(bytes)
  const start = sessionStartOf(bytes)
  return start >= 0 && start <= end && end <= Number.MAX_SAFE_INTEGER
}
