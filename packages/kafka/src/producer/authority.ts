import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerIdentity } from './types.ts'

/** Who the sender writes as, and what it must ask before it does: plain, idempotent or transactional. */
export interface Authority {
  readonly transactionalId: string | null
  /** False where batches carry no producer id. */
  readonly stamps: boolean
  readonly identity: ProducerIdentity | undefined
  /** Beyond it Produce means something else (KIP-890). */
  readonly maxProduceVersion: number
  /** Whether the partition may be written now; if not, it starts what is needed and wakes the sender afterwards. */
  mayWrite(queue: PartitionQueue): boolean
  /** Whether a failed attempt may be repeated. */
  readonly mayRetry: boolean
  /** A batch is lost; `certain` when no attempt of it can have been written. */
  lost(queue: PartitionQueue, error: unknown): void
  /** Called when a broken queue has nothing in flight: raises the epoch where that is allowed. */
  recover(queue: PartitionQueue): void
}
