import { crc32c } from '@millrace/protocol'

const magic = 0x4d524958
const version = 1
const headerBytes = 56
const entryBytes = 16
const firstCapacity = 8

/** What an index file says about its segment besides the entries. */
export interface SegmentSummary {
  /** Size of the log file the index describes; an index beside a file of another size is void. */
  readonly logBytes: number
  readonly nextOffset: number
  readonly maxTimestampMs: number
  /** When the first batch was appended, by the broker's clock. */
  readonly createdAtMs: number
}

/** A batch that the index knows: its base offset and where it begins. */
export interface IndexEntry {
  readonly relativeOffset: number
  readonly position: number
}

/**
 * Sparse index of one segment: every few kilobytes the offset and position where a batch begins, and the greatest
 * timestamp of everything before it. Serves look-ups by offset and by time.
 */
export class SegmentIndex {
  #offsets = new Uint32Array(0)
  #positions = new Uint32Array(0)
  #timestamps = new Float64Array(0)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(relativeOffset: number, position: number, maxTimestampBefore: number): void {
    if (this.#count === this.#offsets.length) this.#resize(Math.max(firstCapacity, this.#count * 2))
    this.#offsets[this.#count] = relativeOffset
    this.#positions[this.#count] = position
    this.#timestamps[this.#count] = maxTimestampBefore
    this.#count++
  }

  /** A position at or before the batch that holds the offset, close to it. */
  positionBefore(relativeOffset: number): number {
    const at = this.#lastWhere((index) => this.#offsets[index]! <= relativeOffset)
    return at < 0 ? 0 : this.#positions[at]!
  }

  /** The last entry at or before the offset, when there is one. */
  entryBefore(relativeOffset: number): IndexEntry | undefined {
    return this.#entry(this.#lastWhere((index) => this.#offsets[index]! <= relativeOffset))
  }

  /** The last batch that an entry knows and that begins neither behind the position nor behind the offset. */
  boundaryBefore(position: number, relativeOffset: number): IndexEntry | undefined {
    const byPosition = this.#lastWhere((index) => this.#positions[index]! <= position)
    const byOffset = this.#lastWhere((index) => this.#offsets[index]! <= relativeOffset)
    return this.#entry(Math.min(byPosition, byOffset))
  }

  #entry(at: number): IndexEntry | undefined {
    return at < 0 ? undefined : { relativeOffset: this.#offsets[at]!, position: this.#positions[at]! }
  }

  /** A position before which no record is as late as `timestampMs`. */
  positionBeforeTime(timestampMs: number): number {
    const at = this.#lastWhere((index) => this.#timestamps[index]! < timestampMs)
    return at < 0 ? 0 : this.#positions[at]!
  }

  /** Drops entries at or behind a position. */
  truncate(position: number): void {
    this.#count = this.#lastWhere((index) => this.#positions[index]! < position) + 1
  }

  #lastWhere(holds: (index: number) => boolean): number {
    let low = -1
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (holds(middle)) low = middle
      else high = middle - 1
    }
    return low
  }

  #resize(capacity: number): void {
    const offsets = new Uint32Array(capacity)
    const positions = new Uint32Array(capacity)
    const timestamps = new Float64Array(capacity)
    offsets.set(this.#offsets)
    positions.set(this.#positions)
    timestamps.set(this.#timestamps)
    this.#offsets = offsets
    this.#positions = positions
    this.#timestamps = timestamps
  }

  /** The index file: header, entries, CRC-32C of both. Integers are big-endian, 64-bit values doubles. */
  encode(summary: SegmentSummary): Buffer {
    const bytes = Buffer.alloc(headerBytes + this.#count * entryBytes + 4)
    bytes.writeUInt32BE(magic, 0)
    bytes.writeUInt32BE(version, 4)
    bytes.writeDoubleBE(summary.logBytes, 8)
    bytes.writeDoubleBE(summary.nextOffset, 16)
    bytes.writeDoubleBE(summary.maxTimestampMs, 24)
    bytes.writeDoubleBE(summary.createdAtMs, 32)
    bytes.writeUInt32BE(this.#count, 40)
    for (let index = 0; index < this.#count; index++) {
      const at = headerBytes + index * entryBytes
      bytes.writeUInt32BE(this.#offsets[index]!, at)
      bytes.writeUInt32BE(this.#positions[index]!, at + 4)
      bytes.writeDoubleBE(this.#timestamps[index]!, at + 8)
    }
    bytes.writeUInt32BE(crc32c(bytes.subarray(0, bytes.length - 4)), bytes.length - 4)
    return bytes
  }

  /** Undefined for anything but a whole index file of this version: the index is then rebuilt from the log. */
  static decode(bytes: Buffer): { index: SegmentIndex; summary: SegmentSummary } | undefined {
    if (bytes.length < headerBytes + 4 || bytes.readUInt32BE(0) !== magic || bytes.readUInt32BE(4) !== version) {
      return undefined
    }
    const count = bytes.readUInt32BE(40)
    if (bytes.length !== headerBytes + count * entryBytes + 4) return undefined
    if (crc32c(bytes.subarray(0, bytes.length - 4)) !== bytes.readUInt32BE(bytes.length - 4)) return undefined
    const index = new SegmentIndex()
    index.#resize(count)
    for (let entry = 0; entry < count; entry++) {
      const at = headerBytes + entry * entryBytes
      index.add(bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4), bytes.readDoubleBE(at + 8))
    }
    const summary = {
      logBytes: bytes.readDoubleBE(8),
      nextOffset: bytes.readDoubleBE(16),
      maxTimestampMs: bytes.readDoubleBE(24),
      createdAtMs: bytes.readDoubleBE(32),
    }
    return { index, summary }
  }
}
