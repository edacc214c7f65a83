import type { MillraceError } from '@millrace/base'
import { brokerError } from '../../errors.ts'
import { baseOffsetAt, batchHeaderBytes, batchSizeAt, magicAt, nextOffsetAt } from './batch-bytes.ts'

/** What is known of a segment without a look at its batches. */
export interface SegmentBounds {
  readonly path: string
  readonly baseOffset: number
  readonly size: number
  readonly nextOffset: number
}

export function logDamage({ path }: SegmentBounds, position: number, what: string): MillraceError {
  return brokerError('BROKER_DATA_DAMAGED', `${path} is damaged at byte ${position}: ${what}`, { path, position })
}

/**
 * The size of the batch whose header stands in `bytes` at `at`. A log is not read when the broker starts after a clean stop: who
 * comes across bytes that the disk has changed throws BROKER_DATA_DAMAGED here.
 */
export function checkedSizeAt(bytes: Buffer, at: number, segment: SegmentBounds, position: number): number {
  const size = batchSizeAt(bytes, at)
  if (size < batchHeaderBytes || position + size > segment.size) {
    throw logDamage(segment, position, `a batch says it has ${size} bytes`)
  }
  if (magicAt(bytes, at) !== 2) throw logDamage(segment, position, 'no batch begins there')
  const baseOffset = baseOffsetAt(bytes, at)
  if (baseOffset < segment.baseOffset || nextOffsetAt(bytes, at) > segment.nextOffset) {
    throw logDamage(segment, position, `a batch says it begins at offset ${baseOffset}`)
  }
  return size
}
