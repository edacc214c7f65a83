import { RecordBatchBuilder, type RecordBatchView, TransactionLogKey, TransactionLogValue } from '@millrace/protocol'
import { decodeKey, decodeValue, encodeKey, encodeValue, recordTypeOf } from '../coordinators/coordinator-record.ts'
import { noEpoch, noPartitions, type Transaction } from './transaction.ts'
import { transactionStateOf, transactionStates } from './transaction-state.ts'

/** As Kafka writes it from `transaction.version` 1 on; the first with tagged fields. */
const valueVersion = 1

/** A batch of one record of `__transaction_state`. */
export function transactionRecord(transaction: Transaction, nowMs: number): Buffer {
  return singleRecord(transaction.transactionalId, encodeTransaction(transaction), nowMs)
}

/** Says that a transactional id is forgotten. */
export function transactionTombstone(transactionalId: string, nowMs: number): Buffer {
  return singleRecord(transactionalId, null, nowMs)
}

function singleRecord(transactionalId: string, value: Buffer | null, nowMs: number): Buffer {
  const builder = new RecordBatchBuilder({ initialBytes: 256 })
  builder.append(nowMs, encodeKey(TransactionLogKey, { transactionalId }), value)
  return builder.build({})
}

export function encodeTransaction(transaction: Transaction): Buffer {
  return encodeValue(TransactionLogValue, valueVersion, {
    producerId: transaction.producerId,
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    producerEpoch: transaction.producerEpoch,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: transactionStates[transaction.state],
    transactionPartitions:
      transaction.state === 'Empty'
        ? null
        : Array.from(transaction.partitions, ([topic, partitions]) => ({ topic, partitionIds: [...partitions] })),
    transactionLastUpdateTimestampMs: transaction.updatedMs,
    transactionStartTimestampMs: transaction.startMs,
    clientTransactionVersion: transaction.clientVersion,
  })
}

/** Undefined for a state this version does not know. */
export function decodeTransaction(transactionalId: string, bytes: Buffer): Transaction | undefined {
  const value = decodeValue(TransactionLogValue, bytes)
  const state = transactionStateOf(value.transactionStatus)
  if (!state) return undefined
  return {
    transactionalId,
    producerId: value.producerId,
    previousProducerId: value.previousProducerId,
    nextProducerId: value.nextProducerId,
    producerEpoch: value.producerEpoch,
    lastProducerEpoch: noEpoch,
    timeoutMs: value.transactionTimeoutMs,
    state,
    partitions: value.transactionPartitions
      ? new Map(value.transactionPartitions.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]))
      : noPartitions,
    startMs: value.transactionStartTimestampMs,
    updatedMs: value.transactionLastUpdateTimestampMs,
    clientVersion: value.clientTransactionVersion,
  }
}

/** Visits the records of a batch; `undefined` for a transactional id that was forgotten. */
export function visitTransactions(
  batch: RecordBatchView,
  visit: (transactionalId: string, transaction: Transaction | undefined) => void,
): void {
  if (batch.isControl) return
  const cursor = batch.cursor()
  while (cursor.next()) {
    const key = cursor.keyBytes()
    if (!key || recordTypeOf(key) !== TransactionLogKey.apiKey) continue
    const { transactionalId } = decodeKey(TransactionLogKey, key)
    const value = cursor.valueBytes()
    visit(transactionalId, value ? decodeTransaction(transactionalId, value) : undefined)
  }
}
