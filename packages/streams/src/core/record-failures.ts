import type { ErrorFields } from '@millrace/base'
import { streamsError } from '../errors.ts'
import type { FailedRecord } from './handlers.ts'
import { isMistake, OutputFailure, StageFailure } from './stage-failure.ts'
import { isMutation } from './strict.ts'

export function invalidTimestamp(timestamp: number): StageFailure {
  return new StageFailure(
    'deserialize',
    streamsError('STREAMS_TIMESTAMP_INVALID', `the timestamp is ${timestamp}`, { timestamp }),
  )
}

/** What an extractor failed with: the record cannot be read as one of any time. */
export function untimed(error: unknown): StageFailure {
  return error instanceof StageFailure ? error : new StageFailure('deserialize', error)
}

/** The failure of a record; what the output threw goes on to the runtime. */
export function failureOf(error: unknown): StageFailure {
  if (error instanceof OutputFailure) throw error.cause
  if (!(error instanceof StageFailure)) return failureOf(new StageFailure('process', error))
  if (!isMutation(error.cause)) return error
  const mutated = streamsError(
    'STREAMS_VALUE_MUTATED',
    `a callback of ${error.node ?? 'the topology'} changed a value in place`,
    {},
    error.cause,
  )
  return new StageFailure(error.stage, mutated, error.node)
}

const codes = {
  deserialize: 'STREAMS_DESERIALIZE_FAILED',
  process: 'STREAMS_PROCESS_FAILED',
  produce: 'STREAMS_PRODUCE_FAILED',
} as const

export function failed({ stage, cause }: StageFailure, record: FailedRecord): unknown {
  if (isMistake(cause)) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return streamsError(codes[stage], `${describeRecord(record)}, in ${record.node}: ${reason}`, fieldsOf(record), cause)
}

export function describeRecord({ topic, partition, offset }: FailedRecord): string {
  return topic === '' ? 'a punctuation' : `${topic}-${partition} at offset ${offset}`
}

export function fieldsOf({ topic, partition, offset, node }: FailedRecord): ErrorFields {
  return { topic, partition, offset, node }
}

export function unwrapped(error: unknown): unknown {
  return error instanceof OutputFailure || error instanceof StageFailure ? error.cause : error
}
