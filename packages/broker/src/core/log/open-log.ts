import type { MillraceError } from '@millrace/base'
import { brokerError } from '../../errors.ts'
import type { PartitionLog, SegmentCheckpoint } from './partition-log.ts'
import { Segment, type SegmentEnvironment, segmentName } from './segment.ts'

/** Takes a clean stop's word for the segments; false when the files are not as it says. */
export function openFromCheckpoint(
  environment: SegmentEnvironment,
  log: PartitionLog,
  checkpoint: readonly SegmentCheckpoint[],
): boolean {
  const segments = checkpoint.map((known) => {
    const segment = new Segment(environment, log.folder, known.baseOffset)
    segment.adopt(known)
    return segment
  })
  if (segments.some((segment, index) => segment.size !== checkpoint[index]!.size)) return false
  sealAllButLast(segments)
  log.segments = segments
  return true
}

/**
 * Finds the segments of a partition after a stop that was not clean. A segment whose index file fits was synced before that
 * was written; any other is read, and cut behind its last whole batch. What lies behind a cut is deleted: offsets
 * in a log have no holes that nobody made. Returns the bytes cut off.
 */
export function recoverLog(environment: SegmentEnvironment, log: PartitionLog, nowMs: number): number {
  const { storage } = environment
  const names = storage.list(log.folder)
  for (const name of names.filter((one) => one.endsWith('.cleaned'))) storage.delete(`${log.folder}/${name}`)
  const baseOffsets = names
    .filter((name) => /^\d{20}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b)
  const segments: Segment[] = []
  let cutBytes = 0
  for (const [index, baseOffset] of baseOffsets.entries()) {
    const segment = new Segment(environment, log.folder, baseOffset)
    const isLast = index === baseOffsets.length - 1
    const previous = segments.at(-1)
    if (cutBytes > 0 || (previous && previous.nextOffset > baseOffset)) {
      segment.delete()
      continue
    }
    if (isLast || !segment.restore()) {
      cutBytes += segment.rebuild({ verify: true })
      segment.createdAtMs = nowMs
    }
    segments.push(segment)
  }
  sealAllButLast(segments)
  log.segments = segments
  return cutBytes
}

/**
 * What a log has lost of what a clean stop has noted: files that have gone or are shorter than they were. Undefined when nothing.
 */
export function lossSince(log: PartitionLog, checkpoint: readonly SegmentCheckpoint[]): MillraceError | undefined {
  const found = new Map(log.segments.map((segment) => [segment.baseOffset, segment.size]))
  const short = checkpoint.filter(({ baseOffset, size }) => (found.get(baseOffset) ?? 0) < size)
  const [first] = short
  if (!first) return undefined
  const bytes = short.reduce((sum, { baseOffset, size }) => sum + size - (found.get(baseOffset) ?? 0), 0)
  const path = `${log.folder}/${segmentName(first.baseOffset)}.log`
  const position = found.get(first.baseOffset) ?? 0
  const message = `${path} has ended at byte ${position} since the last clean stop: ${bytes} bytes of the partition are lost`
  return brokerError('BROKER_DATA_DAMAGED', message, { path, position, bytes })
}

function sealAllButLast(segments: readonly Segment[]): void {
  for (const segment of segments.slice(0, -1)) segment.markSealed()
}
