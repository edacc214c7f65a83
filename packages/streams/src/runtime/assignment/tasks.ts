import type { SubtopologyPlan, TaskId } from '../../core/topology/plan.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Every task of the application, in the order of sub-topology and partition: one per partition of the widest input. */
export function tasksOf(
  subtopologies: readonly SubtopologyPlan[],
  partitionsOf: (topic: string) => number,
): readonly TaskId[] {
  return subtopologies.flatMap(({ id, sourceTopics }) => {
    const partitions = Math.max(0, ...sourceTopics.map(partitionsOf))
    return Array.from({ length: partitions }, (_, partition) => ({ subtopology: id, partition }))
  })
}

/** What a task reads: its partition number of every input that has so many. */
export function inputsOf(
  subtopologies: readonly SubtopologyPlan[],
  task: TaskId,
  partitionsOf: (topic: string) => number,
): readonly TopicPartition[] {
  const plan = subtopologies.find(({ id }) => id === task.subtopology)
  return (plan?.sourceTopics ?? [])
    .filter((topic) => task.partition < partitionsOf(topic))
    .map((topic) => ({ topic, partition: task.partition }))
}

/** Whose input a partition is; undefined for a topic that the application does not read. */
export function taskOf(
  subtopologies: readonly SubtopologyPlan[],
  { topic, partition }: TopicPartition,
): TaskId | undefined {
  const subtopology = subtopologies.find(({ sourceTopics }) => sourceTopics.includes(topic))
  return subtopology && { subtopology: subtopology.id, partition }
}

export function parseTaskId(text: string): TaskId {
  const [subtopology, partition] = text.split('_').map(Number)
  return { subtopology: subtopology ?? 0, partition: partition ?? 0 }
}
