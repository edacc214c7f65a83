import type { Header } from '@millrace/protocol'

/** Where a record failed. */
export type FailureStage = 'deserialize' | 'process' | 'produce'

/**
 * What becomes of the record:
 * - `fail` (the default everywhere): the task stops with the error; nothing after the last commit counts;
 * - `deadLetter`: the record goes to the dead-letter topic in the transaction that skips it;
 * - `continue`: the record is skipped and counted;
 * - `retry`: the record is tried again after `retryDelayMs`; where it already changed state or produced output the
 *   task fails instead, so that the transaction is aborted and begins again.
 */
export type FailureDecision = 'continue' | 'retry' | 'deadLetter' | 'fail'

export interface FailedRecord {
  readonly stage: FailureStage
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Bytes of the input record as it was read; valid during the call. Null also when a cached update fails later on. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  /** Name of the topology's node that it happened in. */
  readonly node: string
  /** 1 for the first failure of this record. */
  readonly attempt: number
}

export type FailureHandler = (error: unknown, record: FailedRecord) => FailureDecision

export interface FailureHandlers {
  readonly deserialize: FailureHandler
  readonly process: FailureHandler
  readonly produce: FailureHandler
  /**
   * What becomes of records that the processor of a global store fails on (KIP-1270): only `continue` and `fail`, since no
   * transaction could write a dead letter. They fail unless this is given.
   */
  readonly processGlobal?: FailureHandler
}

const fail: FailureHandler = () => 'fail'
const skip: FailureHandler = () => 'continue'
const toDeadLetters: FailureHandler = () => 'deadLetter'

/** Ready-made handlers. */
export const failureHandlers = { fail, continue: skip, deadLetter: toDeadLetters } as const

export const failLoudly: FailureHandlers = { deserialize: fail, process: fail, produce: fail }
