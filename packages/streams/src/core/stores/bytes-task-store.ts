import { restoreInto } from './restore.ts'
import type { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'

/** A store without cache in front: all that its task does with it is done to its bytes. */
export function bytesTaskStore<A>(
  access: A,
  bytes: StoreBytes,
  environment: StoreEnvironment,
  own: {
    readonly layout: 'keyValue' | 'window'
    readonly view: TaskStore<A>['view']
    readonly discarded?: () => void
    /** Told of the greatest start of a window among them. */
    readonly restored?: (latestStart: number) => void
    /** See `TaskStore.latestTime`. */
    readonly time?: () => { value: number }
  },
): TaskStore<A> {
  const { committed } = environment
  return {
    access,
    get uncommittedBytes() {
      return bytes.uncommittedBytes
    },
    get latestTime() {
      return own.time?.().value ?? -1
    },
    set latestTime(latest) {
      const time = own.time?.()
      if (time) time.value = latest
    },
    checkpoint: () => committed.checkpoint(),
    flush: () => true,
    writing: (nextOffset) => bytes.writing(nextOffset),
    commit: (nextOffset) => bytes.commit(nextOffset),
    discard() {
      bytes.discard()
      own.discarded?.()
    },
    restore(batches, options) {
      const progress = { records: 0, latestStart: -1 }
      restoreInto(committed, batches, options, own.layout, progress)
      own.restored?.(progress.latestStart)
      return progress.records
    },
    view: own.view,
    close: () => committed.close(),
  }
}
