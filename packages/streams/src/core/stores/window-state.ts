import type { Timestamped } from './views.ts'

/** A window store as operators use it. */
export interface WindowState {
  get(key: unknown, windowStart: number): Timestamped<unknown> | undefined
  put(key: unknown, windowStart: number, value: unknown, oldValue: unknown, timestamp: number): void
  onUpdate: (key: unknown, windowStart: number, newValue: unknown, oldValue: unknown, timestamp: number) => void
}
