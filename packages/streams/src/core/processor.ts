import type { FlowRecord } from './flow-record.ts'
import type { TaskRecordContext } from './record-context.ts'
import type { KeyValueState } from './stores/key-value-state.ts'
import type { WindowState } from './stores/window-state.ts'
import type { TaskId } from './topology/plan.ts'

/** An operator at work in one task. */
export interface Processor {
  /** The record is the caller's: it is valid during the call, and unchanged after it. */
  process(record: FlowRecord): void
}

/** Stream time as one operator saw it; part of what a commit keeps and an abort takes back. */
export interface ObservedTime {
  value: number
}

/** Why a record did not get through an operator without being an error; counted and shown by `metrics()`. */
export type DropReason = 'null-key' | 'null-value' | 'late' | 'skipped'

/** What an operator is given when its task is made. */
export interface ProcessorSetup {
  readonly node: string
  readonly taskId: TaskId
  readonly context: TaskRecordContext
  /** Hands a record to the children, in order. */
  readonly forward: (record: FlowRecord) => void
  /** Hands a record to one child. */
  readonly forwardTo: (child: number, record: FlowRecord) => void
  readonly keyValueState: (store: string) => KeyValueState
  readonly windowState: (store: string) => WindowState
  readonly observedTime: () => ObservedTime
  readonly drop: (reason: DropReason) => void
}
