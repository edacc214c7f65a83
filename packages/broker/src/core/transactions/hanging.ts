import type { ProducerDescription, ProducerState } from '../producers/types.ts'
import { hasPartition, type Transaction } from './transaction.ts'

/**
 * Producers with a transaction that is open in a partition but that the coordinator knows nothing of. Only a power loss
 * under durability `write` leaves one: the partition kept what the transaction log lost. Nobody would ever end it, and
 * readers of committed records would stop before it for good.
 */
export function hangingProducers(
  partition: { readonly topic: string; readonly index: number; readonly producers: ProducerState },
  transactions: Iterable<Transaction>,
): ProducerDescription[] {
  const { topic, index, producers } = partition
  if (producers.firstUnstableOffset === undefined) return []
  const known = new Set<number>()
  for (const transaction of transactions) {
    if (hasPartition(transaction.partitions, { topic, partition: index })) known.add(transaction.producerId)
  }
  return [...producers.producers()].filter(
    ({ openTransactionOffset, producerId }) => openTransactionOffset !== undefined && !known.has(producerId),
  )
}
