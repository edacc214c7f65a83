import { ErrorCode, type RecordBatchView } from '@millrace/protocol'

/** What a topic's settings demand of batches. */
export interface BatchRules {
  readonly maxMessageBytes: number
  readonly compact: boolean
  readonly logAppendTime: boolean
  readonly timestampAfterMaxMs: number
  readonly timestampBeforeMaxMs: number
}

export interface BatchProblem {
  readonly errorCode: number
  readonly message: string
  /** Index of the record that is wrong, when it is one record (KIP-467). */
  readonly recordIndex?: number
}

const noTimestamp = -1

/**
 * Checks a batch that a client sent, as Kafka's LogValidator does: size, CRC, header against records, keys where compaction
 * needs them, timestamps. Undefined when it may be appended as it is.
 */
export function problemOfBatch(batch: RecordBatchView, rules: BatchRules, nowMs: number): BatchProblem | undefined {
  if (batch.sizeInBytes > rules.maxMessageBytes) {
    const message = `The record batch size of ${batch.sizeInBytes} bytes exceeds max.message.bytes of ${rules.maxMessageBytes}.`
    return { errorCode: ErrorCode.MESSAGE_TOO_LARGE, message }
  }
  if (!batch.isCrcValid()) {
    return { errorCode: ErrorCode.CORRUPT_MESSAGE, message: 'The CRC of the record batch does not match its bytes.' }
  }
  return problemOfHeader(batch) ?? problemOfTime(batch, rules, nowMs) ?? problemOfRecords(batch, rules, nowMs)
}

function invalid(message: string, recordIndex?: number): BatchProblem {
  return { errorCode: ErrorCode.INVALID_RECORD, message, ...(recordIndex !== undefined && { recordIndex }) }
}

function problemOfHeader(batch: RecordBatchView): BatchProblem | undefined {
  const { recordCount, lastOffsetDelta } = batch
  if (recordCount <= 0) return invalid(`The record batch says it has ${recordCount} records.`)
  if (lastOffsetDelta !== recordCount - 1) {
    return invalid(`The record batch has ${recordCount} records but a last offset delta of ${lastOffsetDelta}.`)
  }
  if (batch.isControl) return invalid('Clients are not allowed to write control records.')
  if (batch.producerId >= 0 && batch.baseSequence < 0) {
    return invalid(`Invalid sequence number ${batch.baseSequence} in a record batch with a producer id.`)
  }
  if (batch.isTransactional && batch.producerId < 0) return invalid('A transactional record batch needs a producer id.')
  if (batch.compressionCode > 4) {
    return { errorCode: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, message: 'The compression of the batch is unknown.' }
  }
  return undefined
}

function problemOfTime(batch: RecordBatchView, rules: BatchRules, nowMs: number): BatchProblem | undefined {
  if (rules.logAppendTime) return undefined
  if (batch.timestampType === 'logAppendTime') {
    return { errorCode: ErrorCode.INVALID_TIMESTAMP, message: 'Producers must not stamp records with LogAppendTime.' }
  }
  if (batch.maxTimestamp > nowMs + rules.timestampAfterMaxMs) {
    const message = `Timestamp ${batch.maxTimestamp} is further ahead than message.timestamp.after.max.ms allows.`
    return { errorCode: ErrorCode.INVALID_TIMESTAMP, message }
  }
  return undefined
}

function earliestAllowed(rules: BatchRules, nowMs: number): number {
  return rules.logAppendTime ? Number.NEGATIVE_INFINITY : nowMs - rules.timestampBeforeMaxMs
}

function problemOfRecords(batch: RecordBatchView, rules: BatchRules, nowMs: number): BatchProblem | undefined {
  const earliestMs = earliestAllowed(rules, nowMs)
  const { baseOffset } = batch
  let index = 0
  try {
    const cursor = batch.cursor()
    while (cursor.next()) {
      if (cursor.offset !== baseOffset + index)
        return invalid('The offsets inside the batch are not consecutive.', index)
      if (rules.compact && cursor.keyLength < 0) {
        return invalid('Compacted topic cannot accept message without key.', index)
      }
      if (cursor.timestamp < earliestMs && cursor.timestamp !== noTimestamp) {
        const message = `Timestamp ${cursor.timestamp} lies further back than message.timestamp.before.max.ms allows.`
        return { errorCode: ErrorCode.INVALID_TIMESTAMP, message, recordIndex: index }
      }
      index++
    }
  } catch (error) {
    return invalid(`The records of the batch cannot be read: ${(error as Error).message}`)
  }
  return undefined
}
