import type { GroupAssignor } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { taskIdText } from '../../core/topology/plan.ts'
import { assignTasks } from './assign-tasks.ts'
import { inputsOf, parseTaskId, type TopicPartition, tasksOf } from './tasks.ts'
import {
  assignmentProtocolVersion,
  decodeHostMap,
  decodeSubscription,
  encodeUserData,
  type HostMap,
  type Subscription,
} from './user-data.ts'

export interface StreamsAssignorOptions {
  readonly subtopologies: readonly SubtopologyPlan[]
  readonly partitionsOf: (topic: string) => number
  /** What this member says about itself at the moment. */
  readonly describeSelf: () => Omit<Subscription, 'version'>
  readonly onAssigned: (hosts: HostMap, generation: number) => void
}

/**
 * The partition assignor of a streams application: whole tasks instead of single partitions, so that what is read
 * together stays together. Eager: everybody gives up everything for the moment of a rebalance, but stores stay open and a
 * task that comes back goes on where it stood.
 */
export function streamsAssignor(options: StreamsAssignorOptions): GroupAssignor {
  const { subtopologies, partitionsOf, describeSelf, onAssigned } = options
  return {
    name: 'millrace-streams',
    supportedProtocols: ['eager'],
    userData: () => encodeUserData({ version: assignmentProtocolVersion, ...describeSelf() }),
    assign({ members }) {
      const subscriptions = new Map(members.map(({ memberId, userData }) => [memberId, decodeSubscription(userData)]))
      const tasks = tasksOf(subtopologies, partitionsOf).map(taskIdText)
      const assigned = assignTasks(
        tasks,
        [...subscriptions].map(([memberId, { owned, generation, stored }]) => ({
          memberId,
          owned,
          generation,
          stored,
        })),
      )
      const userData = encodeUserData({
        version: assignmentProtocolVersion,
        hosts: [...assigned].flatMap(([memberId, given]) => {
          const host = subscriptions.get(memberId)?.host
          return host ? [[host, given] as const] : []
        }),
      })
      const partitionsFor = (given: readonly string[]): TopicPartition[] =>
        given.flatMap((task) => [...inputsOf(subtopologies, parseTaskId(task), partitionsOf)])
      return new Map(
        [...assigned].map(([memberId, given]) => [memberId, { partitions: byTopic(partitionsFor(given)), userData }]),
      )
    },
    onAssignment(_assignment, userData, generation) {
      if (userData) onAssigned(decodeHostMap(userData), generation)
    },
  }
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}
