import { RecordBatchView } from '@millrace/protocol'
import type { Partition } from '../partition.ts'
import type { StorageFile } from '../storage/storage.ts'
import { type CleanableRange, groupsOf } from './cleanable.ts'
import { KeyOffsets } from './key-offsets.ts'
import { logDamage } from './log-damage.ts'
import { isAbortMarker, PassTransactions } from './pass-transactions.ts'
import { emptyBatch, rewriteBatch } from './rewrite-batch.ts'
import { Segment, type SegmentEnvironment } from './segment.ts'
import { isWholeBatch, walkKnownBatches } from './walk-batches.ts'

/** Bytes worked on before others get their turn. */
const sliceBytes = 128 * 1024

export interface CompactionOptions {
  readonly nowMs: number
  /** What the keys of one pass may take; when there are more, the next pass goes on. */
  readonly keyBytes: number
  /** Waits for the device instead of stepping until it answers. */
  readonly blocks: boolean
}

/**
 * Keeps the last record of each key (KIP-58, KIP-280's default) and drops what aborted transactions wrote. Tombstones, and markers
 * of transactions of which nothing is left, stay for `delete.retention.ms` after they were first seen here (KIP-534). The last batch of
 * a producer that is still known stays, if need be without records, so that its sequences are known when the log is read again.
 * Offsets never change.
 *
 * A generator: every step does a slice of the work, and appends, reads and truncation may come between. A segment is replaced
 * by renaming its successor over it, oldest first, so that a crash leaves old records beside new ones but never
 * an old value whose tombstone is gone, nor records of a transaction whose marker is.
 */
export class Compaction {
  readonly #partition: Partition
  readonly #environment: SegmentEnvironment
  readonly #options: CompactionOptions
  readonly #horizonMs: number
  #latest: KeyOffsets
  /** Up to where the keys have been looked at. */
  #upTo: number
  #transactions = new PassTransactions([])
  /** Abort markers of transactions of which the group under way leaves nothing. */
  #spentMarkers = new Set<number>()
  removedBytes = 0

  constructor(environment: SegmentEnvironment, partition: Partition, options: CompactionOptions) {
    this.#environment = environment
    this.#partition = partition
    this.#options = options
    this.#horizonMs = options.nowMs + partition.config.number('delete.retention.ms')
    this.#latest = new KeyOffsets(0, 1)
    this.#upTo = partition.cleanedUpTo
  }

  /** Runs to the end or until the partition changes under it. Moves the partition's `cleanedUpTo` when it gets to the end. */
  *run(range: CleanableRange): Generator<undefined, void> {
    if (!(yield* this.#findLatest(range.segments))) return
    const segments = range.segments.filter((segment) => segment.baseOffset < this.#upTo)
    this.#transactions = this.#transactionsIn(segments)
    for (const group of groupsOf(segments, this.#partition.config.roll.segmentBytes)) {
      // Retention may have taken it while the one before was cleaned.
      if (!this.#isStillThere(group)) return
      const target = new Segment(this.#environment, this.#partition.log.folder, group[0]!.baseOffset, '.cleaned')
      const written = yield* this.#rewriteGroup(group, target)
      if (!written || !this.#isStillThere(group)) {
        if (!this.#partition.closed) target.delete()
        return
      }
      this.#swap(group, target)
      yield* this.#cleanUp(group, target)
    }
    this.#partition.cleanedUpTo = this.#upTo
  }

  #transactionsIn(segments: readonly Segment[]): PassTransactions {
    const [first] = segments
    const last = segments.at(-1)
    return new PassTransactions(
      first && last ? this.#partition.abortedTransactions(first.baseOffset, last.nextOffset) : [],
    )
  }

  /** False when the segments are not those of the log any more. */
  *#findLatest(segments: readonly Segment[]): Generator<undefined, boolean> {
    const { cleanedUpTo } = this.#partition
    const mostKeys = segments.at(-1)!.nextOffset - Math.max(cleanedUpTo, segments[0]!.baseOffset)
    this.#latest = new KeyOffsets(this.#options.keyBytes, mostKeys)
    const transactions = this.#transactionsIn(segments)
    for (const segment of segments) {
      for (let position = 0; position < segment.size; ) {
        const from = position
        position = walkKnownBatches(segment, from, (bytes, at, _size, here) => {
          if (here - from >= sliceBytes || this.#latest.isFull) return false
          const batch = new RecordBatchView(bytes, at)
          if (batch.isControl) transactions.endsNothing(batch)
          else if (!transactions.isAborted(batch) && batch.nextOffset > cleanedUpTo) return this.#noteKeys(batch)
          this.#upTo = Math.max(this.#upTo, batch.nextOffset)
          return true
        })
        if (position === from) break
        yield
        if (!this.#isStillThere(segments)) return false
      }
      if (this.#latest.isFull) return true
      this.#upTo = Math.max(this.#upTo, segment.nextOffset)
    }
    return true
  }

  /** False when there is no room for all keys of the batch; those before are covered nevertheless. */
  #noteKeys(batch: RecordBatchView): boolean {
    const { cleanedUpTo } = this.#partition
    for (const cursor = batch.cursor(); cursor.next(); ) {
      if (cursor.offset < cleanedUpTo) continue
      if (this.#latest.isFull) return false
      const key = cursor.keyBytes()
      if (key !== null) this.#latest.set(key, cursor.offset)
      this.#upTo = Math.max(this.#upTo, cursor.offset + 1)
    }
    this.#upTo = Math.max(this.#upTo, batch.nextOffset)
    return true
  }

  /** Writes what stays of a group of neighbours into one new file; false when the device refuses. */
  *#rewriteGroup(group: readonly Segment[], target: Segment): Generator<undefined, boolean> {
    this.#spentMarkers = new Set()
    try {
      // Of a pass that was given up. Also when nothing stays there must be a file: the first one says where the log begins.
      target.file.truncate(0)
      target.file.append(Buffer.alloc(0))
      target.size = 0
      target.rebuild({ verify: false })
      for (const segment of group) {
        for (let position = 0; position < segment.size; ) {
          const kept: Buffer[] = []
          const from = position
          position = walkKnownBatches(segment, from, (bytes, at, size, here) => {
            if (here - from >= sliceBytes) return false
            // What is written anew gets a CRC anew: nobody would notice any more.
            if (!isWholeBatch(bytes, at, size)) throw logDamage(segment, here, 'a batch does not match its CRC')
            const bytesKept = this.#rewrite(new RecordBatchView(bytes, at))
            if (bytesKept) kept.push(Buffer.from(bytesKept))
            return true
          })
          if (position === from) return false
          if (kept.length > 0) target.append(Buffer.concat(kept), segment.createdAtMs)
          yield
          if (!this.#isStillThere(group)) return false
        }
      }
      if (!this.#options.blocks) return yield* syncOf(target.file)
      target.file.syncNow()
      return true
    } catch {
      return false
    } finally {
      target.file.close()
    }
  }

  /** What stays of a batch; undefined when nothing does. */
  #rewrite(batch: RecordBatchView): Buffer | undefined {
    const expired = batch.deleteHorizonMs !== undefined && batch.deleteHorizonMs <= this.#options.nowMs
    if (batch.isControl) return this.#rewriteMarker(batch, expired)
    const bytes = this.#transactions.isAborted(batch) ? undefined : this.#rewriteRecords(batch, expired)
    const stays = bytes ?? (this.#isLastOfProducer(batch) ? emptyBatch(batch) : undefined)
    if (stays) this.#transactions.keep(batch)
    return stays
  }

  #rewriteRecords(batch: RecordBatchView, expired: boolean): Buffer | undefined {
    return rewriteBatch(
      batch,
      (offset, key, isTombstone) => {
        // Kafka drops records without a key from compacted topics too.
        if (key === null) return false
        const latest = this.#latest.get(key)
        if (latest !== undefined && offset < latest) return false
        // Behind where keys were looked at, an older value may still stand before the tombstone.
        return !(isTombstone && expired && offset < this.#upTo)
      },
      this.#horizonMs,
    )
  }

  #rewriteMarker(batch: RecordBatchView, expired: boolean): Buffer | undefined {
    if (!this.#transactions.endsNothing(batch)) return batch.bytes()
    if (isAbortMarker(batch)) this.#spentMarkers.add(batch.baseOffset)
    if (!expired) return rewriteBatch(batch, () => true, this.#horizonMs)
    return this.#isLastOfProducer(batch) ? emptyBatch(batch) : undefined
  }

  #isLastOfProducer(batch: RecordBatchView): boolean {
    if (batch.producerId < 0) return false
    const producer = this.#partition.producers.producer(batch.producerId)
    if (!producer) return false
    // Without data of its epoch, its last marker says which epoch that is.
    if (producer.lastDataOffset >= 0) return batch.lastOffset === producer.lastDataOffset
    return batch.isControl && batch.producerEpoch === producer.producerEpoch
  }

  /** Whether the group is in the log as it was: nothing was truncated, deleted or closed meanwhile. */
  #isStillThere(group: readonly Segment[]): boolean {
    if (this.#partition.closed) return false
    const { segments } = this.#partition.log
    const at = segments.indexOf(group[0]!)
    return at >= 0 && group.every((segment, index) => segments[at + index] === segment)
  }

  #swap(group: readonly Segment[], target: Segment): void {
    const [first] = group
    const before = group.reduce((sum, segment) => sum + segment.size, 0)
    target.nextOffset = group.at(-1)!.nextOffset
    target.createdAtMs = group.at(-1)!.createdAtMs
    for (const segment of group) segment.file.close()
    // An index vouches for a file of its size; this one takes the place of another.
    first!.deleteIndex()
    target.publish()
    this.#partition.log.replace(group, target)
    for (const segment of group.slice(1)) this.#environment.leftovers.add(segment)
    this.removedBytes += before - target.size
    // Told of the transaction, a reader would skip what its producer writes until the marker that may be gone comes.
    const spent = this.#spentMarkers
    if (spent.size > 0) this.#partition.producers.keepAborted(({ lastOffset }) => !spent.has(lastOffset))
  }

  /**
   * What the group has left goes once its successor cannot be lost any more; what does not go is found at the next start. In order, so
   * that no tombstone goes before what it hides.
   */
  *#cleanUp(group: readonly Segment[], target: Segment): Generator<undefined, void> {
    target.writeIndex()
    target.markSealed()
    const { storage } = this.#environment
    if (storage.syncFolder && !this.#options.blocks) {
      let answered = false
      storage.syncFolder(this.#partition.log.folder, () => {
        answered = true
      })
      while (!answered) yield
    }
    deleteLeftovers(this.#environment, group.slice(1))
  }
}

/** Deletes what was replaced. Throws what the device says; what is left then is tried again at the stop. */
export function deleteLeftovers({ leftovers }: SegmentEnvironment, segments: Iterable<Segment> = leftovers): void {
  for (const segment of [...segments]) {
    segment.delete()
    leftovers.delete(segment)
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
