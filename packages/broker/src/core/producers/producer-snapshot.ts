import { crc32c } from '@millrace/protocol'
import type { ProducerEntry } from './producer-entry.ts'
import type { AbortedRange } from './types.ts'

/** Of the bytes below; a newer one is refused, and the state is then rebuilt from the log. */
export const producerSnapshotVersion = 2

export interface ProducerSnapshot {
  readonly entries: ProducerEntry[]
  /** Producer id and first offset of the open transactions, by first offset. */
  readonly open: [number, number][]
  readonly aborted: readonly AbortedRange[]
}

const headerBytes = 6

/** int16 version, uint32 CRC-32C of the rest, JSON. */
export function encodeSnapshot(snapshot: ProducerSnapshot): Buffer {
  const body = Buffer.from(JSON.stringify(snapshot))
  const bytes = Buffer.allocUnsafe(headerBytes + body.length)
  bytes.writeInt16BE(producerSnapshotVersion, 0)
  bytes.writeUInt32BE(crc32c(body) >>> 0, 2)
  body.copy(bytes, headerBytes)
  return bytes
}

/** Throws on a damaged snapshot and on one of a newer version. */
export function decodeSnapshot(bytes: Buffer): ProducerSnapshot {
  if (bytes.length < headerBytes) throw new RangeError('producer snapshot is too short')
  const version = bytes.readInt16BE(0)
  if (version !== producerSnapshotVersion) throw new RangeError(`producer snapshot has unknown version ${version}`)
  const body = bytes.subarray(headerBytes)
  if (crc32c(body) >>> 0 !== bytes.readUInt32BE(2)) throw new RangeError('producer snapshot is damaged')
  return JSON.parse(body.toString()) as ProducerSnapshot
}
