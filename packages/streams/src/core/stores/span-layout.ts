import { keyOfSessionKey, sessionEndOf, sessionKey, sessionStartOf, sessionSuffixBytes } from './session-key.ts'
import { keyOfWindowKey, windowKey, windowStartOf, windowSuffixBytes } from './window-key.ts'

/** How spans of time lie in a store behind their key. */
export interface SpanLayout {
  readonly kind: 'session' | 'window'
  readonly suffixBytes: number
  keyBytes(key: Uint8Array, start: number, end: number): Buffer
  keyOf(stored: Uint8Array): Buffer
  startOf(stored: Uint8Array): number
  endOf(stored: Uint8Array): number
  /** What the spans of a key are ordered by, and expire by: the end of a session, the start of a window. */
  timeOf(start: number, end: number): number
}

export const sessionLayout: SpanLayout = {
  kind: 'session',
  suffixBytes: sessionSuffixBytes,
  keyBytes: sessionKey,
  keyOf: keyOfSessionKey,
  startOf: sessionStartOf,
  endOf: sessionEndOf,
  timeOf: (_start, end) => end,
}

export function windowLayout(windowEnd: (start: number) => number): SpanLayout {
  return {
    kind: 'window',
    suffixBytes: windowSuffixBytes,
    keyBytes: (key, start) => windowKey(key, start),
    keyOf: keyOfWindowKey,
    startOf: windowStartOf,
    endOf: (stored) => windowEnd(windowStartOf(stored)),
    timeOf: (start) => start,
  }
}
