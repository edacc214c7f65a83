import type { TransactionState } from './transaction-state.ts'

/** Epochs are int16. The last but one is the last that a client gets, so that a fencing bump always fits. */
export const maxEpoch = 0x7fff

export const noProducerId = -1
export const noEpoch = -1

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Topic -> partitions, both in the order they were added. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

/**
 * Everything about one transactional id. Never changed: a step makes a new one, which is written to the log first and
 * then takes the old one's place.
 *
 * Invariants:
 * 1. `Empty` and `Dead` have no partitions; `Ongoing` and `PrepareCommit` have at least one.
 * 2. `nextProducerId` is set only from PrepareCommit or PrepareAbort of an exhausted epoch until its completion.
 * 3. The pair of producer id and epoch never goes back, apart from the retries that `lastProducerEpoch` allows to read it.
 */
export interface Transaction {
  readonly transactionalId: string
  readonly producerId: number
  /** The id before the last rotation, for clients that retry across it. */
  readonly previousProducerId: number
  readonly nextProducerId: number
  readonly producerEpoch: number
  /** The epoch before the last bump that a client asked for; not in the log. */
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionState
  readonly partitions: PartitionSet
  /** -1 outside a transaction. */
  readonly startMs: number
  readonly updatedMs: number
  /** 0 or 2: which kind of client began the transaction (KIP-890). */
  readonly clientVersion: number
}

export const noPartitions: PartitionSet = new Map()

/** No further epoch can be handed to a client. */
export function isEpochExhausted(producerEpoch: number): boolean {
  return producerEpoch >= maxEpoch - 1
}

export function hasPartition(partitions: PartitionSet, { topic, partition }: TopicPartition): boolean {
  return partitions.get(topic)?.has(partition) ?? false
}

export function withPartitions(partitions: PartitionSet, added: readonly TopicPartition[]): PartitionSet {
  const all = new Map<string, Set<number>>()
  for (const [topic, indexes] of partitions) all.set(topic, new Set(indexes))
  for (const { topic, partition } of added) {
    const indexes = all.get(topic)
    if (indexes) indexes.add(partition)
    else all.set(topic, new Set([partition]))
  }
  return all
}

export function* partitionsOf(partitions: PartitionSet): Iterable<TopicPartition> {
  for (const [topic, indexes] of partitions) for (const partition of indexes) yield { topic, partition }
}
