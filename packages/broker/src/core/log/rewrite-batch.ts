import { crc32c, RecordBatchBuilder, type RecordBatchView } from '@millrace/protocol'
import { batchHeaderBytes, writeInt64 } from './batch-bytes.ts'

/** Which record of a batch stays; offsets are absolute. */
export type KeepRecord = (offset: number, key: Buffer | null, isTombstone: boolean) => boolean

const lengthPosition = 8
const lengthOverhead = 12
const attributesPosition = 21
const baseTimestampPosition = 27
const recordCountPosition = 57
const compressionMask = 0x07
const maxTimestampPosition = 35
const crcPosition = 17
const deleteHorizonFlag = 0x40
const appendTimeFlag = 0x08

/**
 * Copies the records of a batch that stay, at their offsets and with everything the batch's header says. A batch that gets
 * its delete horizon here is written anew even when all stays: the horizon stands where the base timestamp was (KIP-534).
 * Undefined when no record is left.
 */
export function rewriteBatch(
  batch: RecordBatchView,
  keep: KeepRecord,
  newHorizonMs: number | undefined,
): Buffer | undefined {
  const { baseOffset } = batch
  let kept = 0
  let tombstones = 0
  const stays: boolean[] = []
  for (const cursor = batch.cursor(); cursor.next(); ) {
    const isTombstone = cursor.valueLength < 0
    const one = keep(cursor.offset, cursor.keyBytes(), isTombstone)
    stays.push(one)
    if (one) kept++
    if (one && (isTombstone || batch.isControl)) tombstones++
  }
  if (kept === 0) return undefined
  const horizonMs = batch.deleteHorizonMs ?? (tombstones > 0 ? newHorizonMs : undefined)
  if (kept === stays.length && horizonMs === batch.deleteHorizonMs) return batch.bytes()

  const builder = new RecordBatchBuilder({
    compression: batch.compression,
    initialBytes: batch.sizeInBytes + 64,
    ...(horizonMs !== undefined && { baseTimestamp: horizonMs }),
  })
  let index = 0
  for (const cursor = batch.cursor(); cursor.next(); ) {
    if (!stays[index++]) continue
    const headers = cursor.headers()
    builder.appendAt(cursor.offset - baseOffset, cursor.timestamp, cursor.keyBytes(), cursor.valueBytes(), headers)
  }
  const bytes = builder.build({
    baseOffset,
    lastOffsetDelta: batch.lastOffsetDelta,
    leaderEpoch: batch.leaderEpoch,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.isTransactional,
    control: batch.isControl,
  })
  restamp(bytes, batch, horizonMs !== undefined)
  return bytes
}

/** The batch's header without a record: what is left of a producer's last batch, for its epoch and sequences. */
export function emptyBatch(batch: RecordBatchView): Buffer {
  if (batch.recordCount === 0) return batch.bytes()
  const bytes = Buffer.from(batch.bytes().subarray(0, batchHeaderBytes))
  bytes.writeInt32BE(batchHeaderBytes - lengthOverhead, lengthPosition)
  bytes.writeInt16BE(batch.attributes & ~(compressionMask | deleteHorizonFlag), attributesPosition)
  writeInt64(bytes, -1, baseTimestampPosition)
  bytes.writeInt32BE(0, recordCountPosition)
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesPosition)), crcPosition)
  return bytes
}

/** Sets what a builder does not know: the broker's time and the mark of a delete horizon. */
function restamp(bytes: Buffer, batch: RecordBatchView, hasHorizon: boolean): void {
  const appendTime = batch.timestampType === 'logAppendTime'
  if (!appendTime && !hasHorizon) return
  const flags = (appendTime ? appendTimeFlag : 0) | (hasHorizon ? deleteHorizonFlag : 0)
  bytes.writeInt16BE(bytes.readInt16BE(attributesPosition) | flags, attributesPosition)
  if (appendTime) writeInt64(bytes, batch.maxTimestamp, maxTimestampPosition)
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesPosition)), crcPosition)
}
