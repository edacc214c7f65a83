import type { TopicPartition } from './assignment/tasks.ts'

/** One changelog partition and the store that follows it. */
export interface StoreChangelog extends TopicPartition {
  /** As Kafka Streams writes it: `0_1`. */
  readonly task: string
  readonly store: string
}

/** What happens while the stores of tasks that are to run catch up with their changelogs. Offsets are the changelog's. */
export interface RestoreListener {
  /** There is something to restore: from `startOffset` up to, not including, `endOffset`. */
  onRestoreStart?(event: StoreChangelog & { readonly startOffset: number; readonly endOffset: number }): void
  /** `records` were applied; the store stands at `batchEndOffset`. */
  onBatchRestored?(event: StoreChangelog & { readonly batchEndOffset: number; readonly records: number }): void
  /** Complete. Offsets without records (transaction markers, compacted ones) do not count. */
  onRestoreEnd?(event: StoreChangelog & { readonly totalRestored: number }): void
  /** The task went elsewhere, or begins again, before it was complete. */
  onRestoreSuspended?(event: StoreChangelog & { readonly totalRestored: number }): void
}

/** What happens to standby copies. */
export interface StandbyUpdateListener {
  onUpdateStart?(event: StoreChangelog & { readonly startOffset: number }): void
  /** `endOffset`: the end of what can be read now, where known. */
  onBatchLoaded?(
    event: StoreChangelog & {
      readonly batchEndOffset: number
      readonly records: number
      readonly endOffset: number | undefined
    },
  ): void
  /** `promoted`: the task runs here from now on; `migrated`: the copy is no longer kept here. */
  onUpdateSuspended?(
    event: StoreChangelog & {
      readonly storeOffset: number
      readonly endOffset: number | undefined
      readonly reason: 'promoted' | 'migrated'
    },
  ): void
}

type Listeners = Required<RestoreListener> & Required<StandbyUpdateListener>

/** An event as data: from the thread where it happens to whoever listens. */
export type RestoreEvent = {
  [Name in keyof Listeners]: { readonly name: Name; readonly event: Parameters<Listeners[Name]>[0] }
}[keyof Listeners]

export type TellRestore = (event: RestoreEvent) => void

/** Hands events to listeners. A listener that throws is a mistake, and is told so outside of the restoring. */
export function tellListeners(listener: RestoreListener & StandbyUpdateListener): TellRestore {
  return ({ name, event }) => {
    try {
      ;(listener[name] as ((event: unknown) => void) | undefined)?.call(listener, event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
