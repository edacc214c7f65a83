import { streamsError } from '../errors.ts'
import type { FlowRecord } from './flow-record.ts'
import type { Cancellable, PunctuationOptions, Punctuator } from './processing/punctuations.ts'
import type { RecordContext, TaskRecordContext } from './record-context.ts'
import type { StateStore } from './stores/state-store.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import type { TaskId } from './topology/plan.ts'
import type { StoreSpec } from './topology/store-kinds.ts'

/** An operator at work in one task. */
export interface Processor {
  /** The record is the caller's: it is valid during the call, and unchanged after it. */
  process(record: FlowRecord): void
}

/** Stream time as one operator saw it; part of what a commit keeps and an abort takes back. */
export interface ObservedTime {
  /** Greatest timestamp so far, in epoch milliseconds; -1 before the first record. */
  value: number
}

/** Why a record did not get through an operator without being an error; counted and shown by `metrics()`. */
export type DropReason =
  | 'null-key'
  | 'null-value'
  | 'null-foreign-key'
  | 'late'
  | 'skipped'
  /** It came back from the dead letters of another application. */
  | 'for-another'
  | 'invalid-timestamp'
  /** An answer of a foreign-key join to a value that the row no longer has. */
  | 'overtaken'

/** Why a record of a stream found no row of a table; counted, and shown by `metrics()`. */
export type MissReason =
  /** The table has no row under the key. */
  | 'no-row'
  /** Neither has it reached the time of the record: the row may be still to come. */
  | 'not-loaded'
  /** The record came when those of its time had been joined: the grace period was over. */
  | 'late'
  /** The table keeps versions, but none of the record's time any more. */
  | 'expired'
  /** The record's partition is not the one that its key belongs to: another partitioner wrote it. */
  | 'not-co-partitioned'
  | 'null-key'
  | 'null-value'

/** What a task does for processors of the user's, beyond what operators need. */
export interface TaskFacilities {
  readonly applicationId: string
  readonly id: string
  readonly context: TaskRecordContext
  readonly streamTimeMs: number
  readonly wallClockMs: number
  /** `start` is called when the stores are there and before the first record, `stop` before they close. */
  onStart(start: () => void, stop: () => void): void
  schedule(node: string, options: PunctuationOptions, punctuator: Punctuator): Cancellable
  requestCommit(): void
}

/** What an operator is given when its task is made. */
export interface ProcessorSetup {
  /** Name of the node in the topology. */
  readonly node: string
  readonly taskId: TaskId
  readonly context: RecordContext
  /** Hands a record to the children, in order. */
  readonly forward: (record: FlowRecord) => void
  /** As `forward`, for a record whose time is another than that of the record in hand: downstream the context has it. */
  readonly forwardAt: (record: FlowRecord) => void
  /** Hands a record to one child, by position. */
  readonly forwardTo: (child: number, record: FlowRecord) => void
  /** A store that the node was connected to, as its kind is used: key-value and window stores unless said otherwise. */
  readonly store: <S = StateStore>(name: string) => S
  /** Of this node, or one that several nodes share under a name. */
  readonly observedTime: (sharedAs?: string) => ObservedTime
  readonly drop: (reason: DropReason) => void
  /** A record of that time found no row of a table that has reached `tableTimeMs`; -1 for none. */
  readonly miss: (reason: MissReason, timestamp: number, tableTimeMs: number) => void
  /** Whether the record in hand is in another partition than its key belongs to. */
  readonly isElsewhere: (keyBytes: Buffer) => boolean
  /** The time that these inputs of the task have all reached, by names of their source nodes; -1 before their first records. */
  readonly timeOf: (sources: readonly string[]) => number
  /** Names of the nodes that it forwards to, in order. */
  readonly children: readonly string[]
  readonly specOf: (store: string) => StoreSpec
  /** The rows of a global table, which any processor may read. */
  readonly globalView: (store: string) => ReadOnlyStore | undefined
  readonly task: TaskFacilities
}

export type CreateProcessor = (setup: ProcessorSetup) => Processor

/**
 * What a callback returned, unless it is a promise: its work would escape the transaction.
 *
 * @throws STREAMS_PROMISE_RETURNED
 */
export function settled<T>(result: T, node: string): T {
  if (typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function') {
    throw streamsError('STREAMS_PROMISE_RETURNED', `a callback of ${node} returned a promise`, { node })
  }
  return result
}

/** What a predicate returned; a promise would count as true. */
export function decided(result: unknown, node: string): boolean {
  return typeof result === 'boolean' ? result : Boolean(settled(result, node))
}
