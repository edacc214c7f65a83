import type { BrokerStorage, StorageFile } from '../storage/storage.ts'
import { baseOffsetAt, batchHeaderBytes, batchSizeAt, maxTimestampAt, nextOffsetAt } from './batch-bytes.ts'
import { checkedSizeAt, logDamage } from './log-damage.ts'
import { SegmentIndex } from './segment-index.ts'
import { isWholeBatch, walkBatches } from './walk-batches.ts'

/** Indexes of closed segments kept in memory at once, over all partitions. */
export const maxCachedIndexes = 256

/** What segments share. */
export interface SegmentEnvironment {
  readonly storage: BrokerStorage
  /** Closed segments whose index is in memory, the one used last at the end. */
  readonly indexed: Set<Segment>
  /** Segments that compaction has replaced and whose files are still there. */
  readonly leftovers: Set<Segment>
}

/** Bytes between two index entries where no topic says otherwise: of what compaction writes, and recovery reads. */
const usualIndexIntervalBytes = 4096
/** What is read to look at the header of a batch and, when it is small, at the next ones. */
const headersAtOnceBytes = 2048
/** Offsets within a segment are indexed as 32-bit differences. */
const maxOffsetSpan = 0x7fffffff

/** `00000000000000004711`: what a segment's files are called before the suffix. */
export function segmentName(baseOffset: number): string {
  return String(baseOffset).padStart(20, '0')
}

/** A stretch of one partition's log: a file of whole batches and its index. */
export class Segment {
  readonly baseOffset: number
  file: StorageFile
  /** Bytes of whole batches; what a failed append left behind them does not count. */
  size: number
  /** The offset the next batch gets. */
  nextOffset: number
  /** Greatest timestamp of any record, -1 when empty. */
  maxTimestampMs = -1
  createdAtMs = -1
  readonly #environment: SegmentEnvironment
  readonly #path: string
  #suffix: '.log' | '.cleaned'
  #index: SegmentIndex | undefined
  /** Of the first batch there is an entry, whatever the interval. */
  #unindexedBytes = Number.POSITIVE_INFINITY
  /** What lies before it was written by an earlier process and not read by this one; but for a stretch that has been looked at. */
  #ownFrom = 0
  #checkedFrom = 0
  #checkedTo = 0
  /** Whether appends have ended: then the index may leave memory. */
  #sealed = false
  #deleted = false

  /** `.cleaned`: compaction writes it, and it becomes part of the log once it is published. */
  constructor(
    environment: SegmentEnvironment,
    folder: string,
    baseOffset: number,
    suffix: '.log' | '.cleaned' = '.log',
  ) {
    this.#environment = environment
    this.#path = `${folder}/${segmentName(baseOffset)}`
    this.baseOffset = baseOffset
    this.nextOffset = baseOffset
    this.#suffix = suffix
    this.file = environment.storage.open(this.#path + suffix)
    this.size = this.file.size
    this.#ownFrom = this.size
    if (this.size === 0) this.#index = new SegmentIndex()
  }

  get path(): string {
    return this.#path + this.#suffix
  }

  /**
   * Call before bytes are served that stand between two boundaries of batches. What an earlier process has written is looked at once:
   * one batch must end where the next begins. Throws BROKER_DATA_DAMAGED.
   */
  checkBatches(start: number, end: number): void {
    if (start >= this.#ownFrom || (start >= this.#checkedFrom && end <= this.#checkedTo)) return
    let position = start
    // From header to header: of large batches the rest is not read.
    while (position < end) position = this.#behindBatches(position, end)
    if (position > end) throw logDamage(this, position, 'a batch goes beyond where it ended')
    if (end < this.size) this.#behindBatches(end, end + 1)
    if (start > this.#checkedTo || end < this.#checkedFrom) this.#checkedFrom = this.#checkedTo = start
    this.#checkedFrom = Math.min(this.#checkedFrom, start)
    this.#checkedTo = Math.max(this.#checkedTo, end)
  }

  /** The position behind one batch, or behind a few when they are small, of those that begin before `end`. */
  #behindBatches(position: number, end: number): number {
    const bytes = this.file.readAt(position, headersAtOnceBytes)
    if (bytes.length < batchHeaderBytes) throw logDamage(this, position, 'the file ends there')
    let at = 0
    while (bytes.length - at >= batchHeaderBytes && position + at < end) {
      at += checkedSizeAt(bytes, at, this, position + at)
    }
    return position + at
  }

  hasRoomFor(bytes: number, nextOffset: number, limits: { segmentBytes: number; maxIndexEntries: number }): boolean {
    if (this.size === 0) return true
    if (this.size + bytes > limits.segmentBytes || nextOffset - this.baseOffset > maxOffsetSpan) return false
    // An index that is not in memory is that of a segment nobody has appended to yet.
    return (this.#index?.count ?? 0) < limits.maxIndexEntries
  }

  /** Appends whole, stamped batches. When the device refuses, the file is cut back to what it was and the error thrown. */
  append(bytes: Buffer, nowMs: number, indexIntervalBytes = usualIndexIntervalBytes): void {
    const before = this.size
    this.#loadedIndex()
    if (this.file.size !== before) this.file.truncate(before)
    try {
      this.file.append(bytes)
    } catch (error) {
      this.#cutBack(before)
      throw error
    }
    if (this.createdAtMs < 0) this.createdAtMs = nowMs
    for (let at = 0; at < bytes.length; at += batchSizeAt(bytes, at)) {
      this.#note(bytes, at, before + at, indexIntervalBytes)
    }
    this.size = before + bytes.length
  }

  /** Failing here too is harmless: the next append cuts first, and recovery finds the torn tail. */
  #cutBack(size: number): void {
    try {
      this.file.truncate(size)
    } catch {
      // The error that brought us here is the one to report.
    }
  }

  #note(bytes: Buffer, at: number, position: number, indexIntervalBytes = usualIndexIntervalBytes): void {
    if (this.#unindexedBytes >= indexIntervalBytes) {
      this.#index!.add(baseOffsetAt(bytes, at) - this.baseOffset, position, this.maxTimestampMs)
      this.#unindexedBytes = 0
    }
    this.#unindexedBytes += batchSizeAt(bytes, at)
    this.maxTimestampMs = Math.max(this.maxTimestampMs, maxTimestampAt(bytes, at))
    this.nextOffset = nextOffsetAt(bytes, at)
  }

  /** A position at or before the batch that holds `offset`. */
  positionBefore(offset: number): number {
    return this.#loadedIndex().positionBefore(offset - this.baseOffset)
  }

  /** Where the batch begins whose base offset this is, when the index knows. */
  positionOf(baseOffset: number): number | undefined {
    const entry = this.#loadedIndex().entryBefore(baseOffset - this.baseOffset)
    return entry && this.baseOffset + entry.relativeOffset === baseOffset ? entry.position : undefined
  }

  /** The last boundary of batches that is known at or before a position, with nothing at or behind `untilOffset` before it. */
  boundaryBefore(position: number, untilOffset: number): { position: number; nextOffset: number } {
    const { baseOffset, size, nextOffset } = this
    if (size <= position && nextOffset <= untilOffset) return { position: size, nextOffset }
    const entry = this.#loadedIndex().boundaryBefore(position, untilOffset - baseOffset)
    return entry
      ? { position: entry.position, nextOffset: baseOffset + entry.relativeOffset }
      : { position: 0, nextOffset: baseOffset }
  }

  positionBeforeTime(timestampMs: number): number {
    return this.#loadedIndex().positionBeforeTime(timestampMs)
  }

  /** Cuts everything from `position` on, where a batch begins that has `nextOffset` as its first offset. */
  truncate(position: number, nextOffset: number): void {
    this.file.truncate(position)
    this.size = position
    this.nextOffset = nextOffset
    this.#index = undefined
    this.#environment.indexed.delete(this)
    this.#environment.storage.delete(`${this.#path}.index`)
    this.rebuild({ verify: false })
  }

  /**
   * Reads the file from its start and builds the index anew. With `verify` every CRC is checked and the file is cut behind
   * the last whole batch; returns the number of bytes cut.
   */
  rebuild(options: { verify: boolean }): number {
    const { size: knownSize, nextOffset: knownNextOffset, maxTimestampMs: knownMaxTimestampMs } = this
    this.#index = new SegmentIndex()
    this.#unindexedBytes = Number.POSITIVE_INFINITY
    this.maxTimestampMs = -1
    this.nextOffset = this.baseOffset
    const fileBytes = options.verify ? this.file.size : knownSize
    const end = walkBatches(this.file, 0, fileBytes, (bytes, at, size, position) => {
      if (options.verify && (baseOffsetAt(bytes, at) < this.nextOffset || !isWholeBatch(bytes, at, size))) return false
      this.#note(bytes, at, position)
      return true
    })
    if (!options.verify && end < fileBytes) {
      // Damaged since it was known to be whole: who reads there is told, and nothing behind it is given up.
      this.nextOffset = knownNextOffset
      this.maxTimestampMs = Math.max(this.maxTimestampMs, knownMaxTimestampMs)
      this.#unindexedBytes = Number.POSITIVE_INFINITY
      return 0
    }
    this.size = end
    this.#ownFrom = 0
    if (end < fileBytes) this.file.truncate(end)
    return fileBytes - end
  }

  /** Takes the index file's word for what the log file holds, CRCs included; false when there is none that fits the log file. */
  restore(): boolean {
    const bytes = this.#environment.storage.readFile(`${this.#path}.index`)
    const stored = bytes && SegmentIndex.decode(bytes)
    if (!stored || stored.summary.logBytes !== this.file.size) return false
    this.size = stored.summary.logBytes
    this.adopt(stored.summary)
    this.#index = stored.index
    this.#cache()
    return true
  }

  /** Says that no append follows, of a segment that was sealed before this process began. */
  markSealed(): void {
    this.#sealed = true
    if (this.#index) this.#cache()
  }

  /** What a checkpoint knows about the segment, so that starting need not read its files. */
  adopt(summary: { nextOffset: number; maxTimestampMs: number; createdAtMs: number }): void {
    this.nextOffset = summary.nextOffset
    this.maxTimestampMs = summary.maxTimestampMs
    this.createdAtMs = summary.createdAtMs
  }

  /**
   * Ends writing: once the log is on the device, the index is written, so that an index file vouches for its log. The index
   * is derived: when it cannot be written it is rebuilt later.
   */
  seal(): void {
    this.#sealed = true
    this.file.sync((error) => {
      if (!error && !this.#isGone()) this.writeIndex()
      this.file.close()
    })
    this.#cache()
  }

  /** Segment or topic may be deleted before the log is on the device: an index written then would stay, and its folder with it. */
  #isGone(): boolean {
    const folder = this.#path.slice(0, this.#path.lastIndexOf('/'))
    return this.#deleted || this.#environment.storage.list(folder).length === 0
  }

  writeIndex(): void {
    const { nextOffset, maxTimestampMs, createdAtMs } = this
    const index = this.#index
    // One entry says nothing that the log's beginning does not.
    if (!index || index.count < 2) return
    try {
      const file = this.#environment.storage.open(`${this.#path}.index`)
      file.truncate(0)
      file.append(index.encode({ logBytes: this.size, nextOffset, maxTimestampMs, createdAtMs }))
      file.close()
    } catch {
      // Without an index file the next start reads the log instead.
    }
  }

  deleteIndex(): void {
    this.#environment.indexed.delete(this)
    this.#environment.storage.delete(`${this.#path}.index`)
  }

  delete(): void {
    this.#deleted = true
    this.#environment.indexed.delete(this)
    const suffixes = this.#suffix === '.log' ? ['.index', '.producers', '.log'] : [this.#suffix]
    for (const suffix of suffixes) this.#environment.storage.delete(this.#path + suffix)
  }

  /** Takes the place of the log file of the same name. */
  publish(): void {
    this.file.close()
    this.#environment.storage.rename(this.#path + this.#suffix, `${this.#path}.log`)
    this.#suffix = '.log'
    this.file = this.#environment.storage.open(`${this.#path}.log`)
  }

  #loadedIndex(): SegmentIndex {
    if (this.#index) {
      if (this.#environment.indexed.delete(this)) this.#environment.indexed.add(this)
      return this.#index
    }
    if (!this.restore()) {
      const { createdAtMs } = this
      this.rebuild({ verify: false })
      this.createdAtMs = createdAtMs
      this.#cache()
    }
    return this.#index!
  }

  #cache(): void {
    if (!this.#sealed) return
    const { indexed } = this.#environment
    indexed.add(this)
    if (indexed.size <= maxCachedIndexes) return
    const [oldest] = indexed
    indexed.delete(oldest!)
    oldest!.#index = undefined
  }
}
