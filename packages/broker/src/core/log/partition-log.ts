import { crc32c } from '@millrace/protocol'
import type { FileRange } from '../storage/storage.ts'
import { baseOffsetAt, batchHeaderBytes, maxTimestampAt, nextOffsetAt } from './batch-bytes.ts'
import { checkedSizeAt } from './log-damage.ts'
import { Segment, type SegmentEnvironment } from './segment.ts'
import { type BatchVisitor, walkKnownBatches } from './walk-batches.ts'

/** When a segment is closed and the next begun. */
export interface RollPolicy {
  readonly segmentBytes: number
  readonly segmentMs: number
  /** Segments begin up to this much earlier, each by another amount, so that those of many partitions do not begin at once. */
  readonly jitterMs: number
  readonly maxIndexEntries: number
  readonly indexIntervalBytes: number
}

/** What a clean stop records about a segment. */
export interface SegmentCheckpoint {
  readonly baseOffset: number
  readonly size: number
  readonly nextOffset: number
  readonly maxTimestampMs: number
  readonly createdAtMs: number
}

/** Bytes of a log that are still in their file. */
export interface LogRange {
  readonly records: FileRange
  /** The offset after its last record, or that of the batch behind it. */
  readonly nextOffset: number
}

const noBytes = Buffer.alloc(0)
/** Less than this is read at once: a look-up costs as much. */
const rangeFromBytes = 16 * 1024
/** Recent ends of reads whose position is remembered: a consumer that reads on needs no index. */
const rememberedReads = 8
/** A first read also covers the batches between the index entry and the offset. */
const indexSlackBytes = 8192

interface ReadEnd {
  readonly offset: number
  readonly segment: Segment
  readonly position: number
}

/**
 * The segments of one partition. Knows offsets, bytes and time; nothing of producers, watermarks or who waits.
 * Offsets only grow; after compaction there are gaps between batches.
 */
export class PartitionLog {
  readonly folder: string
  segments: Segment[] = []
  readonly #environment: SegmentEnvironment
  #readEnds: ReadEnd[] = []
  #nextReadEnd = 0

  constructor(environment: SegmentEnvironment, folder: string) {
    this.#environment = environment
    this.folder = folder
  }

  get endOffset(): number {
    return this.segments.at(-1)?.nextOffset ?? 0
  }

  get firstOffset(): number {
    return this.segments[0]?.baseOffset ?? 0
  }

  get sizeInBytes(): number {
    let bytes = 0
    for (const segment of this.segments) bytes += segment.size
    return bytes
  }

  get active(): Segment | undefined {
    return this.segments.at(-1)
  }

  /**
   * Appends whole batches stamped with offsets from `endOffset` on. Returns true when a segment was begun for them.
   * Throws what the device says; the log is then as before.
   */
  append(bytes: Buffer, baseOffset: number, nextOffset: number, nowMs: number, policy: RollPolicy): boolean {
    const active = this.segments.at(-1)
    const fits = active?.hasRoomFor(bytes.length, nextOffset, policy)
    if (active && fits && !this.#isOverdue(active, nowMs, policy)) {
      active.append(bytes, nowMs, policy.indexIntervalBytes)
      return false
    }
    if (active?.size === 0) {
      this.segments.pop()
      active.delete()
    } else active?.seal()
    const next = new Segment(this.#environment, this.folder, baseOffset)
    this.segments.push(next)
    next.append(bytes, nowMs, policy.indexIntervalBytes)
    return true
  }

  #isOverdue(active: Segment, nowMs: number, { segmentMs, jitterMs }: RollPolicy): boolean {
    if (active.size === 0) return false
    const jitter = jitterMs > 0 ? jitterMs * fractionOf(`${this.folder}/${active.baseOffset}`) : 0
    return nowMs - active.createdAtMs >= segmentMs - jitter
  }

  /** Closes the active segment, so that retention and compaction may have it; false when there is nothing in it. */
  roll(): boolean {
    const active = this.segments.at(-1)
    if (!active || active.size === 0) return false
    active.seal()
    this.segments.push(new Segment(this.#environment, this.folder, active.nextOffset))
    return true
  }

  /**
   * Whole batches from the one that holds `fromOffset` on, up to `limitBytes`, none that begins at or behind `untilOffset`.
   * With `atLeastOne` the first batch comes even if it is larger. The bytes are a view or the caller's own.
   */
  read(fromOffset: number, limitBytes: number, untilOffset: number, atLeastOne: boolean): Buffer {
    const maxBytes = Math.max(0, limitBytes)
    for (let index = this.#segmentIndexOf(fromOffset); index < this.segments.length; index++) {
      const segment = this.segments[index]!
      if (segment.baseOffset >= untilOffset) break
      if (segment.nextOffset <= fromOffset) continue
      const found = this.#readSegment(segment, fromOffset, maxBytes, untilOffset, atLeastOne)
      // Compaction may have removed everything from the offset to the end of the segment.
      if (found) return found
    }
    return noBytes
  }

  #readSegment(
    segment: Segment,
    fromOffset: number,
    maxBytes: number,
    untilOffset: number,
    atLeastOne: boolean,
  ): Buffer | undefined {
    const known = this.#readEnds.find((end) => end.offset === fromOffset && end.segment === segment)
    let position = known?.position ?? segment.positionBefore(fromOffset)
    let wanted = known ? Math.max(maxBytes, batchHeaderBytes) : maxBytes + indexSlackBytes
    while (position < segment.size) {
      const bytes = segment.file.readAt(position, Math.min(wanted, segment.size - position))
      let at = 0
      while (bytes.length - at >= batchHeaderBytes && nextOffsetAt(bytes, at) <= fromOffset) {
        at += checkedSizeAt(bytes, at, segment, position + at)
      }
      if (bytes.length - at < batchHeaderBytes) {
        if (position + Math.max(at, bytes.length) >= segment.size) return undefined
        position += at
        continue
      }
      if (baseOffsetAt(bytes, at) >= untilOffset) return noBytes
      const first = checkedSizeAt(bytes, at, segment, position + at)
      if (first > maxBytes && !atLeastOne) return noBytes
      if (first > bytes.length - at) {
        position += at
        wanted = Math.max(first, maxBytes)
        continue
      }
      const end = lastWholeBatch(bytes, at, Math.max(first, maxBytes), untilOffset, segment, position)
      segment.checkBatches(position + at, position + end.at)
      this.#rememberEnd({ offset: end.nextOffset, segment, position: position + end.at })
      return bytes.subarray(at, end.at)
    }
    return undefined
  }

  /**
   * What `read` would give, as a stretch of the file that is read when it is sent. Its end is found in the index: it may hold
   * a little less than fits. Undefined where there is little to read, or the index does not know enough.
   */
  range(fromOffset: number, limitBytes: number, untilOffset: number): LogRange | undefined {
    const segment = this.segments[this.#segmentIndexOf(fromOffset)]
    if (!segment?.file.range || limitBytes < rangeFromBytes || segment.nextOffset <= fromOffset) return undefined
    if (segment.size < rangeFromBytes) return undefined
    const start = this.#startOf(segment, fromOffset)
    if (start === undefined) return undefined
    const end = segment.boundaryBefore(start + limitBytes, untilOffset)
    const length = end.position - start
    if (length < rangeFromBytes) return undefined
    segment.checkBatches(start, end.position)
    this.#rememberEnd({ offset: end.nextOffset, segment, position: end.position })
    return { records: segment.file.range(start, length), nextOffset: end.nextOffset }
  }

  /** Where the batch begins that holds the offset. */
  #startOf(segment: Segment, fromOffset: number): number | undefined {
    const known = this.#readEnds.find((end) => end.offset === fromOffset && end.segment === segment)
    if (known) return known.position
    const indexed = segment.positionOf(fromOffset)
    if (indexed !== undefined) return indexed
    const position = segment.positionBefore(fromOffset)
    const bytes = segment.file.readAt(position, indexSlackBytes)
    for (let at = 0; bytes.length - at >= batchHeaderBytes; at += checkedSizeAt(bytes, at, segment, position + at)) {
      if (nextOffsetAt(bytes, at) > fromOffset) return position + at
    }
    return undefined
  }

  #rememberEnd(end: ReadEnd): void {
    this.#readEnds[this.#nextReadEnd] = end
    this.#nextReadEnd = (this.#nextReadEnd + 1) % rememberedReads
  }

  /** Visits whole batches from the one that holds `fromOffset` on. */
  walk(fromOffset: number, visit: BatchVisitor): void {
    let stopped = false
    for (let index = this.#segmentIndexOf(fromOffset); index < this.segments.length && !stopped; index++) {
      const segment = this.segments[index]!
      if (segment.nextOffset <= fromOffset) continue
      walkKnownBatches(segment, segment.positionBefore(fromOffset), (bytes, at, size, position) => {
        if (nextOffsetAt(bytes, at) <= fromOffset) return true
        stopped = !visit(bytes, at, size, position)
        return !stopped
      })
    }
  }

  /** The first batch from `fromOffset` on that has a record at `timestampMs` or later. */
  firstBatchSince(timestampMs: number, fromOffset: number): Buffer | undefined {
    let found: Buffer | undefined
    for (const segment of this.segments) {
      if (segment.nextOffset <= fromOffset || segment.maxTimestampMs < timestampMs) continue
      walkKnownBatches(segment, segment.positionBeforeTime(timestampMs), (bytes, at, size) => {
        if (maxTimestampAt(bytes, at) < timestampMs || nextOffsetAt(bytes, at) <= fromOffset) return true
        found = Buffer.from(bytes.subarray(at, at + size))
        return false
      })
      if (found) return found
    }
    return undefined
  }

  get maxTimestampMs(): number {
    let max = -1
    for (const segment of this.segments) max = Math.max(max, segment.maxTimestampMs)
    return max
  }

  /** Removes everything from the first batch on that begins at or behind `offset`. */
  truncateTo(offset: number): void {
    this.#forgetReads()
    // One stays, if need be empty: it says where offsets go on when everything before them has been deleted.
    while (this.segments.length > 1 && this.segments.at(-1)!.baseOffset >= offset) this.segments.pop()!.delete()
    const last = this.segments.at(-1)
    if (!last || last.nextOffset <= offset) return
    let cut = last.size
    let nextOffset = last.nextOffset
    walkKnownBatches(last, last.positionBefore(offset), (bytes, at, _size, position) => {
      if (nextOffsetAt(bytes, at) <= offset) return true
      cut = position
      nextOffset = baseOffsetAt(bytes, at)
      return false
    })
    last.truncate(cut, nextOffset)
  }

  /** Deletes whole segments before `offset`, never the active one; returns how many. */
  deleteBefore(offset: number): number {
    let count = 0
    while (this.segments.length > 1 && this.segments[1]!.baseOffset <= offset) {
      this.segments.shift()!.delete()
      count++
    }
    if (count > 0) this.#forgetReads()
    return count
  }

  /** Begins anew at `offset` with an empty log. */
  resetTo(offset: number): void {
    this.#forgetReads()
    for (const segment of this.segments) segment.delete()
    this.segments = [new Segment(this.#environment, this.folder, offset)]
  }

  /** Offsets go on at `offset`: what lies between is lost, and its offsets must not be given again. */
  skipTo(offset: number): void {
    const { active } = this
    if (active?.size === 0) {
      this.segments.pop()
      active.delete()
    } else active?.markSealed()
    const next = new Segment(this.#environment, this.folder, offset)
    // There must be a file that says so after a crash.
    next.file.append(Buffer.alloc(0))
    this.segments.push(next)
  }

  /** Puts one segment in the place of neighbours; compaction. */
  replace(group: readonly Segment[], successor: Segment): void {
    this.#forgetReads()
    this.segments.splice(this.segments.indexOf(group[0]!), group.length, successor)
  }

  checkpoint(): SegmentCheckpoint[] {
    return this.segments.map(({ baseOffset, size, nextOffset, maxTimestampMs, createdAtMs }) => {
      return { baseOffset, size, nextOffset, maxTimestampMs, createdAtMs }
    })
  }

  #forgetReads(): void {
    this.#readEnds = []
    this.#nextReadEnd = 0
  }

  /** The last segment that begins at or before the offset. */
  #segmentIndexOf(offset: number): number {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.segments[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** A number from 0 to below 1 that looks like chance and is always the same for a name. */
function fractionOf(name: string): number {
  return crc32c(Buffer.from(name)) / 2 ** 32
}

/** Where the last whole batch ends that fits into `maxBytes` from `start` on and begins before `untilOffset`. */
function lastWholeBatch(
  bytes: Buffer,
  start: number,
  maxBytes: number,
  untilOffset: number,
  segment: Segment,
  position: number,
): { at: number; nextOffset: number } {
  let at = start
  let nextOffset = 0
  while (bytes.length - at >= batchHeaderBytes) {
    const size = checkedSizeAt(bytes, at, segment, position + at)
    if (at - start + size > maxBytes || size > bytes.length - at || baseOffsetAt(bytes, at) >= untilOffset) break
    nextOffset = nextOffsetAt(bytes, at)
    at += size
  }
  return { at, nextOffset }
}
