import type { Pace } from '../pace.ts'
import type { TaskId } from '../topology/plan.ts'

/** A write to a store: `value` undefined deletes the key. */
export interface ByteWrite {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export interface ByteRange {
  /** First key, inclusive; undefined begins at the smallest. */
  readonly from?: Uint8Array | undefined
  /** Last key, exclusive; undefined ends after the greatest. */
  readonly to?: Uint8Array | undefined
  readonly reverse?: boolean | undefined
}

/**
 * The committed layer of one store of one task: what a disk store implements. Keys are ordered as unsigned bytes, a
 * shorter key before its extensions. Calls are synchronous; the task that owns the store is its only writer.
 *
 * - Bytes handed out by `get` and `range` are the caller's to read until its next call on the store; it copies what it
 *   keeps.
 * - Bytes handed in through `apply` are valid only until the iterator's next step: the store copies them.
 */
export interface ByteStore {
  get(key: Uint8Array): Uint8Array | undefined
  range(options: ByteRange): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
  /**
   * Applies the writes in order, and the changelog offset with them, all or nothing: one disk transaction.
   * `checkpoint` is the next changelog offset to read; undefined leaves the stored one as it is.
   */
  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void
  /**
   * As `apply`, in turns with others: until it is done, `get`, `range` and `checkpoint` answer as before. For stores that
   * take long enough for somebody to notice.
   */
  applyInTurns?(writes: Iterable<ByteWrite>, checkpoint: number | undefined, pace: Pace): Promise<void>
  /** The next changelog offset to read; undefined when nothing was ever applied with one. */
  checkpoint(): number | undefined
  close(): void
}

export interface ByteStoreOptions {
  readonly taskId: TaskId
  readonly store: string
  readonly kind: 'keyValue' | 'window' | 'session'
  /**
   * Windows: how long after its start a window is kept, by stream time. Keys then begin with nothing special (see
   * `stores/window-key.ts`: key, start, sequence); the start is found with `windowStartOf(key)`.
   */
  readonly retentionMs?: number | undefined
}

/** Opens the committed layer of a task's stores: in memory here, on disk in the runtime. */
export interface ByteStoreProvider {
  open(options: ByteStoreOptions): ByteStore
}
