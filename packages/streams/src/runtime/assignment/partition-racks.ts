import type { KafkaClient } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { partitionText } from '../active-task.ts'
import type { AssignmentTask } from './group-model.ts'
import type { Racks } from './rack-traffic.ts'
import { inputsOf, parseTaskId, type TopicPartition } from './tasks.ts'

/** By `topic/partition`: the racks that have a replica; nothing for a partition that has one in no rack that is known. */
export type PartitionRacks = ReadonlyMap<string, readonly string[]>

export async function partitionRacks({ admin }: KafkaClient, topics: readonly string[]): Promise<PartitionRacks> {
  const [described, { brokers }] = await Promise.all([
    admin.describeTopics(topics, { ifExists: true }),
    admin.describeCluster(),
  ])
  const rackOf = new Map(brokers.map(({ id, rack }) => [id, rack]))
  const racks = new Map<string, readonly string[]>()
  for (const { name: topic, partitions } of described) {
    for (const { partition, replicas } of partitions) {
      const known = new Set(replicas.map((id) => rackOf.get(id) ?? null))
      racks.set(partitionText({ topic, partition }), known.has(null) ? [] : ([...known] as string[]))
    }
  }
  return racks
}

/** The topics whose racks matter: what is read, and what state is restored from. */
export function topicsWithRacks(subtopologies: readonly SubtopologyPlan[]): readonly string[] {
  return [...new Set(subtopologies.flatMap(({ sourceTopics, stores }) => [...sourceTopics, ...restoredFrom(stores)]))]
}

/** Adds to a task what is known of the racks of its partitions. */
export function withRacks(
  task: AssignmentTask,
  racks: PartitionRacks,
  subtopologies: readonly SubtopologyPlan[],
  partitionsOf: (topic: string) => number,
): AssignmentTask {
  const id = parseTaskId(task.task)
  const { stores = [] } = subtopologies.find(({ id: subtopology }) => subtopology === id.subtopology) ?? {}
  const racksOf = (partitions: readonly TopicPartition[]): Racks =>
    partitions.map((partition) => racks.get(partitionText(partition)) ?? [])
  const changelogs = restoredFrom(stores).map((topic) => ({ topic, partition: id.partition }))
  return {
    ...task,
    inputRacks: racksOf(inputsOf(subtopologies, id, partitionsOf)),
    changelogRacks: racksOf(changelogs),
  }
}

function restoredFrom(stores: SubtopologyPlan['stores']): string[] {
  const topics = stores.flatMap(({ changelogTopic, restoresFrom }) => restoresFrom ?? changelogTopic ?? [])
  return [...new Set(topics)]
}
