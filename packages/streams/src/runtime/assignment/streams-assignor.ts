import type { AssignorMember, GroupAssignor, MemberAssignment } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { taskIdText } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { assignTasks } from './assign-tasks.ts'
import { claimsOf } from './claims.ts'
import { groupLags, hasState } from './group-lags.ts'
import type {
  AssignmentConfig,
  AssignmentInput,
  AssignmentTask,
  GroupAssignment,
  MemberTasks,
  TaskAssignor,
} from './group-model.ts'
import { type PartitionRacks, topicsWithRacks, withRacks } from './partition-racks.ts'
import { inputsOf, parseTaskId, type TopicPartition, tasksOf } from './tasks.ts'
import { shapeOfGroup, topologyShape } from './topology-shape.ts'
import {
  assignmentProtocolVersion,
  decodeHostMap,
  decodeSubscription,
  encodeUserData,
  type HostMap,
  nothingAssigned,
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
  /** In which racks the partitions of topics are; asked for only where it matters. */
  readonly racksOf: (topics: readonly string[]) => Promise<PartitionRacks>
  readonly onAssigned: (hosts: HostMap, generation: number) => void
  readonly onFailure: (error: unknown) => void
  /** Which member this is, for the leader to give itself the probing. */
  readonly selfId: () => string
  /** A planted fault, see `PlantedFaults.movesAtOnce`. */
  readonly movesAtOnce?: boolean
}

/**
 * The partition assignor of a streams application: whole tasks instead of single partitions, so that what is read
 * together stays together. Cooperative (KIP-429): tasks that stay are not interrupted, and one that moves is first taken
 * away; its new owner gets it in the rebalance that follows, when the old one has committed and given it up.
 */
export function streamsAssignor(options: StreamsAssignorOptions): GroupAssignor {
  const { subtopologies, describeSelf, onAssigned } = options
  return {
    name: 'millrace-streams',
    supportedProtocols: ['cooperative'],
    userData: async () => encodeUserData({ version: assignmentProtocolVersion, ...(await describeSelf()) }),
    async assign({ members }) {
      const all = new Map(members.map(({ memberId, userData }) => [memberId, decodeSubscription(userData)]))
      const shape = shapeOfGroup(all.values())
      if (shape !== undefined && shape !== topologyShape(subtopologies)) throw topologyDiffers()
      const isRefused = (memberId: string): boolean => (all.get(memberId)!.shape ?? shape) !== shape
      const accepted = members.filter(({ memberId }) => !isRefused(memberId))
      const subscriptions = new Map(accepted.map(({ memberId }) => [memberId, all.get(memberId)!]))
      const owners = claimsOf(accepted, subtopologies)
      const input = await inputOf(accepted, subscriptions, owners, options)
      const assigned = (options.taskAssignor ?? assignTasks)(input)
      if (options.taskAssignor) check(input, assigned)
      const given = encode(subscriptions, owners, input, assigned, options)
      for (const { memberId } of members) if (isRefused(memberId)) given.set(memberId, refusal)
      return given
    },
    onAssignment(_assignment, userData, generation) {
      // Whom the leader has left out owns nothing.
      onAssigned(userData ? decodeHostMap(userData) : nothingAssigned, generation)
    },
  }
}

const refusal: MemberAssignment = {
  partitions: [],
  userData: encodeUserData({ ...nothingAssigned, refused: true }),
}

/** What a member fails with that runs another topology than its group. */
export function topologyDiffers(): Error {
  return streamsError('STREAMS_TOPOLOGY_DIFFERS', 'the other instances of the application run another topology')
}

async function inputOf(
  members: readonly AssignorMember[],
  subscriptions: ReadonlyMap<string, Subscription>,
  owners: ReadonlyMap<string, string>,
  options: StreamsAssignorOptions,
): Promise<AssignmentInput> {
  const { subtopologies, partitionsOf, config, endsOf, onFailure } = options
  const lags = await groupLags(subscriptions, subtopologies, endsOf, onFailure)
  const racks = await knownRacks(subscriptions, options)
  const tasks = tasksOf(subtopologies, partitionsOf)
    .map(taskIdText)
    .map((task): AssignmentTask => ({ task, isStateful: hasState(subtopologies, task) }))
    .map((task) => (racks ? withRacks(task, racks, subtopologies, partitionsOf) : task))
  return {
    tasks,
    config,
    members: members.map(({ memberId, generationId: generation }) => {
      const { process, promised, standby, tags, rack } = subscriptions.get(memberId)!
      // What was promised was found ready then. To look again could find it behind by what its owner did last, and give it
      // back for ever.
      const due = promised.filter((task) => !owners.has(task))
      return {
        memberId,
        process,
        owned: [...[...owners].filter(([, owner]) => owner === memberId).map(([task]) => task), ...due],
        generation,
        standby,
        lags: new Map([...lags.get(memberId)!, ...due.map((task) => [task, 0] as const)]),
        tags,
        ...(rack !== undefined && { rack }),
      }
    }),
  }
}

/** Undefined where they do not matter, or cannot be found out: tasks are placed without them then. */
async function knownRacks(
  subscriptions: ReadonlyMap<string, Subscription>,
  { subtopologies, config, racksOf, onFailure }: StreamsAssignorOptions,
): Promise<PartitionRacks | undefined> {
  const { rackAwareAssignmentStrategy: strategy = 'none' } = config
  if (strategy === 'none' || [...subscriptions.values()].some(({ rack }) => rack === undefined)) return undefined
  return racksOf(topicsWithRacks(subtopologies)).catch((error: unknown) => {
    onFailure(error)
    return undefined
  })
}

/** What becomes of the tasks of a member in this rebalance. */
interface Given extends MemberTasks {
  /** Its own after this rebalance, once their owners have given them up. */
  readonly promised: readonly string[]
}

/** What somebody else still has is given to nobody (KIP-429). */
function heldBack(
  memberId: string,
  { active, standby, warmup }: MemberTasks,
  owners: ReadonlyMap<string, string>,
  { tasks, members }: AssignmentInput,
): Given {
  const isElsewhere = (task: string): boolean => (owners.get(task) ?? memberId) !== memberId
  const promised = active.filter(isElsewhere)
  const processOf = new Map(members.map((member) => [member.memberId, member.process]))
  // Until then the copy that it has follows its changelog. Threads of one process share the disk, and with it the one copy.
  const follows = (task: string): boolean =>
    tasks.some((one) => one.task === task && one.isStateful) &&
    processOf.get(owners.get(task) ?? '') !== processOf.get(memberId)
  return {
    active: active.filter((task) => !isElsewhere(task)),
    standby: [...standby, ...promised.filter(follows)],
    warmup,
    promised,
  }
}

function encode(
  subscriptions: ReadonlyMap<string, Subscription>,
  owners: ReadonlyMap<string, string>,
  input: AssignmentInput,
  { members, needsProbing }: GroupAssignment,
  { selfId, subtopologies, partitionsOf, movesAtOnce }: StreamsAssignorOptions,
): Map<string, MemberAssignment> {
  const current = movesAtOnce ? new Map<string, string>() : owners
  const given = new Map([...members].map(([memberId, own]) => [memberId, heldBack(memberId, own, current, input)]))
  const byHost = (tasksOfMember: (own: Given) => readonly string[]): [string, readonly string[]][] => {
    const hosts = new Map<string, string[]>()
    for (const [memberId, own] of given) {
      const host = subscriptions.get(memberId)?.host
      if (host) hosts.set(host, [...(hosts.get(host) ?? []), ...tasksOfMember(own)])
    }
    return [...hosts]
  }
  const common = {
    version: assignmentProtocolVersion,
    hosts: byHost(({ active, promised }) => [...active, ...promised]),
    standbyHosts: byHost(({ standby, warmup, promised }) =>
      [...standby, ...warmup].filter((task) => !promised.includes(task)),
    ),
  }
  const self = selfId()
  const shutdown = [...subscriptions.values()].some(({ shutdown }) => shutdown === true)
  const isMoving = [...given.values()].some(({ promised }) => promised.length > 0)
  return new Map(
    [...given].map(([memberId, { active, standby, warmup, promised }]) => [
      memberId,
      {
        partitions: byTopic(active.flatMap((task) => [...inputsOf(subtopologies, parseTaskId(task), partitionsOf)])),
        userData: encodeUserData({
          ...common,
          owned: [...owners].filter(([, owner]) => owner === memberId).map(([task]) => task),
          promised,
          standby: [...standby, ...warmup],
          warmup,
          // The leader's own: it is the one whose asking always makes a rebalance.
          probes: needsProbing && memberId === self,
          followsUp: isMoving,
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
