import type { Serde } from '@millrace/contracts'
import type { RecordBatchView, RecordCursor } from '@millrace/protocol'
import type { Peak } from '../metrics/measured.ts'
import type { Pace } from '../pace.ts'
import type { DropReason } from '../processor.ts'
import type { TaskRecordContext } from '../record-context.ts'
import type { ByteStore } from './byte-store.ts'
import type { CacheFigures, RecordCache } from './record-cache.ts'
import type { RestoreSink } from './restore.ts'
import type { ChangelogWriter } from './store-bytes.ts'
import type { ReadOnlyStore } from './views.ts'

/** Whether a reader sees what the last commit left, or the open transaction and the cache too. */
export type Isolation = 'committed' | 'uncommitted'

/** What a task does with each of its stores, whatever its kind; operators work on `access`. */
export interface TaskStore<A = unknown> {
  /** The store as operators of its kind use it. */
  readonly access: A
  readonly uncommittedBytes: number
  /** Of the record cache in front of it, if there is one. */
  readonly cache?: CacheFigures | undefined
  /** Of stores that hold changes back. */
  readonly held?: HeldFigures | undefined
  /** The greatest time that was put, of stores whose rows expire by it; below all times where nothing was put. */
  latestTime?: number
  /** The next changelog offset to read; undefined when nothing was ever committed with one. */
  checkpoint(): number | undefined
  /** Writes down and hands on what is held back; false when it has stopped half-way because `pace` said so. */
  flush(pace?: Pick<Pace, 'isOver'>): boolean
  /** What takes the time of the `commit` that follows; undefined where that is little. */
  writing?(changelogNextOffset: number | undefined): StoreWriting | undefined
  /** The transaction committed: its writes go to the committed layer. */
  commit(changelogNextOffset: number | undefined): void
  /** The transaction aborted: its writes and what is held back are gone. */
  discard(): void
  /** Applies changelog records from `firstOffset` on; returns how many. */
  restore(batches: Iterable<RecordBatchView>, options: RestoreOptions): number
  view(isolation: Isolation): ReadOnlyStore
  close(): void
}

/** The writes of a commit, ahead of it and in turns with others. */
export interface StoreWriting {
  /** Others read what was committed before until it resolves, and nothing is done to the store meanwhile. */
  write(pace: Pace): Promise<void>
  /** To be called then. */
  written(): void
}

export interface HeldFigures {
  readonly records: number
  /** undefined where nobody counts them. */
  readonly bytes: number | undefined
  readonly recordsPeak: Peak
  readonly bytesPeak: Peak
}

export interface RestoreOptions {
  readonly firstOffset: number
  readonly nextOffset: number
  /** Where restoring ends, exclusive, within the batches; to their end unless given. */
  readonly before?: number | undefined
  /**
   * What the rows are to be handed to instead of the store's bytes, for stores of which nothing but the last row of each
   * key counts: who restores then writes them later, and many at a time.
   */
  readonly through?: ((committed: ByteStore) => RestoreSink) | undefined
}

/** What a store is given when its task opens it. */
export interface StoreEnvironment {
  readonly committed: ByteStore
  /** undefined for stores that keep no changelog. */
  readonly changelog: ChangelogWriter | undefined
  /** undefined: every update goes through at once. */
  readonly cache: RecordCache | undefined
  readonly context: TaskRecordContext
  /** To be called with every put: the record in hand has had effects. */
  readonly onPut: () => void
  /** An update that cannot be written down; returns to skip it, throws to fail. */
  readonly onFlushFailure: (error: unknown) => void
  /** Whether a record of the topic that the store is restored from came back for another application. */
  readonly isForAnother?: ((record: RecordCursor) => boolean) | undefined
  /** A record of the topic that the store is restored from is no row: it cannot be decoded, or is for another application. */
  readonly onLeftOut?: ((reason: DropReason) => void) | undefined
  /** The test driver's checks of what is put and what is read. */
  readonly strict:
    | {
        readonly put: (value: unknown, serde: Serde<unknown, unknown>, store: string) => unknown
        readonly read: (value: unknown) => unknown
      }
    | undefined
}
