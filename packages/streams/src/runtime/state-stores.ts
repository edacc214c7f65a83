import type { ByteStoreProvider } from '../core/stores/byte-store.ts'
import type { TaskId } from '../core/topology/plan.ts'

/**
 * The state of one thread of an instance across its tasks: what the runtime needs besides opening stores. Threads of a
 * process share a directory; a task is opened by the one that has claimed it. Implemented on disk by `LmdbStateStores` and in
 * memory by `MemoryStateStores`.
 */
export interface StateStores extends ByteStoreProvider {
  /** False while another thread of the process has the task open, and while it is being closed. Claims are the claimer's until `closeTask`. */
  claim(taskId: TaskId): boolean
  /** Empties a store and forgets its checkpoint: its changelog no longer continues where the store stands. */
  wipe(taskId: TaskId, store: string): void
  /** What was noted about an open task's state; lost with the state. */
  note(taskId: TaskId, name: string): string | undefined
  setNote(taskId: TaskId, name: string, text: string | undefined): void
  /**
   * Releases what a task holds; its contents stay for the next owner on this machine. `offsets` says how far they are, for
   * `offsetsOf`.
   */
  closeTask(taskId: TaskId, offsets?: number): Promise<void>
  /** Tasks whose state is here: the assignor prefers to give them back. */
  storedTasks(): readonly TaskId[]
  /** What `closeTask` was told of a task that is not open; undefined when it was not closed in an orderly way. */
  offsetsOf(taskId: TaskId): number | undefined
  /** Deletes the state of tasks that nobody has opened for so long; returns them. */
  cleanUp(olderThanMs: number): readonly TaskId[]
  close(): Promise<void>
}
