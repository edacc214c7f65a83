import type { TaskChangelog } from '../core/task.ts'
import { streamsError } from '../errors.ts'
import type { ChangelogBounds } from './topics/changelog-bounds.ts'

export interface ChangelogQuestion {
  readonly changelog: TaskChangelog
  /** The id of the topic that the store was filled from; undefined for a store that is new. */
  readonly knownTopicId: string | undefined
  readonly bounds: ChangelogBounds
  /** Whether old records leave the changelog by age: then a store that stands before its beginning misses expired ones only. */
  readonly expires: boolean
  /** Whether the task's progress in its inputs was committed: what they have brought into the state cannot be read again. */
  readonly hasProgress: boolean
}

/** Where restoring begins, and whether the store must be emptied first. */
export interface ChangelogStart {
  readonly offset: number
  readonly wipes: boolean
}

/**
 * Decides whether a store and its changelog still belong together. A changelog that was created anew, lost its end, or
 * lost records that the store has not seen, no longer holds what the task's committed offsets say was processed. To
 * empty the store then and fill it from what is left would lose state silently, the last copy of it perhaps. So that is an
 * error, unless the task begins from nothing anyway.
 *
 * @throws STREAMS_CHANGELOG_LOST
 */
export function changelogStart(question: ChangelogQuestion): ChangelogStart {
  const { changelog, bounds, hasProgress, expires } = question
  const { checkpoint, topic, partition, store } = changelog
  const { begin, end } = bounds
  if (checkpoint === undefined) return { offset: begin, wipes: true }
  const problem = problemOf(question)
  if (problem === undefined) return { offset: checkpoint, wipes: false }
  if (!hasProgress || (expires && problem === 'beginning')) return { offset: begin, wipes: true }
  const what = {
    recreated: 'was deleted and created again',
    end: `ends at ${end}`,
    beginning: `begins at ${begin}`,
  }[problem]
  throw streamsError(
    'STREAMS_CHANGELOG_LOST',
    `${topic}-${partition} ${what}, but store ${store} stands at ${checkpoint}`,
    { topic, partition, store, checkpoint, begin, end },
  )
}

function problemOf({
  changelog,
  knownTopicId,
  bounds,
}: ChangelogQuestion): 'recreated' | 'end' | 'beginning' | undefined {
  const checkpoint = changelog.checkpoint ?? 0
  if (knownTopicId !== undefined && bounds.topicId !== undefined && knownTopicId !== bounds.topicId) return 'recreated'
  if (checkpoint > bounds.end) return 'end'
  return checkpoint < bounds.begin ? 'beginning' : undefined
}
