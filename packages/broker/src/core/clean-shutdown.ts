import { crc32c } from '@millrace/protocol'
import type { EpochEntry } from './log/leader-epochs.ts'
import type { SegmentCheckpoint } from './log/partition-log.ts'
import type { BrokerStorage } from './storage/storage.ts'

const path = 'clean-shutdown'
const format = 3

/** What a clean stop knows of a partition, so that the next start reads none of its files. */
export interface PartitionCheckpoint {
  readonly segments: readonly SegmentCheckpoint[]
  /** Snapshot of the producers, base64. */
  readonly producers: string
  readonly epochs: readonly EpochEntry[]
  /** Up to where compaction has left one record per key. */
  readonly cleanedUpTo?: number
}

export type CleanShutdown = ReadonlyMap<string, PartitionCheckpoint>

export function partitionKey(topicId: string, index: number): string {
  return `${topicId}/${index}`
}

export function writeCleanShutdown(
  storage: BrokerStorage,
  clusterId: string,
  startNumber: number,
  partitions: Iterable<[string, PartitionCheckpoint]>,
): void {
  const body = Buffer.from(
    JSON.stringify({ format, clusterId, startNumber, partitions: Object.fromEntries(partitions) }),
  )
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32c(body))
  storage.replaceFile(path, Buffer.concat([crc, body]))
}

/** Removes it: whatever happens from now on, the next start must not believe it. */
export function forgetCleanShutdown(storage: BrokerStorage): void {
  storage.delete(path)
}

/**
 * What the last stop noted, if it was a clean one. Not what is of another start than the last that the journal knows, since a
 * power loss may have brought it back, nor what is of another broker, whose folder was deleted while it ran and which stopped
 * when this one was already there.
 */
export function readCleanShutdown(
  storage: BrokerStorage,
  clusterId: string,
  lastStart: number,
): CleanShutdown | undefined {
  const bytes = storage.readFile(path)
  if (!bytes) return undefined
  const body = bytes.subarray(4)
  if (bytes.length < 4 || crc32c(body) !== bytes.readUInt32BE(0)) return undefined
  const stored = JSON.parse(body.toString('utf8')) as {
    format: number
    clusterId?: string
    startNumber?: number
    partitions: Record<string, PartitionCheckpoint>
  }
  const isCurrent = stored.format === format && stored.clusterId === clusterId && stored.startNumber === lastStart
  return isCurrent ? new Map(Object.entries(stored.partitions)) : undefined
}
