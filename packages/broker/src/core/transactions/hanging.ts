import { controlBatch } from '@millrace/protocol'
import type { ProducerDescription } from '../producers/types.ts'
import { coordinatorEpoch } from './markers.ts'
import { hasPartition, type Transaction } from './transaction.ts'

/**
 * Aborts transactions that are open in a partition but that the coordinator knows nothing of. Only a power loss under
 * durability `write` leaves one: the partition kept what the transaction log lost. Nobody would ever end it, and readers
 * of committed records would stop before it for good.
 */
export function abortHanging(
  producers: Iterable<ProducerDescription>,
  transactions: Iterable<Transaction>,
  partition: { readonly topic: string; readonly index: number },
  nowMs: number,
  abort: (marker: Buffer, producer: ProducerDescription) => void,
): void {
  const hanging = [...producers].filter((producer) => producer.openTransactionOffset !== undefined)
  if (hanging.length === 0) return
  const known = new Set<number>()
  for (const transaction of transactions) {
    if (hasPartition(transaction.partitions, { topic: partition.topic, partition: partition.index })) {
      known.add(transaction.producerId)
    }
  }
  for (const producer of hanging) {
    if (known.has(producer.producerId)) continue
    const { producerId, producerEpoch } = producer
    abort(controlBatch({ type: 'abort', coordinatorEpoch, producerId, producerEpoch, timestamp: nowMs }), producer)
  }
}
