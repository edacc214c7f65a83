import { diagnostics } from '../../diagnostics.ts'
import type { GroupMetadata, TopicPartition } from '../../producer/types.ts'
import type { GroupParts } from './group-member.ts'

/**
 * What a member tells its listener while its assignment changes, whichever protocol it speaks. All of it happens inside of
 * poll and close, so that no partition disappears while its records are being worked on.
 */
export class RebalanceCallbacks {
  readonly #parts: GroupParts
  readonly #metadata: () => GroupMetadata

  /** `metadata` tells as whom the member is known at the moment. */
  constructor(parts: GroupParts, metadata: () => GroupMetadata) {
    this.#parts = parts
    this.#metadata = metadata
  }

  /** What of the assignment has to go for `wanted`, and what of `wanted` is new. */
  difference(wanted: readonly TopicPartition[]): { revoked: TopicPartition[]; added: TopicPartition[] } {
    const { assignment } = this.#parts
    const keep = new Set(wanted.map(keyOf))
    return {
      revoked: assignment.partitions().filter((one) => !keep.has(keyOf(one))),
      added: wanted.filter((one) => assignment.get(one) === undefined),
    }
  }

  /** The listener first, while offsets can still be committed; nothing of these partitions is polled meanwhile. */
  async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    this.publish('revoked', partitions)
    try {
      await this.#parts.listener.onRevoked?.(partitions)
    } finally {
      this.#parts.assignment.delete(partitions)
    }
  }

  /** Gives up all that is owned, which may have another owner by now. */
  async lose(): Promise<void> {
    const { assignment, listener } = this.#parts
    const lost = assignment.partitions()
    const { onRevoked, onLost = onRevoked } = listener
    assignment.delete(lost)
    if (lost.length === 0) return
    this.publish('lost', lost)
    await onLost?.(lost)
  }

  /** The last word to the listener of a consumer that closes; its partitions end with it. */
  async close(owned: readonly TopicPartition[], wasLost: boolean): Promise<void> {
    const { onRevoked, onLost = onRevoked } = this.#parts.listener
    if (owned.length > 0) await (wasLost ? onLost?.(owned) : onRevoked?.(owned))
  }

  publish(kind: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void {
    if (!diagnostics.rebalance.hasSubscribers) return
    const { groupId, memberId, generationId } = this.#metadata()
    diagnostics.rebalance.publish({ groupId, memberId, generationId, kind, partitions })
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
