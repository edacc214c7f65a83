import { ErrorCode } from '@millrace/protocol'

/** Clients before `since` know no PRODUCER_FENCED (KIP-588); they understand INVALID_PRODUCER_EPOCH. */
export function fencedSince(since: number, apiVersion: number, errorCode: number): number {
  return errorCode === ErrorCode.PRODUCER_FENCED && apiVersion < since ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode
}

/** Clients before `since` know no TRANSACTION_ABORTABLE (KIP-890). */
function abortableSince(since: number, apiVersion: number, errorCode: number): number {
  return errorCode === ErrorCode.TRANSACTION_ABORTABLE && apiVersion < since ? ErrorCode.INVALID_TXN_STATE : errorCode
}

/** What Produce says for a code of the transaction coordinator: its clients expect the codes of partitions. */
export function produceErrorCode(apiVersion: number, errorCode: number): number {
  if (errorCode === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH
  // Clients of transactions v1 do not retry CONCURRENT_TRANSACTIONS here; this one they do, without new metadata.
  if (errorCode === ErrorCode.CONCURRENT_TRANSACTIONS && apiVersion < 12) return ErrorCode.NOT_ENOUGH_REPLICAS
  return abortableSince(11, apiVersion, errorCode)
}

/** What TxnOffsetCommit says for a code of the transaction or the group coordinator. */
export function offsetCommitErrorCode(apiVersion: number, errorCode: number): number {
  if (errorCode === ErrorCode.GROUP_ID_NOT_FOUND) return ErrorCode.ILLEGAL_GENERATION
  if (errorCode === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH
  return abortableSince(4, apiVersion, errorCode)
}
