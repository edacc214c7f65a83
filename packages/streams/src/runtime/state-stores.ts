import type { ByteStoreProvider } from '../core/stores/byte-store.ts'
import type { TaskId } from '../core/topology/plan.ts'

/**
 * The state of one instance across its tasks: what the runtime needs besides opening stores. Implemented on disk by
 * `LmdbStateStores` and in memory by `MemoryStateStores`.
 */
export interface StateStores extends ByteStoreProvider {
  /** Empties a store and forgets its checkpoint: its changelog no longer continues where the store stands. */
  wipe(taskId: TaskId, store: string): void
  /** Releases what a task holds; its contents stay for the next owner on this machine. */
  closeTask(taskId: TaskId): Promise<void>
  /** Tasks whose state is here: the assignor prefers to give them back. */
  storedTasks(): readonly TaskId[]
  close(): Promise<void>
}
