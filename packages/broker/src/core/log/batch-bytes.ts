/** Where the fields of a record batch (v2) stand. The log reads and stamps them in place: no object per batch. */
const position = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  lastOffsetDelta: 23,
  maxTimestamp: 35,
} as const

/** Bytes before the first record. */
export const batchHeaderBytes = 61
/** Bytes before what the batch's own length counts. */
const lengthOverhead = 12
const two32 = 4294967296

export function baseOffsetAt(bytes: Buffer, at: number): number {
  return readInt64(bytes, at + position.baseOffset)
}

/** The offset after the batch's last record. */
export function nextOffsetAt(bytes: Buffer, at: number): number {
  return baseOffsetAt(bytes, at) + bytes.readInt32BE(at + position.lastOffsetDelta) + 1
}

/** Size of the whole batch; needs its first 12 bytes. */
export function batchSizeAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at + position.length) + lengthOverhead
}

export function magicAt(bytes: Buffer, at: number): number {
  return bytes[at + position.magic]!
}

export function maxTimestampAt(bytes: Buffer, at: number): number {
  return readInt64(bytes, at + position.maxTimestamp)
}

/** Sets what the CRC does not cover and the log decides. */
export function stampBatch(bytes: Buffer, at: number, baseOffset: number, leaderEpoch: number): void {
  writeInt64(bytes, baseOffset, at + position.baseOffset)
  bytes.writeInt32BE(leaderEpoch, at + position.leaderEpoch)
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * two32 + bytes.readUInt32BE(at + 4)
}

export function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / two32)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * two32, at + 4)
}
