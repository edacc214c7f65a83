import type { ErrorFields, MillraceError } from '@millrace/base'
import { ErrorCode, kafkaErrorByCode } from '@millrace/protocol'
import { brokerError, kafkaError } from '../errors.ts'

/** What an error means for a transactional producer (KIP-1050). */
export type ErrorClass = 'retriable' | 'abortable' | 'fenced' | 'fatal'

const fenced: ReadonlySet<number> = new Set([ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH])

const abortable: ReadonlySet<number> = new Set([
  ErrorCode.TRANSACTION_ABORTABLE,
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.OPERATION_NOT_ATTEMPTED,
  // The group has moved on without this member: what it read is no longer its to commit (KIP-447).
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.STALE_MEMBER_EPOCH,
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.OFFSET_METADATA_TOO_LARGE,
  ErrorCode.INVALID_COMMIT_OFFSET_SIZE,
])

/** Classifies what a coordinator answered. */
export function classify(errorCode: number): ErrorClass {
  if (fenced.has(errorCode)) return 'fenced'
  if (abortable.has(errorCode)) return 'abortable'
  return kafkaErrorByCode(errorCode).retriable ? 'retriable' : 'fatal'
}

/** The error that a coordinator's code becomes for the caller. */
export function transactionError(errorCode: number, what: string, fields: ErrorFields): MillraceError {
  const cause = brokerError(errorCode, what, fields)
  switch (classify(errorCode)) {
    case 'fenced':
      return kafkaError('KAFKA_FENCED', `${what}: another producer took over`, fields, cause)
    case 'abortable':
      return kafkaError('KAFKA_TRANSACTION_ABORTABLE', cause.message, fields, cause)
    case 'retriable':
    case 'fatal':
      return cause
  }
}
