import type { KafkaClient } from '@millrace/kafka'
import { partitionText } from '../active-task.ts'

/** How far a copy of a store's partition in this process is behind, as Kafka Streams' `LagInfo`. */
export interface StoreLag {
  readonly store: string
  readonly partition: number
  /** `closed`: it lies on disk from before and nobody here follows it; a task that comes goes on from there. */
  readonly role: 'active' | 'standby' | 'closed'
  /** An active copy that is still being brought up to its changelog, and does not answer yet. */
  readonly isRestoring: boolean
  /** The next changelog offset that the copy reads. */
  readonly currentOffset: number
  /** The end of the changelog, asked of the broker after the copy's own; of a table's own topic, what the application has committed. */
  readonly endOffset: number
  /** Records, marks of transactions included; 0 for a copy that runs: it is what the changelog follows. */
  readonly offsetLag: number
}

/** Where a copy stands in its changelog. */
export interface CopyStanding extends Pick<StoreLag, 'store' | 'partition' | 'role' | 'isRestoring'> {
  readonly topic: string
  /** A topic of the user's: what the task has not consumed is no part of the state. */
  readonly isSource: boolean
  /** Undefined: at the end. */
  readonly currentOffset: number | undefined
}

/** With the ends of the changelogs, asked of the broker. */
export async function storeLags(
  client: KafkaClient,
  groupId: string,
  found: readonly CopyStanding[],
): Promise<readonly StoreLag[]> {
  if (found.length === 0) return []
  const ends = new Map<string, number>()
  const note = (offsets: readonly { topic: string; partition: number; offset: number }[]): void => {
    for (const at of offsets) ends.set(partitionText(at), at.offset)
  }
  const proper = found.filter(({ isSource }) => !isSource)
  const asked = proper.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }))
  await Promise.all([
    asked.length > 0 && client.admin.listOffsets(asked, { isolation: 'read_uncommitted' }).then(note),
    proper.length < found.length && client.admin.committedOffsets(groupId).then(note),
  ])
  return found.map(({ topic, isSource: _, currentOffset: current, ...copy }) => {
    const endOffset = Math.max(0, ends.get(partitionText({ topic, partition: copy.partition })) ?? 0)
    const currentOffset = current ?? endOffset
    return { ...copy, currentOffset, endOffset, offsetLag: Math.max(0, endOffset - currentOffset) }
  })
}
