import { isMillraceError } from '@millrace/base'
import type { FailureStage } from './handlers.ts'

/** An error on its way out of the operators, with the stage that it belongs to and the node that it happened in. */
export class StageFailure extends Error {
  readonly stage: FailureStage
  node: string | undefined
  /** The handler was asked already, and wants the record to be tried again. */
  isToBeRetried = false
  /** To be called where the record is to be tried again. */
  beforeRetry: (() => void) | undefined

  constructor(stage: FailureStage, cause: unknown, node?: string) {
    super(stage, { cause })
    this.stage = stage
    this.node = node
  }
}

/** What the task's output threw: not a matter of the record, so no handler is asked. */
export class OutputFailure extends Error {
  constructor(cause: unknown) {
    super('output', { cause })
  }
}

/** The output knows that the broker refuses the record: the produce handler decides about it. */
export class RefusedOutput extends Error {
  /** Has the broker asked again. */
  readonly forget: () => void

  constructor(cause: unknown, forget: () => void) {
    super('refused', { cause })
    this.forget = forget
  }
}

/** Notes the innermost node that an error passed through. */
export function attributed(error: unknown, node: string): StageFailure | OutputFailure {
  if (error instanceof OutputFailure) return error
  const failure = error instanceof StageFailure ? error : new StageFailure('process', error)
  failure.node ??= node
  return failure
}

const mistakes = new Set([
  'STREAMS_PROMISE_RETURNED',
  'STREAMS_SERDE_MISSING',
  'STREAMS_VALUE_MUTATED',
  'STREAMS_VALUE_LOSSY',
  'STREAMS_BUFFER_FULL',
  'STREAMS_STORE_NOT_CONNECTED',
  'STREAMS_CHILD_UNKNOWN',
])

/** Mistakes of the program, which every record would meet: no handler may skip them. */
export function isMistake(error: unknown): boolean {
  return isMillraceError(error) && mistakes.has(error.code)
}
