import { batchesIn, ErrorCode, type RecordBatchView } from '@millrace/protocol'
import type { BatchProblem } from './validate-batch.ts'

/**
 * Checks batches that come from another log and keep their offsets: whole, unharmed, behind what is there and each behind the one
 * before, in epochs that do not go back. Gaps are as they are. Undefined when they may be appended.
 */
export function problemOfReplica(
  records: Buffer,
  log: { readonly endOffset: number; readonly latestEpoch: number },
): BatchProblem | undefined {
  let { endOffset, latestEpoch } = log
  let bytes = 0
  try {
    for (const batch of batchesIn(records)) {
      const problem = problemOf(batch, endOffset, latestEpoch)
      if (problem) return problem
      bytes += batch.sizeInBytes
      endOffset = batch.nextOffset
      latestEpoch = batch.leaderEpoch
    }
  } catch (error) {
    return { errorCode: ErrorCode.CORRUPT_MESSAGE, message: (error as Error).message }
  }
  if (bytes === records.length && bytes > 0) return undefined
  return { errorCode: ErrorCode.CORRUPT_MESSAGE, message: 'These are no whole record batches.' }
}

function problemOf(batch: RecordBatchView, endOffset: number, latestEpoch: number): BatchProblem | undefined {
  const { baseOffset, lastOffsetDelta, recordCount, leaderEpoch } = batch
  if (!batch.isCrcValid()) {
    const message = `The CRC of the batch at offset ${baseOffset} does not match its bytes.`
    return { errorCode: ErrorCode.CORRUPT_MESSAGE, message }
  }
  // After compaction a batch may have fewer records than offsets, or none; never more.
  if (lastOffsetDelta < 0 || recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    const message = `The batch at offset ${baseOffset} has ${recordCount} records but a last offset delta of ${lastOffsetDelta}.`
    return { errorCode: ErrorCode.INVALID_RECORD, message }
  }
  if (baseOffset < endOffset) {
    const message = `The batch begins at offset ${baseOffset}, the log ends at ${endOffset}.`
    return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, message }
  }
  if (leaderEpoch >= latestEpoch) return undefined
  const message = `The batch at offset ${baseOffset} has leader epoch ${leaderEpoch}, the log has ${latestEpoch}.`
  return { errorCode: ErrorCode.FENCED_LEADER_EPOCH, message }
}
