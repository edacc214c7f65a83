import { isMillraceError } from '@millrace/base'

/**
 * - `lost`: the transaction or the membership is gone; what was not committed is discarded and processed again;
 * - `fatal`: repeating would fail the same way; the instance stops, loudly.
 */
export type FailureClass = 'lost' | 'fatal'

/** What waiting does not mend although it comes from the broker. */
const fatalCodes = new Set([
  // The client is the caller's, and the caller has closed it.
  'KAFKA_CLOSED',
  'KAFKA_AUTHENTICATION_FAILED',
  'KAFKA_UNSUPPORTED_BY_BROKER',
  'KAFKA_UNSUPPORTED_VERSION',
  'KAFKA_RECORD_TOO_LARGE',
  'KAFKA_MESSAGE_TOO_LARGE',
  'KAFKA_RECORD_LIST_TOO_LARGE',
  // What could be asked about was: see Refusals.
  'KAFKA_INVALID_TIMESTAMP',
  'KAFKA_INVALID_RECORD',
  'KAFKA_INVALID_TRANSACTION_TIMEOUT',
  'KAFKA_INVALID_SESSION_TIMEOUT',
  'KAFKA_INCONSISTENT_GROUP_PROTOCOL',
  'KAFKA_NO_OFFSET',
  // Stream times of more operators than offset.metadata.max.bytes takes: every commit would fail, for ever.
  'KAFKA_OFFSET_METADATA_TOO_LARGE',
  'KAFKA_CORRUPT_BATCH',
  'KAFKA_SECURITY_DISABLED',
])

/**
 * Everything that a broker, a network or another group member can cause is survived by beginning again at the last
 * commit, however often. Anything else is a mistake that would only come back.
 */
export function classifyFailure(error: unknown): FailureClass {
  if (!isMillraceError(error)) return 'fatal'
  for (let cause: unknown = error; isMillraceError(cause); cause = cause.cause) {
    if (isPutOut(cause)) return 'fatal'
    if (fatalCodes.has(cause.code) || cause.code.endsWith('_AUTHORIZATION_FAILED')) return 'fatal'
  }
  return error.code.startsWith('KAFKA_') || error.retriable ? 'lost' : 'fatal'
}

/**
 * Another process has this one's `groupInstanceId`, says the membership. A commit that was fenced proves less: the member may have
 * got a new id of its own meanwhile, after it was thrown out.
 */
function isPutOut({ code, cause }: { readonly code: string; readonly cause?: unknown }): boolean {
  return code === 'KAFKA_FENCED' && isMillraceError(cause) && cause.code === 'KAFKA_FENCED_INSTANCE_ID'
}
