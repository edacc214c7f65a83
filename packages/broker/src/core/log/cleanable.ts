import type { Partition } from '../partition.ts'
import type { Segment } from './segment.ts'

/** What a look at a partition finds worth cleaning. */
export interface CleanableRange {
  /** Closed segments from the beginning of the log on, all of which may be rewritten. */
  readonly segments: readonly Segment[]
  readonly dirtyBytes: number
  readonly dirtyRatio: number
}

/**
 * What could be compacted now: closed segments, before any open transaction, older than `min.compaction.lag.ms`. Undefined when
 * there is nothing new in them.
 */
export function cleanableRange(partition: Partition, nowMs: number): CleanableRange | undefined {
  const { log, config, cleanedUpTo } = partition
  const { active } = log
  // The active segment says where the log ends; without a batch in it, the last one before it does and must stay.
  if (!config.compact || !active || active.size === 0) return undefined
  const bound = partition.lastStableOffset
  const lagMs = config.number('min.compaction.lag.ms')
  const segments: Segment[] = []
  let cleanBytes = 0
  let dirtyBytes = 0
  for (const segment of log.segments) {
    const tooYoung = lagMs > 0 && nowMs - segment.maxTimestampMs < lagMs
    if (segment === active || segment.nextOffset > bound || tooYoung) break
    segments.push(segment)
    if (segment.nextOffset <= cleanedUpTo) cleanBytes += segment.size
    else dirtyBytes += segment.size
  }
  if (dirtyBytes === 0) return undefined
  return { segments, dirtyBytes, dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes) }
}

/** Neighbours that together fit into one segment. */
export function groupsOf(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    const spansTooMuch = group !== undefined && segment.nextOffset - group[0]!.baseOffset > 0x7fffffff
    if (group && bytes + segment.size <= segmentBytes && !spansTooMuch) {
      group.push(segment)
      bytes += segment.size
    } else {
      groups.push([segment])
      bytes = segment.size
    }
  }
  return groups
}
