import { type CompressionType, crc32c, type RecordBatchView } from '@millrace/protocol'
import { compress, compressionTypes, decompress, defaultMaxDecompressedBytes } from '@millrace/protocol/internal'
import { batchHeaderBytes, writeInt64 } from './batch-bytes.ts'

/** How a topic wants its batches compressed; levels as in KIP-390. */
export interface TopicCompression {
  readonly type: CompressionType
  readonly level: number | undefined
}

const lengthPosition = 8
const lengthOverhead = 12
const crcPosition = 17
const attributesPosition = 21
const maxTimestampPosition = 35
const compressionMask = 0x07
const appendTimeBit = 0x08

/** A copy of the batch with the broker's time as the time of every record. */
export function withAppendTime(batch: Buffer, nowMs: number): Buffer {
  const bytes = Buffer.from(batch)
  bytes.writeInt16BE(bytes.readInt16BE(attributesPosition) | appendTimeBit, attributesPosition)
  writeInt64(bytes, nowMs, maxTimestampPosition)
  return renewCrc(bytes)
}

/**
 * The batch compressed as its topic wants it, or as it is when it is that already, whatever its level. The records are not decoded:
 * they are the same bytes under any compression.
 */
export function withCompression(batch: RecordBatchView, wanted: TopicCompression): Buffer {
  const code = compressionTypes.indexOf(wanted.type)
  const bytes = batch.bytes()
  if (batch.compressionCode === code) return bytes
  const records = decompress(batch.compressionCode, bytes.subarray(batchHeaderBytes), defaultMaxDecompressedBytes)
  const changed = Buffer.concat([
    bytes.subarray(0, batchHeaderBytes),
    compress(wanted.type, Buffer.from(records), wanted.level),
  ])
  changed.writeInt32BE(changed.length - lengthOverhead, lengthPosition)
  changed.writeInt16BE((batch.attributes & ~compressionMask) | code, attributesPosition)
  return renewCrc(changed)
}

function renewCrc(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(attributesPosition)), crcPosition)
  return bytes
}
