import { crc32c } from '@millrace/protocol'
import type { EpochEntry } from './log/leader-epochs.ts'
import type { SegmentCheckpoint } from './log/partition-log.ts'
import type { BrokerStorage } from './storage/storage.ts'

const path = 'clean-shutdown'
const format = 2

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

export function writeCleanShutdown(storage: BrokerStorage, partitions: Iterable<[string, PartitionCheckpoint]>): void {
  const body = Buffer.from(JSON.stringify({ format, partitions: Object.fromEntries(partitions) }), 'utf8')
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32c(body))
  storage.replaceFile(path, Buffer.concat([crc, body]))
}

/** Reads and removes it: whatever happens from now on, the next start must not believe it. Undefined when there is none. */
export function takeCleanShutdown(storage: BrokerStorage): CleanShutdown | undefined {
  const bytes = storage.readFile(path)
  if (!bytes) return undefined
  storage.delete(path)
  const body = bytes.subarray(4)
  if (bytes.length < 4 || crc32c(body) !== bytes.readUInt32BE(0)) return undefined
  const stored = JSON.parse(body.toString('utf8')) as {
    format: number
    partitions: Record<string, PartitionCheckpoint>
  }
  return stored.format === format ? new Map(Object.entries(stored.partitions)) : undefined
}
