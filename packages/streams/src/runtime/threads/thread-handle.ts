import type { MetricSample } from '@millrace/base'
import type { CloseOptions } from '@millrace/kafka'
import type { JoinMiss } from '../../core/metrics/join-misses.ts'
import type { StorePlan } from '../../core/topology/plan.ts'
import type { HostMap } from '../assignment/user-data.ts'
import type { PartitionQueryOptions, PartitionResult } from '../queries/partition-query.ts'
import type { FoundCopy } from '../queries/state-copy.ts'
import type { StateQuery } from '../queries/state-query.ts'
import type { CopyStanding } from '../queries/store-lags.ts'
import type { TellRestore } from '../restore-events.ts'

export type Leaving = NonNullable<CloseOptions['group']>

/** What a thread is told by the instance that it belongs to. */
export interface ThreadContext {
  /** From 1 on; a thread that replaces another has its number, and with it its transactional id. */
  readonly index: number
  /** Joins the group only to tell every instance to stop. */
  readonly endsApplication: boolean
  /** Partition counts of all topics of the application. */
  readonly counts: ReadonlyMap<string, number>
  readonly isPaused: () => boolean
  readonly tell: TellRestore
  /** Readiness, or who runs what, may have changed. */
  readonly onChange: () => void
  readonly onFailure: (error: unknown) => void
  readonly onShutdownRequested: () => void
}

/** One thread of an instance, whether it runs in this event loop or in a worker: a member of the group with its own tasks. */
export interface ThreadHandle {
  readonly index: number
  /** A member of the group with every task it was given at work. */
  readonly isReady: boolean
  readonly hosts: HostMap
  /** Resolves after `stop`; rejects with what the thread could not survive. Called once. */
  run(): Promise<void>
  stop(leaving: Leaving): void
  /** Ends what `stop` could not end in time; whoever comes next finds everything as after a kill. */
  abandon(): void
  setPaused(isPaused: boolean): void
  /** Tells every instance of the application to stop. */
  askForShutdown(): void
  /** The state that can be read from here. */
  find(store: StorePlan, partition: number): FoundCopy
  /** What the thread has of a task that cannot be read from here. */
  has(task: string): 'active' | 'standby' | undefined
  /** Asks the thread for state that only it can read; undefined where it has none (see `has`). */
  ask(
    store: StorePlan,
    partition: number,
    query: StateQuery,
    options: PartitionQueryOptions,
  ): Promise<PartitionResult<unknown>> | undefined
  /** Where its copies stand in their changelogs. */
  standings(): readonly CopyStanding[] | Promise<readonly CopyStanding[]>
  metrics(): Iterable<MetricSample>
  joinMisses(): readonly JoinMiss[]
}
