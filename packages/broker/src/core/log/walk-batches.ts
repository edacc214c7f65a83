import { crc32c } from '@millrace/protocol'
import type { StorageFile } from '../storage/storage.ts'
import { batchHeaderBytes, batchSizeAt, magicAt } from './batch-bytes.ts'
import { checkedSizeAt, logDamage, type SegmentBounds } from './log-damage.ts'

const blockBytes = 256 * 1024
const crcPosition = 17
const crcCoversFrom = 21

/**
 * Called for every batch: it stands in `bytes` from `at` on, `size` bytes long, and at `position` in the file.
 * Returning false ends the walk before this batch.
 */
export type BatchVisitor = (bytes: Buffer, at: number, size: number, position: number) => boolean

/**
 * Walks the whole batches of a file from `start` to `end`, both where batches begin. Returns the position behind the last
 * one visited: before `end` when the visitor stopped, or where something stands that is no whole batch.
 */
export function walkBatches(file: StorageFile, start: number, end: number, visit: BatchVisitor): number {
  let position = start
  let wanted = blockBytes
  while (position < end) {
    const asked = Math.min(wanted, end - position)
    const bytes = file.readAt(position, asked)
    let at = 0
    let needed = batchHeaderBytes
    while (bytes.length - at >= batchHeaderBytes) {
      needed = batchSizeAt(bytes, at)
      if (needed < batchHeaderBytes || magicAt(bytes, at) !== 2) return position + at
      if (needed > bytes.length - at) break
      if (!visit(bytes, at, needed, position + at)) return position + at
      at += needed
      needed = batchHeaderBytes
    }
    if (at === 0 && position + needed > Math.min(end, file.size)) return position
    // The file has been cut or deleted, and its size is not what was remembered: asking again brings no more.
    if (at === 0 && needed <= asked) return position
    position += at
    wanted = Math.max(blockBytes, needed)
  }
  return position
}

/** The same where everything up to the end is known to have been whole: throws BROKER_DATA_DAMAGED where it is not any more. */
export function walkKnownBatches(
  segment: SegmentBounds & { readonly file: StorageFile },
  start: number,
  visit: BatchVisitor,
  end = segment.size,
): number {
  let stopped = false
  const reached = walkBatches(segment.file, start, end, (bytes, at, size, position) => {
    checkedSizeAt(bytes, at, segment, position)
    stopped = !visit(bytes, at, size, position)
    return !stopped
  })
  if (!stopped && reached < end) throw logDamage(segment, reached, 'no whole batch stands there')
  return reached
}

/** Whether the CRC that the batch carries is that of its bytes. */
export function isWholeBatch(bytes: Buffer, at: number, size: number): boolean {
  return crc32c(bytes.subarray(at + crcCoversFrom, at + size)) === bytes.readUInt32BE(at + crcPosition)
}
