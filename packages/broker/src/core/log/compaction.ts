import { controlType, RecordBatchView } from '@millrace/protocol'
import type { Partition } from '../partition.ts'
import type { BrokerStorage, StorageFile } from '../storage/storage.ts'
import type { PartitionLog } from './partition-log.ts'
import { rewriteBatch } from './rewrite-batch.ts'
import { Segment, type SegmentEnvironment, segmentName } from './segment.ts'
import { walkBatches } from './walk-batches.ts'

/** Different keys one pass looks at; when there are more, the next pass goes on. */
export const maxKeysPerPass = 500_000
/** Bytes worked on before others get their turn. */
const sliceBytes = 512 * 1024

/** What a look at a partition finds worth cleaning. */
export interface CleanableRange {
  /** Closed segments from the beginning of the log on, all of which may be rewritten. */
  readonly segments: readonly Segment[]
  readonly dirtyBytes: number
  readonly dirtyRatio: number
}

/**
 * What could be compacted now: closed segments, before any open transaction, older than `min.compaction.lag.ms`. Undefined when
 * there is nothing new in them.
 */
export function cleanableRange(partition: Partition, cleanedUpTo: number, nowMs: number): CleanableRange | undefined {
  const { log, config } = partition
  const { active } = log
  // The active segment says where the log ends; without a batch in it, the last one before it does and must stay.
  if (!config.compact || !active || active.size === 0) return undefined
  const bound = partition.lastStableOffset
  const lagMs = config.number('min.compaction.lag.ms')
  const segments: Segment[] = []
  let cleanBytes = 0
  let dirtyBytes = 0
  for (const segment of log.segments) {
    const tooYoung = lagMs > 0 && nowMs - segment.maxTimestampMs < lagMs
    if (segment === active || segment.nextOffset > bound || tooYoung) break
    segments.push(segment)
    if (segment.nextOffset <= cleanedUpTo) cleanBytes += segment.size
    else dirtyBytes += segment.size
  }
  if (dirtyBytes === 0) return undefined
  return { segments, dirtyBytes, dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes) }
}

/** Latest offset per key, from the dirty part of the log. */
interface LatestOffsets {
  readonly byKey: ReadonlyMap<string, number>
  /** Up to where the keys have been looked at. */
  readonly upTo: number
}

/**
 * Keeps the last record of each key (KIP-58, KIP-280's default) and drops what aborted transactions wrote. Tombstones and markers of
 * committed transactions stay for `delete.retention.ms` after they were first seen here (KIP-534); markers of aborted ones stay,
 * because readers are told of the aborted range as long as it is known. Offsets never change.
 *
 * A generator: every step does a slice of the work, and appends, reads and truncation may come between. A segment is replaced
 * by renaming its successor over it, oldest first, so that a crash leaves old records beside new ones but never
 * an old value whose tombstone is gone.
 */
export class Compaction {
  readonly #partition: Partition
  readonly #log: PartitionLog
  readonly #environment: SegmentEnvironment
  readonly #storage: BrokerStorage
  readonly #nowMs: number
  readonly #blocks: boolean
  readonly #horizonMs: number
  #latest: LatestOffsets = { byKey: new Map(), upTo: 0 }
  /** Producers whose aborted transaction began before where the walk stands. */
  readonly #aborting = new Set<number>()
  #abortedStarts: { producerId: number; firstOffset: number }[] = []
  /** Producers of whose running transaction a record was kept. */
  readonly #keptOf = new Set<number>()
  removedBytes = 0

  /** `blocks`: waits for the device instead of stepping until it answers. */
  constructor(environment: SegmentEnvironment, partition: Partition, nowMs: number, blocks: boolean) {
    this.#blocks = blocks
    this.#environment = environment
    this.#storage = environment.storage
    this.#partition = partition
    this.#log = partition.log
    this.#nowMs = nowMs
    this.#horizonMs = nowMs + partition.config.number('delete.retention.ms')
  }

  /** Runs to the end or until the partition changes under it. Returns the offset up to which the log is clean now. */
  *run(range: CleanableRange, cleanedUpTo: number): Generator<undefined, number> {
    this.#latest = yield* this.#findLatest(range, cleanedUpTo)
    const segments = range.segments.filter((segment) => segment.baseOffset < this.#latest.upTo)
    this.#beginTransactions(segments)
    for (const group of groupsOf(segments, this.#partition.config.roll.segmentBytes)) {
      const written = yield* this.#rewriteGroup(group)
      if (!written || !this.#isStillThere(group)) {
        this.#discard(group)
        return cleanedUpTo
      }
      this.#swap(group)
    }
    return this.#latest.upTo
  }

  *#findLatest(range: CleanableRange, cleanedUpTo: number): Generator<undefined, LatestOffsets> {
    const byKey = new Map<string, number>()
    let upTo = cleanedUpTo
    this.#beginTransactions(range.segments)
    for (const segment of range.segments) {
      let position = 0
      while (position < segment.size && byKey.size < maxKeysPerPass) {
        const from = position
        position = walkBatches(segment.file, from, segment.size, (bytes, at, _size, here) => {
          if (here - from >= sliceBytes || byKey.size >= maxKeysPerPass) return false
          const batch = new RecordBatchView(bytes, at)
          const isAborted = this.#passTransaction(batch)
          if (batch.nextOffset > cleanedUpTo && !batch.isControl && !isAborted) noteKeys(batch, byKey)
          upTo = Math.max(upTo, batch.nextOffset)
          return true
        })
        if (position === from) break
        yield
      }
      if (byKey.size >= maxKeysPerPass) return { byKey, upTo }
      upTo = Math.max(upTo, segment.nextOffset)
    }
    return { byKey, upTo }
  }

  #beginTransactions(segments: readonly Segment[]): void {
    const [first] = segments
    const last = segments.at(-1)
    this.#aborting.clear()
    this.#keptOf.clear()
    this.#abortedStarts =
      first && last
        ? this.#partition
            .abortedTransactions(first.baseOffset, last.nextOffset)
            .slice()
            .sort((a, b) => a.firstOffset - b.firstOffset)
        : []
  }

  /** Keeps track of aborted transactions in offset order; true for a batch that one of them wrote. */
  #passTransaction(batch: RecordBatchView): boolean {
    while (this.#abortedStarts.length > 0 && this.#abortedStarts[0]!.firstOffset <= batch.lastOffset) {
      this.#aborting.add(this.#abortedStarts.shift()!.producerId)
    }
    if (!batch.isTransactional) return false
    if (!batch.isControl) return this.#aborting.has(batch.producerId)
    this.#aborting.delete(batch.producerId)
    return false
  }

  /** Writes what stays of a group of neighbours into one new file; false when the device refuses. */
  *#rewriteGroup(group: readonly Segment[]): Generator<undefined, boolean> {
    const path = this.#pathOf(group)
    this.#storage.delete(path)
    const target = this.#storage.open(path)
    try {
      // Also when nothing stays there must be a file: the first one says where the log begins.
      target.append(Buffer.alloc(0))
      for (const segment of group) {
        for (let position = 0; position < segment.size; ) {
          const kept: Buffer[] = []
          const from = position
          position = walkBatches(segment.file, from, segment.size, (bytes, at, _size, here) => {
            if (here - from >= sliceBytes) return false
            const bytesKept = this.#rewrite(new RecordBatchView(bytes, at))
            if (bytesKept) kept.push(Buffer.from(bytesKept))
            return true
          })
          if (position === from) return false
          if (kept.length > 0) target.append(Buffer.concat(kept))
          yield
          if (!this.#isStillThere(group)) return false
        }
      }
      if (!this.#blocks) return yield* syncOf(target)
      target.syncNow()
      return true
    } catch {
      return false
    } finally {
      target.close()
    }
  }

  #rewrite(batch: RecordBatchView): Buffer | undefined {
    const isAborted = this.#passTransaction(batch)
    if (isAborted) return undefined
    const expired = batch.deleteHorizonMs !== undefined && batch.deleteHorizonMs <= this.#nowMs
    if (batch.isControl) return this.#rewriteMarker(batch, expired)
    const { byKey, upTo } = this.#latest
    const { bytes, keptRecords } = rewriteBatch(
      batch,
      (offset, key, isTombstone) => {
        // Kafka drops records without a key from compacted topics too.
        if (key === null) return false
        const latest = byKey.get(key.toString('latin1'))
        if (latest !== undefined && offset < latest) return false
        // Behind where keys were looked at, an older value may still stand before the tombstone.
        return !(isTombstone && expired && offset < upTo)
      },
      this.#horizonMs,
    )
    if (batch.isTransactional && keptRecords > 0) this.#keptOf.add(batch.producerId)
    return bytes
  }

  #rewriteMarker(batch: RecordBatchView, expired: boolean): Buffer | undefined {
    const hasData = this.#keptOf.delete(batch.producerId)
    const cursor = batch.cursor()
    const commits = cursor.next() && controlType(cursor) === 'commit'
    if (hasData || !commits) return batch.bytes()
    if (expired) return undefined
    return rewriteBatch(batch, () => true, this.#horizonMs).bytes
  }

  /** Whether the group is in the log as it was: nothing was truncated, deleted or closed meanwhile. */
  #isStillThere(group: readonly Segment[]): boolean {
    if (this.#partition.closed) return false
    const at = this.#log.segments.indexOf(group[0]!)
    return at >= 0 && group.every((segment, index) => this.#log.segments[at + index] === segment)
  }

  #swap(group: readonly Segment[]): void {
    const [first] = group
    const last = group.at(-1)!
    const before = group.reduce((sum, segment) => sum + segment.size, 0)
    first!.deleteIndex()
    for (const segment of group) segment.file.close()
    this.#storage.rename(this.#pathOf(group), `${this.#log.folder}/${segmentName(first!.baseOffset)}.log`)
    for (const segment of group.slice(1)) segment.delete()
    const merged = new Segment(this.#environment, this.#log.folder, first!.baseOffset)
    merged.rebuild({ verify: false })
    merged.nextOffset = last.nextOffset
    merged.createdAtMs = last.createdAtMs
    merged.writeIndex()
    merged.markSealed()
    this.removedBytes += before - merged.size
    this.#log.replace(group, merged)
  }

  #discard(group: readonly Segment[]): void {
    if (!this.#partition.closed) this.#storage.delete(this.#pathOf(group))
  }

  #pathOf(group: readonly Segment[]): string {
    return `${this.#log.folder}/${segmentName(group[0]!.baseOffset)}.cleaned`
  }
}

/** Steps until the device has the file; false when it refuses. */
function* syncOf(file: StorageFile): Generator<undefined, boolean> {
  let failed: boolean | undefined
  file.sync((error) => {
    failed = error !== undefined
  })
  while (failed === undefined) yield
  return !failed
}

function noteKeys(batch: RecordBatchView, byKey: Map<string, number>): void {
  for (const cursor = batch.cursor(); cursor.next(); ) {
    const key = cursor.keyBytes()
    if (key !== null) byKey.set(key.toString('latin1'), cursor.offset)
  }
}

/** Neighbours that together fit into one segment. */
function groupsOf(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    const spansTooMuch = group !== undefined && segment.nextOffset - group[0]!.baseOffset > 0x7fffffff
    if (group && bytes + segment.size <= segmentBytes && !spansTooMuch) {
      group.push(segment)
      bytes += segment.size
    } else {
      groups.push([segment])
      bytes = segment.size
    }
  }
  return groups
}
