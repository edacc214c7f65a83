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
  /** The records that are wrong, when it is records and not the batch (KIP-467). */
  readonly recordErrors?: readonly RecordError[]
}

export interface RecordError {
  /** Which record of the batch. */
  readonly index: number
  readonly message: string
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
  return problemOfHeader(batch) ?? problemOfTime(batch, rules) ?? problemOfRecords(batch, rules, nowMs)
}

function invalid(message: string, recordErrors?: readonly RecordError[]): BatchProblem {
  return { errorCode: ErrorCode.INVALID_RECORD, message, ...(recordErrors !== undefined && { recordErrors }) }
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

function problemOfTime(batch: RecordBatchView, rules: BatchRules): BatchProblem | undefined {
  if (rules.logAppendTime) return undefined
  if (batch.timestampType === 'logAppendTime') {
    return { errorCode: ErrorCode.INVALID_TIMESTAMP, message: 'Producers must not stamp records with LogAppendTime.' }
  }
  return undefined
}

function problemOfRecords(batch: RecordBatchView, rules: BatchRules, nowMs: number): BatchProblem | undefined {
  const earliestMs = rules.logAppendTime ? Number.NEGATIVE_INFINITY : nowMs - rules.timestampBeforeMaxMs
  const latestMs = rules.logAppendTime ? Number.POSITIVE_INFINITY : nowMs + rules.timestampAfterMaxMs
  const { baseOffset } = batch
  const keyless: RecordError[] = []
  const untimely: RecordError[] = []
  let index = 0
  try {
    const cursor = batch.cursor()
    while (cursor.next()) {
      if (cursor.offset !== baseOffset + index) {
        const message = 'The offsets inside the batch are not consecutive.'
        return invalid(message, [{ index, message }])
      }
      const { timestamp } = cursor
      if (rules.compact && cursor.keyLength < 0) {
        keyless.push({ index, message: 'Compacted topic cannot accept message without key.' })
      } else if ((timestamp < earliestMs || timestamp > latestMs) && timestamp !== noTimestamp) {
        const message = `Timestamp ${timestamp} is out of range: it should be within [${earliestMs}, ${latestMs}].`
        untimely.push({ index, message })
      }
      index++
    }
  } catch (error) {
    return invalid(`The records of the batch cannot be read: ${(error as Error).message}`)
  }
  return problemOf(keyless, untimely)
}

/** As Kafka sums up: a batch with nothing wrong but times has an invalid timestamp, any other is an invalid record. */
function problemOf(keyless: readonly RecordError[], untimely: readonly RecordError[]): BatchProblem | undefined {
  if (keyless.length === 0 && untimely.length === 0) return undefined
  const recordErrors = [...keyless, ...untimely].sort((a, b) => a.index - b.index)
  if (keyless.length > 0) {
    return invalid(
      `${recordErrors.length} records have been rejected; the first: ${recordErrors[0]!.message}`,
      recordErrors,
    )
  }
  const message = 'One or more records have been rejected due to invalid timestamp'
  return { errorCode: ErrorCode.INVALID_TIMESTAMP, message, recordErrors }
}
