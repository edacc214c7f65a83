import type { BrokerConfig } from '../../config/broker-config.ts'
import { ClassicGroup } from '../classic-group.ts'
import { newMember } from '../group-member.ts'
import { consumerProtocolType } from '../subscription.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, newConsumerMember } from './consumer-member.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import type { GroupTopics } from './target-assignment.ts'
import { noEpochPartitions, type TopicPartitions, withEpoch } from './topic-partitions.ts'

function allows(config: BrokerConfig, direction: 'upgrade' | 'downgrade'): boolean {
  const policy = config.string('group.consumer.migration.policy')
  return policy === 'bidirectional' || policy === direction
}

/** Why a classic group with members cannot become a consumer group; undefined when it can. */
export function upgradeProblem(group: ClassicGroup, config: BrokerConfig): string | undefined {
  if (!allows(config, 'upgrade')) return 'online upgrade is disabled'
  if (group.protocolType !== consumerProtocolType) return 'the group does not use the consumer embedded protocol'
  if (group.members.size > config.number('group.consumer.max.size')) {
    return 'the group size exceeds the consumer group maximum size'
  }
  return undefined
}

/**
 * The classic group as a consumer group: its generation is the epoch, its assignments are target and present assignment
 * alike, so that nobody has to give anything up for the conversion itself. Undefined when members say what cannot be read.
 */
export function toConsumerGroup(classic: ClassicGroup, topics: GroupTopics): ConsumerGroup | undefined {
  const { generationId } = classic
  const group = new ConsumerGroup(classic.groupId)
  group.groupEpoch = generationId
  group.assignmentEpoch = generationId
  for (const { memberId, groupInstanceId, settings, assignment } of classic.members.values()) {
    const chosen = settings.protocols.find(({ name }) => name === classic.protocolName) ?? settings.protocols[0]
    const subscription = chosen && decodeSubscription(chosen.metadata, topics)
    const assigned = decodeAssignment(assignment, topics)
    if (!subscription || !assigned) return undefined
    const target = withoutOwned(group, assigned)
    group.target.set(memberId, target)
    group.put({
      ...newConsumerMember(memberId),
      instanceId: groupInstanceId,
      rackId: subscription.rackId,
      clientId: settings.clientId,
      clientHost: settings.clientHost,
      topicNames: [...new Set(subscription.topics)].sort(),
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      classic: { sessionTimeoutMs: settings.sessionTimeoutMs, protocols: settings.protocols },
      memberEpoch: generationId,
      previousMemberEpoch: generationId,
      assigned: withEpoch(target, generationId),
    })
  }
  return group
}

/** A classic leader may assign a partition twice; a consumer group knows one owner. */
function withoutOwned(group: ConsumerGroup, assigned: TopicPartitions): TopicPartitions {
  const free = Array.from(assigned, ([topicId, partitions]): [string, Set<number>] => [
    topicId,
    new Set([...partitions].filter((partition) => group.ownerOf(topicId, partition) === undefined)),
  ])
  return new Map(free.filter(([, partitions]) => partitions.size > 0))
}

/** Whether the group is to be a classic one once these members are gone: all others use the classic protocol. */
export function isDowngrade(group: ConsumerGroup, leaving: readonly string[], config: BrokerConfig): boolean {
  const staying = [...group.members.values()].filter(({ memberId }) => !leaving.includes(memberId))
  return (
    staying.length > 0 &&
    staying.every((member) => member.classic !== null) &&
    allows(config, 'downgrade') &&
    staying.length <= config.number('group.max.size')
  )
}

/** The consumer group as a classic one in the generation of its epoch, without the members that leave; blank when it has none. */
export function toClassicGroup(
  group: ConsumerGroup,
  leaving: readonly string[],
  topics: GroupTopics,
  nowMs: number,
): ClassicGroup {
  const classic = new ClassicGroup(group.groupId, nowMs)
  if (group.members.size === 0) return classic
  classic.generationId = group.groupEpoch
  classic.protocolType = consumerProtocolType
  for (const member of group.members.values()) {
    if (!leaving.includes(member.memberId)) classic.add(classicMember(member))
  }
  classic.protocolName = classic.selectProtocol()
  for (const member of classic.members.values()) {
    const [first] = member.settings.protocols
    // What it owns and not what it was to own: if the group is converted back before it has joined again, nobody else may
    // get what it still reads.
    if (first) member.assignment = encodeAssignment(ownedBy(group, member.memberId), first.metadata, topics)
  }
  classic.state = 'Stable'
  return classic
}

function ownedBy(group: ConsumerGroup, memberId: string): TopicPartitions {
  const { assigned = noEpochPartitions, pendingRevocation = noEpochPartitions } = group.members.get(memberId) ?? {}
  const owned = new Map<string, Set<number>>()
  for (const [topicId, partitions] of [...assigned, ...pendingRevocation]) {
    owned.set(topicId, new Set([...(owned.get(topicId) ?? []), ...partitions.keys()]))
  }
  return owned
}

function classicMember(member: ConsumerMember): ReturnType<typeof newMember> {
  const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, classic } = member
  const { sessionTimeoutMs, protocols } = classic!
  const settings = { clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols }
  return { ...newMember(memberId, instanceId, settings), synced: true }
}
