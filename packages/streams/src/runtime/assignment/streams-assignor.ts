import type { AssignorMember, GroupAssignor, MemberAssignment } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { taskIdText } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { assignTasks } from './assign-tasks.ts'
import { changelogsOf, groupLags } from './group-lags.ts'
import type { AssignmentConfig, AssignmentInput, GroupAssignment, TaskAssignor } from './group-model.ts'
import { inputsOf, parseTaskId, type TopicPartition, tasksOf } from './tasks.ts'
import { shapeOfGroup, topologyShape } from './topology-shape.ts'
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
  readonly config: AssignmentConfig
  /** Decides instead of the built-in assignment. */
  readonly taskAssignor: TaskAssignor | undefined
  /** What this member says about itself at the moment. */
  readonly describeSelf: () => Promise<Omit<Subscription, 'version'>>
  /** Where changelogs end, by `topic/partition`. */
  readonly endsOf: (changelogs: readonly TopicPartition[]) => Promise<ReadonlyMap<string, number>>
  readonly onAssigned: (hosts: HostMap, generation: number) => void
  readonly onFailure: (error: unknown) => void
  /** Which member this is, for the leader to give itself the probing. */
  readonly selfId: () => string
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
    userData: async () => encodeUserData({ version: assignmentProtocolVersion, ...(await describeSelf()) }),
    async assign({ members }) {
      const all = new Map(members.map(({ memberId, userData }) => [memberId, decodeSubscription(userData)]))
      const shape = shapeOfGroup(all.values())
      if (shape !== undefined && shape !== topologyShape(subtopologies)) throw topologyDiffers()
      const isRefused = ({ shape: own = shape }: Subscription): boolean => own !== shape
      const subscriptions = new Map([...all].filter(([, subscription]) => !isRefused(subscription)))
      const input = await inputOf(members, subscriptions, options)
      const assigned = (options.taskAssignor ?? assignTasks)(input)
      if (options.taskAssignor) check(input, assigned)
      const given = encode(subscriptions, assigned, options, (tasks) =>
        byTopic(tasks.flatMap((task) => [...inputsOf(subtopologies, parseTaskId(task), partitionsOf)])),
      )
      for (const [memberId] of [...all].filter(([, subscription]) => isRefused(subscription))) {
        given.set(memberId, refusal)
      }
      return given
    },
    onAssignment(_assignment, userData, generation) {
      if (userData) onAssigned(decodeHostMap(userData), generation)
    },
  }
}

const refusal: MemberAssignment = {
  partitions: [],
  userData: encodeUserData({ version: assignmentProtocolVersion, hosts: [], refused: true }),
}

/** What a member fails with that runs another topology than its group. */
export function topologyDiffers(): Error {
  return streamsError('STREAMS_TOPOLOGY_DIFFERS', 'the other instances of the application run another topology')
}

async function inputOf(
  members: readonly AssignorMember[],
  subscriptions: ReadonlyMap<string, Subscription>,
  { subtopologies, partitionsOf, config, endsOf, onFailure }: StreamsAssignorOptions,
): Promise<AssignmentInput> {
  const lags = await groupLags(subscriptions, subtopologies, endsOf, onFailure)
  const tasks = tasksOf(subtopologies, partitionsOf)
    .map(taskIdText)
    .map((task) => ({ task, isStateful: changelogsOf(subtopologies, task).length > 0 }))
  // A static member keeps its place under a new member id: its instance id tells more.
  const nameOf = new Map(members.map(({ memberId, instanceId }) => [memberId, instanceId ?? memberId]))
  return {
    tasks,
    config,
    members: [...subscriptions].map(([memberId, { owned, generation, process, standby = [], tags = {} }]) => ({
      memberId,
      process: process ?? nameOf.get(memberId) ?? memberId,
      owned,
      generation,
      standby,
      lags: lags.get(memberId)!,
      tags,
    })),
  }
}

function encode(
  subscriptions: ReadonlyMap<string, Subscription>,
  { members, needsProbing }: GroupAssignment,
  { selfId }: StreamsAssignorOptions,
  partitionsFor: (given: readonly string[]) => MemberAssignment['partitions'],
): Map<string, MemberAssignment> {
  const byHost = (tasksOfMember: (memberId: string) => readonly string[]): [string, readonly string[]][] => {
    const hosts = new Map<string, string[]>()
    for (const memberId of members.keys()) {
      const host = subscriptions.get(memberId)?.host
      if (host) hosts.set(host, [...(hosts.get(host) ?? []), ...tasksOfMember(memberId)])
    }
    return [...hosts]
  }
  const common = {
    version: assignmentProtocolVersion,
    hosts: byHost((memberId) => members.get(memberId)!.active),
    standbyHosts: byHost((memberId) => [...members.get(memberId)!.standby, ...members.get(memberId)!.warmup]),
  }
  const self = selfId()
  const shutdown = [...subscriptions.values()].some(({ shutdown }) => shutdown === true)
  return new Map(
    [...members].map(([memberId, { active, standby, warmup }]) => [
      memberId,
      {
        partitions: partitionsFor(active),
        userData: encodeUserData({
          ...common,
          standby: [...standby, ...warmup],
          warmup,
          // The leader's own: it is the one whose asking always makes a rebalance.
          probes: needsProbing && memberId === self,
          ...(shutdown ? { shutdown } : {}),
        }),
      },
    ]),
  )
}

/** @throws STREAMS_ASSIGNMENT_INVALID */
function check({ tasks, members }: AssignmentInput, assigned: GroupAssignment): void {
  const invalid = (what: string): Error => streamsError('STREAMS_ASSIGNMENT_INVALID', `the task assignor ${what}`, {})
  const known = new Set(members.map(({ memberId }) => memberId))
  const open = new Set(tasks.map(({ task }) => task))
  for (const [memberId, { active }] of assigned.members) {
    if (!known.has(memberId)) throw invalid(`gives tasks to ${memberId}, who is not in the group`)
    for (const task of active)
      if (!open.delete(task)) throw invalid(`gives task ${task} twice, or there is no such task`)
  }
  if (open.size > 0) throw invalid(`gives nobody the tasks ${[...open].join(', ')}`)
  const processOf = new Map(members.map(({ memberId, process }) => [memberId, process]))
  const copies = new Set<string>()
  for (const [memberId, { active, standby, warmup }] of assigned.members) {
    for (const task of [...active, ...standby, ...warmup]) {
      const copy = `${processOf.get(memberId)}/${task}`
      if (copies.has(copy)) throw invalid(`gives process ${processOf.get(memberId)} two copies of task ${task}`)
      copies.add(copy)
    }
  }
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}
