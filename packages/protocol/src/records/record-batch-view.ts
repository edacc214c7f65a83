import { decompress } from '../compression/compression.ts'
import { type CompressionType, compressionTypes, defaultMaxDecompressedBytes } from '../compression/types.ts'
import { crc32c } from '../crc32c.ts'
import { protocolError } from '../errors.ts'
import { readInt64, writeInt64 } from '../writer.ts'
import * as layout from './layout.ts'
import { RecordCursor } from './record-cursor.ts'

/**
 * One record batch (magic 2) in place: nothing is copied, every field is read from the bytes when asked for.
 * The view is valid as long as the bytes stay unchanged.
 *
 * @example
 * for (const batch of batchesIn(partition.records)) {
 *   for (const cursor = batch.cursor(); cursor.next(); ) console.log(cursor.offset, cursor.valueBytes())
 * }
 */
export class RecordBatchView {
  /** What the batch lies in. */
  readonly buffer: Buffer
  /** Where in `buffer` the batch begins. */
  readonly start: number
  /** The whole batch, its own first twelve bytes included. */
  readonly sizeInBytes: number

  /** Throws PROTOCOL_MALFORMED when no complete batch of magic 2 begins at `offset`. */
  constructor(buffer: Buffer, offset = 0) {
    const size = completeBatchSize(buffer, offset)
    if (size === undefined) {
      const message = `a record batch is cut off after ${buffer.length - offset} bytes`
      throw protocolError('PROTOCOL_MALFORMED', message, { position: offset })
    }
    const magic = buffer[offset + layout.magicAt]!
    if (magic !== 2) {
      throw protocolError('PROTOCOL_MALFORMED', `a record batch has magic ${magic}, only 2 is served`, { magic })
    }
    this.buffer = buffer
    this.start = offset
    this.sizeInBytes = size
  }

  get baseOffset(): number {
    return readInt64(this.buffer, this.start + layout.baseOffsetAt)
  }

  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta
  }

  /** The offset behind the batch, also where compaction left gaps. */
  get nextOffset(): number {
    return this.lastOffset + 1
  }

  get lastOffsetDelta(): number {
    return this.buffer.readInt32BE(this.start + layout.lastOffsetDeltaAt)
  }

  get leaderEpoch(): number {
    return this.buffer.readInt32BE(this.start + layout.leaderEpochAt)
  }

  get magic(): number {
    return this.buffer[this.start + layout.magicAt]!
  }

  get crc(): number {
    return this.buffer.readUInt32BE(this.start + layout.crcAt)
  }

  get attributes(): number {
    return this.buffer.readInt16BE(this.start + layout.attributesAt)
  }

  get baseTimestamp(): number {
    return readInt64(this.buffer, this.start + layout.baseTimestampAt)
  }

  get maxTimestamp(): number {
    return readInt64(this.buffer, this.start + layout.maxTimestampAt)
  }

  get producerId(): number {
    return readInt64(this.buffer, this.start + layout.producerIdAt)
  }

  get producerEpoch(): number {
    return this.buffer.readInt16BE(this.start + layout.producerEpochAt)
  }

  get baseSequence(): number {
    return this.buffer.readInt32BE(this.start + layout.baseSequenceAt)
  }

  /** Records that the batch says it holds; fewer than offsets after compaction. */
  get recordCount(): number {
    return this.buffer.readInt32BE(this.start + layout.recordCountAt)
  }

  get isTransactional(): boolean {
    return (this.attributes & layout.transactionalFlag) !== 0
  }

  get isControl(): boolean {
    return (this.attributes & layout.controlFlag) !== 0
  }

  /** When tombstones and markers in this batch may go, epoch milliseconds; undefined before the cleaner set it. */
  get deleteHorizonMs(): number | undefined {
    return (this.attributes & layout.deleteHorizonFlag) === 0 ? undefined : this.baseTimestamp
  }

  /** 0 to 4, or a code nobody has defined. */
  get compressionCode(): number {
    return this.attributes & layout.compressionMask
  }

  /** Throws PROTOCOL_UNSUPPORTED_COMPRESSION for a code nobody has defined. */
  get compression(): CompressionType {
    const type = compressionTypes[this.compressionCode]
    if (type) return type
    const message = `compression code ${this.compressionCode} is unknown`
    throw protocolError('PROTOCOL_UNSUPPORTED_COMPRESSION', message, { code: this.compressionCode })
  }

  get timestampType(): 'createTime' | 'logAppendTime' {
    return (this.attributes & layout.appendTimeFlag) === 0 ? 'createTime' : 'logAppendTime'
  }

  /** The bytes of the batch, a view. */
  bytes(): Buffer {
    return this.buffer.subarray(this.start, this.start + this.sizeInBytes)
  }

  isCrcValid(): boolean {
    return this.#computeCrc() === this.crc
  }

  #computeCrc(): number {
    return crc32c(this.buffer.subarray(this.start + layout.attributesAt, this.start + this.sizeInBytes))
  }

  /**
   * Walks the records. Compressed ones are decompressed here, into at most `maxDecompressedBytes`.
   * The CRC is not checked: ask `isCrcValid` first where bytes came from elsewhere.
   */
  cursor(options: { readonly maxDecompressedBytes?: number } = {}): RecordCursor {
    const end = this.start + this.sizeInBytes
    const from = this.start + layout.recordsAt
    const code = this.compressionCode
    const appendTime = this.timestampType === 'logAppendTime' ? this.maxTimestamp : undefined
    const times = { baseTimestamp: this.baseTimestamp, appendTime }
    if (code === 0) return new RecordCursor(this.buffer, from, end, this.recordCount, this.baseOffset, times)
    const limit = options.maxDecompressedBytes ?? defaultMaxDecompressedBytes
    const records = decompress(code, this.buffer.subarray(from, end), limit)
    return new RecordCursor(records, 0, records.length, this.recordCount, this.baseOffset, times)
  }

  /** What a broker sets on append, in place; neither is covered by the CRC. */
  stamp(fields: { readonly baseOffset: number; readonly leaderEpoch: number }): void {
    writeInt64(this.buffer, fields.baseOffset, this.start + layout.baseOffsetAt)
    this.buffer.writeInt32BE(fields.leaderEpoch, this.start + layout.leaderEpochAt)
  }

  /** Sets the append time of topics with `message.timestamp.type=LogAppendTime`, in place, and renews the CRC. */
  stampAppendTime(timestampMs: number): void {
    this.buffer.writeInt16BE(this.attributes | layout.appendTimeFlag, this.start + layout.attributesAt)
    writeInt64(this.buffer, timestampMs, this.start + layout.maxTimestampAt)
    this.buffer.writeUInt32BE(this.#computeCrc(), this.start + layout.crcAt)
  }
}

/** Size of the batch that begins at `offset`; undefined when the bytes end before it does. */
export function completeBatchSize(buffer: Buffer, offset: number): number | undefined {
  if (buffer.length - offset < layout.logOverhead) return undefined
  const length = buffer.readInt32BE(offset + layout.batchLengthAt)
  if (length < layout.recordsAt - layout.logOverhead) {
    const message = `a record batch announces ${length} bytes, fewer than its header has`
    throw protocolError('PROTOCOL_MALFORMED', message, { position: offset, length })
  }
  const size = length + layout.logOverhead
  return size > buffer.length - offset ? undefined : size
}

/**
 * The complete batches in fetched bytes, in order. A batch that is cut off at the end, as fetch answers may have, is
 * left out.
 *
 * Throws PROTOCOL_MALFORMED for garbage and for magic 0 and 1.
 */
export function* batchesIn(buffer: Buffer): Generator<RecordBatchView, void, undefined> {
  for (let at = 0; at < buffer.length; ) {
    if (completeBatchSize(buffer, at) === undefined) return
    const batch = new RecordBatchView(buffer, at)
    yield batch
    at += batch.sizeInBytes
  }
}
