import { murmur2 } from '@millrace/protocol'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { runsHere, type Subscription } from './user-data.ts'

/** What tasks and their state follow from, in short: all instances of an application have it in common. */
export function topologyShape(subtopologies: readonly SubtopologyPlan[]): string {
  const shape = subtopologies.map(({ id, sourceTopics, stores }) => [
    id,
    [...sourceTopics].sort(),
    stores.map(({ name, kind }) => `${name} ${kind}`).sort(),
  ])
  return (murmur2(Buffer.from(JSON.stringify(shape))) >>> 0).toString(16)
}

/**
 * The shape that a group works with: of those that its members have, the one whose members have the most tasks open, else the
 * one that most of them have. Members of earlier releases say nothing of theirs.
 */
export function shapeOfGroup(subscriptions: Iterable<Subscription>): string | undefined {
  const weights = new Map<string, { tasks: number; members: number }>()
  for (const { shape, offsets } of subscriptions) {
    if (shape === undefined) continue
    const weight = weights.get(shape) ?? { tasks: 0, members: 0 }
    const running = Object.values(offsets).filter((sum) => sum === runsHere)
    weights.set(shape, { tasks: weight.tasks + running.length, members: weight.members + 1 })
  }
  const [first] = [...weights].sort(
    ([a, one], [b, other]) => other.tasks - one.tasks || other.members - one.members || (a < b ? -1 : 1),
  )
  return first?.[0]
}
