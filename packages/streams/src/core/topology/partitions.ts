import { streamsError } from '../../errors.ts'
import type { SubtopologyPlan, TaskId, TopologyPlan } from './plan.ts'

export interface ResolvedPartitions {
  /** Partition count of every topic that is read, repartition topics and changelogs included. */
  readonly counts: ReadonlyMap<string, number>
  readonly tasks: readonly TaskId[]
}

/**
 * Settles how many partitions the internal topics get and which tasks follow, from the partition counts of the topics
 * that exist: a repartition topic takes its explicit count, else that of the topics it is joined with, else the
 * greatest among the inputs of the sub-topology that writes it. A changelog has one partition per task.
 *
 * @throws STREAMS_SOURCE_TOPIC_MISSING, STREAMS_NOT_COPARTITIONED
 */
export function resolvePartitions(
  plan: TopologyPlan,
  partitionsOf: (topic: string) => number | undefined,
): ResolvedPartitions {
  const counts = new Map<string, number>()
  const missing = plan.sourceTopics.filter((topic) => partitionsOf(topic) === undefined)
  if (missing.length > 0) {
    throw streamsError(
      'STREAMS_SOURCE_TOPIC_MISSING',
      `${plan.applicationId} reads ${missing.join(', ')}, not there yet`,
      {
        application: plan.applicationId,
        topics: missing.join(','),
      },
    )
  }
  for (const topic of plan.sourceTopics) counts.set(topic, partitionsOf(topic)!)
  for (const topic of plan.internalTopics) {
    if (topic.kind === 'repartition' && topic.partitions !== undefined) counts.set(topic.name, topic.partitions)
  }
  settleRepartitionTopics(plan, counts)
  const tasks: TaskId[] = []
  for (const subtopology of plan.subtopologies) {
    checkCopartitioned(plan, subtopology, counts)
    const taskCount = greatest(subtopology.sourceTopics, counts)
    for (let partition = 0; partition < taskCount; partition++) tasks.push({ subtopology: subtopology.id, partition })
    for (const store of subtopology.stores) {
      if (store.changelogTopic !== undefined) counts.set(store.changelogTopic, taskCount)
    }
  }
  return { counts, tasks }
}

/** Repeats until nothing changes: a repartition topic may feed a sub-topology that writes another one. */
function settleRepartitionTopics(plan: TopologyPlan, counts: Map<string, number>): void {
  const open = plan.internalTopics.filter((topic) => topic.kind === 'repartition' && topic.partitions === undefined)
  let before = -1
  while (open.length > 0 && open.length !== before) {
    before = open.length
    for (let at = open.length - 1; at >= 0; at--) {
      const count = countFor(plan, open[at]!.name, counts)
      if (count === undefined) continue
      counts.set(open[at]!.name, count)
      open.splice(at, 1)
    }
  }
  // A cycle can not be built with the DSL: every repartition topic has its writer upstream.
}

function countFor(plan: TopologyPlan, topic: string, counts: Map<string, number>): number | undefined {
  for (const { copartitionGroups } of plan.subtopologies) {
    for (const group of copartitionGroups) {
      if (!group.includes(topic)) continue
      const user = group.find((other) => !isInternal(plan, other) || hasExplicitCount(plan, other))
      if (user !== undefined) return counts.get(user)
      const wanted = group.map((other) => writersCount(plan, other, counts))
      if (wanted.some((count) => count === undefined)) return undefined
      return Math.max(...(wanted as number[]))
    }
  }
  return writersCount(plan, topic, counts)
}

/** The greatest input count of the sub-topologies that write the topic. */
function writersCount(plan: TopologyPlan, topic: string, counts: Map<string, number>): number | undefined {
  let result = 0
  for (const writer of plan.subtopologies) {
    if (!writer.sinkTopics.includes(topic)) continue
    if (writer.sourceTopics.some((source) => !counts.has(source))) return undefined
    result = Math.max(result, greatest(writer.sourceTopics, counts))
  }
  return result
}

function isInternal(plan: TopologyPlan, topic: string): boolean {
  return plan.internalTopics.some((internal) => internal.name === topic)
}

function hasExplicitCount(plan: TopologyPlan, topic: string): boolean {
  return plan.internalTopics.some((internal) => internal.name === topic && internal.partitions !== undefined)
}

function greatest(topics: readonly string[], counts: ReadonlyMap<string, number>): number {
  return topics.reduce((most, topic) => Math.max(most, counts.get(topic) ?? 0), 0)
}

function checkCopartitioned(
  plan: TopologyPlan,
  subtopology: SubtopologyPlan,
  counts: ReadonlyMap<string, number>,
): void {
  for (const group of subtopology.copartitionGroups) {
    const different = new Set(group.map((topic) => counts.get(topic)))
    if (different.size <= 1) continue
    const listed = group.map((topic) => `${topic} (${counts.get(topic)})`).join(', ')
    throw streamsError(
      'STREAMS_NOT_COPARTITIONED',
      `topics that are joined differ in their number of partitions: ${listed}`,
      {
        application: plan.applicationId,
        topics: group.join(','),
      },
    )
  }
}
