import type { KafkaClient } from '@millrace/kafka'
import { partitionText } from '../active-task.ts'

/** How far a copy of a store's partition in this process is behind, as Kafka Streams' `LagInfo`. */
export interface StoreLag {
  readonly store: string
  readonly partition: number
  readonly role: 'active' | 'standby'
  /** An active copy that is still being brought up to its changelog, and does not answer yet. */
  readonly isRestoring: boolean
  /** The next changelog offset that the copy reads. */
  readonly currentOffset: number
  /** The end of the changelog, asked of the broker after the copy's own. */
  readonly endOffset: number
  /** Records, marks of transactions included; 0 for a copy that runs: it is what the changelog follows. */
  readonly offsetLag: number
}

/** Where a thread's copy stands in its changelog. */
export interface CopyStanding extends Pick<StoreLag, 'store' | 'partition' | 'role' | 'isRestoring'> {
  readonly topic: string
  /** Undefined: at the end. */
  readonly currentOffset: number | undefined
}

/** With the ends of the changelogs, asked of the broker. */
export async function storeLags(client: KafkaClient, found: readonly CopyStanding[]): Promise<readonly StoreLag[]> {
  if (found.length === 0) return []
  const asked = found.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }))
  const listed = await client.admin.listOffsets(asked, { isolation: 'read_uncommitted' })
  const ends = new Map(listed.map((end) => [partitionText(end), end.offset]))
  return found.map(({ topic, currentOffset: current, ...copy }) => {
    const endOffset = ends.get(partitionText({ topic, partition: copy.partition })) ?? 0
    const currentOffset = current ?? endOffset
    return { ...copy, currentOffset, endOffset, offsetLag: Math.max(0, endOffset - currentOffset) }
  })
}
