import type { Isolation } from '../../core/stores/task-store.ts'
import type { ReadOnlyStore } from '../../core/stores/views.ts'
import type { Position } from './position.ts'

/** What a standby copy is known to have reached. */
export interface Freshness {
  /** Everything that was committed before this (clock milliseconds) is in the copy; undefined: nothing is known. */
  readonly asOfMs: number | undefined
  readonly position: Position
}

/** A task's state in this process, as queries see it. */
export interface StateCopy {
  readonly role: 'active' | 'standby'
  /** Another thread writes it: only it knows what is not committed yet. */
  readonly readsCommittedOnly?: boolean
  /** Read it at once: it does not outlive the next commit. */
  view(store: string, isolation: Isolation): ReadOnlyStore
  /** To be asked after a read: whether the copy was all the while what it was found as. Always, where nobody else writes. */
  isStill?(): boolean
  /** The next changelog offset behind what the committed view shows; undefined for a store that is new or keeps no changelog. */
  checkpoint(store: string): number | undefined
  /** Standbys: the next changelog offset that is read, with what only marks the ends of transactions. */
  reached(store: string): number | undefined
  freshness(): Freshness
  /** Standbys: records of its changelogs that it does not have yet, as far as the last fetch knew; an active copy misses none. */
  lagRecords(): number | undefined
  /** Standbys: asks the brokers how far others are; `freshness` says more once the copy has come so far. */
  observe(): Promise<void>
}

/** `notReady`: it is being restored or moved, or this process can no longer be sure that the task is its own. */
export type FoundCopy = StateCopy | 'notReady' | undefined
