import type { Clock, MetricSample } from '@millrace/base'
import type { Header, RecordBatchView } from '@millrace/protocol'
import type { FailedRecord, FailureHandlers } from './handlers.ts'
import type { JoinMiss } from './metrics/join-misses.ts'
import type { Pace } from './pace.ts'
import type { ByteStoreProvider } from './stores/byte-store.ts'
import type { RecordCache } from './stores/record-cache.ts'
import type { RestoreOptions, StoreWriting, TaskStore } from './stores/task-store.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import type { TaskId, TopologyPlan } from './topology/plan.ts'

/**
 * What a task writes. Bytes are views that are valid during the call: the implementation appends them to its batches at
 * once. A call that throws fails the task.
 */
export interface TaskOutput {
  /** `partition` undefined: the partitioner decides from the key's bytes (Java's murmur2; a null key may go anywhere). */
  produce(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ): void
  changelog(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array,
    value: Uint8Array | null,
    headers?: readonly Header[],
  ): void
  /** The record is skipped by the task; it must become part of the same transaction. */
  deadLetter(record: FailedRecord, error: unknown): void
}

export interface TaskConfig {
  /**
   * How long to wait for records of an input partition that has none buffered, while others have some, so that records
   * are taken in the order of their timestamps. 0: only as long as the broker is known to have more; -1: never wait.
   */
  readonly maxTaskIdleMs: number
  readonly handlers: FailureHandlers
  /** Milliseconds before a record whose handler said `retry` is tried again. */
  readonly retryDelayMs: number
  /**
   * Strict checks of values at every state and topic boundary (frozen in depth, must survive serialisation): the test
   * driver sets it, production leaves it off.
   */
  readonly strict: boolean
  /**
   * Milliseconds of no certain beginning, with fractions. Given, each record and each call of a store is timed
   * (`metricsLevel: 'debug'`).
   */
  readonly stopwatch?: (() => number) | undefined
}

export const defaultTaskConfig: Omit<TaskConfig, 'handlers'> = { maxTaskIdleMs: 0, retryDelayMs: 1_000, strict: false }

export interface StreamTaskOptions {
  readonly plan: TopologyPlan
  readonly taskId: TaskId
  readonly stores: ByteStoreProvider
  readonly output: TaskOutput
  readonly clock: Clock
  /** One per thread, shared by its tasks: the budget counts for all of them. */
  readonly cache: RecordCache
  /** Partition count of a topic that the task writes; windowed keys are placed by their inner key. */
  readonly partitionsOf: (topic: string) => number
  readonly config: TaskConfig
  /** Told of what a task survives: a processor that failed to close. */
  readonly onFailure?: ((error: unknown) => void) | undefined
  /** Stores of global tables by name: the instance's, which all of its tasks read. */
  readonly globalStores?: ReadonlyMap<string, TaskStore> | undefined
}

/** An offset to commit, with Kafka Streams' metadata: the time that the partition and its operators have reached. */
export interface TaskOffset extends TaskTopicPartition {
  readonly offset: number
  readonly metadata: string
}

/** One fetch of one input partition, as the client's `FetchedPartition` has it. */
export interface TaskInput {
  readonly topic: string
  readonly partition: number
  /** Control batches and aborted ones already left out. The views are kept until their records are processed. */
  readonly batches: readonly RecordBatchView[]
  /** Records before this offset are skipped: a batch may begin before the position that was asked for. */
  readonly firstOffset: number
  /** Where the next fetch begins; the committed offset when everything before it is processed. */
  readonly nextOffset: number
  /** End of what may be read at the time of the fetch (the last stable offset under read_committed). */
  readonly endOffset: number
}

export interface TaskTopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TaskChangelog extends TaskTopicPartition {
  readonly store: string
  /** Where restoring begins: the next offset as the store recorded it, undefined for a store that is new. */
  readonly checkpoint: number | undefined
  /** A topic of the user's, which goes on beyond what the task has consumed: restoring ends with the committed offset. */
  readonly isSource?: boolean
}

/**
 * One task: a sub-topology at work on one partition of each of its topics. Synchronous and free of I/O. The runtime
 * drives it:
 *
 * 1. `restore` every changelog to its end;
 * 2. `addBatches` and `process`, in slices;
 * 3. to commit: `flush()`, send what was written to the output together with `consumedOffsets()` in one transaction,
 *    and only after that has committed `commitStores(...)`. A crash between the two costs a replay of the changelog's
 *    tail, never the store. Between `flush` and `commitStores` it calls nothing else;
 * 4. when the transaction aborts: `discard()`, then seek the inputs to the committed offsets and go on with 2.
 *
 * A method that throws leaves the task failed: `discard()` it or `close()` it.
 */
export interface StreamTask {
  readonly id: TaskId
  readonly inputs: readonly TaskTopicPartition[]
  /** With the checkpoints as they are now. */
  changelogs(): readonly TaskChangelog[]

  /**
   * Hands over the committed metadata of an input before its first batches, so that stream time goes on where the
   * predecessor left it.
   */
  restoreTime(committed: TaskTopicPartition & { readonly metadata: string }): void
  /** Hands over what was fetched. Also call it with no batches: `nextOffset` and `endOffset` are news. */
  addBatches(input: TaskInput): void
  /** Records not yet processed, by which the runtime pauses fetching. */
  bufferedRecords(topic: string, partition: number): number
  readonly bufferedBytes: number

  /** Whether `process` would do anything now. */
  canProcess(): boolean
  /**
   * When `canProcess` may become true by time alone (idle wait, retry, punctuation), in clock milliseconds; undefined:
   * only by input.
   */
  nextWakeMs(): number | undefined
  /** Processes until nothing can be, the budget is spent or `maxRecords` are done; returns how many records. */
  process(options: { budgetMs: number; maxRecords?: number }): number

  /**
   * Writes the caches down: forwards, changelog and uncommitted layer. Output of a flush may fill caches again; it ends.
   * False when it has stopped half-way because `pace` said so: call it again, and nothing else before.
   */
  flush(pace?: Pick<Pace, 'isOver'>): boolean
  /** Offsets to commit for the inputs that moved since the last `commitStores` or `discard`. */
  consumedOffsets(): readonly TaskOffset[]
  /** The parts of `commitStores` that take time, to be done ahead of it and in turns with those who read the stores. */
  storeWritings(changelogNextOffsets: ReadonlyMap<string, number>): Iterable<StoreWriting>
  /** The transaction committed: uncommitted layers go to the byte stores, with the next changelog offset by store. */
  commitStores(changelogNextOffsets: ReadonlyMap<string, number>): void
  /** The transaction aborted: caches, uncommitted layers and buffered input are dropped; stream time returns to the commit. */
  discard(): void
  /** Bytes written since the last commit and held in memory; the runtime commits when its limit is reached. */
  readonly uncommittedBytes: number
  /** True when a commit would have something to say: input consumed or output written since the last one. */
  readonly needsCommit: boolean
  /** True when a processor asked for a commit before the interval is over. */
  readonly isCommitRequested: boolean

  /** Applies changelog records straight to the byte store, with `nextOffset` as its checkpoint. */
  restore(store: string, batches: Iterable<RecordBatchView>, options: RestoreOptions): number

  /** By store, the greatest time that was put: what rows expire by, for whoever reads the stores elsewhere. */
  latestTimes(): ReadonlyMap<string, number>
  /** `committed` is what other processes may see; `uncommitted` adds the writes of the open transaction and the cache. */
  query(store: string, isolation: 'committed' | 'uncommitted'): ReadOnlyStore

  metrics(): Iterable<MetricSample>
  /** The last records that found no row of the table that they are joined with. */
  joinMisses(): readonly JoinMiss[]
  /** Closes the stores; nothing is flushed. */
  close(): void
}

/** Makes a task and opens its stores; see `stream-task.ts`. */
export type CreateStreamTask = (options: StreamTaskOptions) => StreamTask
