import type { Timestamped } from './views.ts'

/** Told of every update that a store lets through: at once, or when the cache in front of it is written down. */
export type UpdateListener = (key: unknown, newValue: unknown, oldValue: unknown, timestamp: number) => void

/** A key-value store as operators use it. */
export interface KeyValueState {
  get(key: unknown): Timestamped<unknown> | undefined
  /** `value` null deletes. `oldValue` is what the caller knows to have been there, null for nothing. */
  put(key: unknown, value: unknown, oldValue: unknown, timestamp: number): void
  /** Set by the operator that owns the store, before the first record. */
  onUpdate: UpdateListener
}
