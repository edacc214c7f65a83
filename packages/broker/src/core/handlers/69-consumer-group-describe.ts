import { apis, type ConsumerGroupDescribeResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import type { ConsumerGroup } from '../groups/consumer/consumer-group.ts'
import type { ConsumerMember } from '../groups/consumer/consumer-member.ts'
import { toList } from '../groups/consumer/topic-partitions.ts'
import { onlyOnce } from '../only-once.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { unknownOperations } from './node.ts'
import { servesConsumerGroups } from './serves-consumer-groups.ts'

type Described = MessageInput<ConsumerGroupDescribeResponse['groups'][number]>
type Member = MessageInput<ConsumerGroupDescribeResponse['groups'][number]['members'][number]>
type Assignment = MessageInput<ConsumerGroupDescribeResponse['groups'][number]['members'][number]['assignment']>

/** How members are numbered by the protocol they use (v1, KIP-1099). */
const memberTypes = { classic: 0, consumer: 1 } as const

/** ConsumerGroupDescribe (69), v0 to v1: epochs, assignor, members, what each owns and is to own (KIP-848). */
export const consumerGroupDescribe = handler({
  api: apis.ConsumerGroupDescribe,
  versions: [0, 1],
  kips: [482, 848, 1099],
  handle(request, context) {
    const { core } = context
    const answer = new Deferred<ConsumerGroupDescribeResponse>()
    const groups: Described[] = onlyOnce(request.groupIds, (groupId) => groupId).map((groupId) =>
      describe(groupId, request, context),
    )
    let missing = groups.length + 1
    const finish = (): void => {
      missing--
      if (missing === 0) answer.resolve({ groups })
    }
    groups.forEach(({ groupId = '' }, index) => {
      // What is told is safe, as it is for the members themselves.
      core.groups.whenCommitted(groupId, (errorCode) => {
        if (errorCode !== ErrorCode.NONE) groups[index] = { groupId, errorCode }
        finish()
      })
    })
    finish()
    return answer
  },
})

function describe(
  groupId: string,
  { includeAuthorizedOperations }: { readonly includeAuthorizedOperations: boolean },
  { core, may, rights }: RequestContext,
): Described {
  if (!servesConsumerGroups(core)) return { groupId, errorCode: ErrorCode.UNSUPPORTED_VERSION }
  if (!may(AclOperation.DESCRIBE, ResourceType.GROUP, groupId)) {
    return { groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
  }
  const group = core.groups.group(groupId)
  if (group?.type !== 'consumer') {
    const errorMessage = group ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`
    return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage }
  }
  // Who may not know one of the topics is not told who reads it.
  const isHidden = [...group.subscribedTopics()].some(
    (topic) => !rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic),
  )
  if (isHidden) {
    const errorMessage = 'The group has described topic(s) that the client is not authorized to describe.'
    return { groupId, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage }
  }
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: core.groups.assignorOf(group),
    members: Array.from(group.members.values(), (member) => describeMember(group, member, core)),
    authorizedOperations: includeAuthorizedOperations
      ? rights.operations(ResourceType.GROUP, groupId)
      : unknownOperations,
  }
}

function describeMember(group: ConsumerGroup, member: ConsumerMember, core: BrokerCore): Member {
  const named = (partitions: Parameters<typeof toList>[0]): Assignment => ({
    topicPartitions: toList(partitions)
      .map((one) => ({ ...one, topicName: core.topics.topicById(one.topicId)?.name ?? '' }))
      .filter(({ topicName }) => topicName !== ''),
  })
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames],
    subscribedTopicRegex: member.topicRegex === '' ? null : member.topicRegex,
    assignment: named(member.assigned),
    targetAssignment: named(group.targetOf(member.memberId)),
    memberType: member.classic ? memberTypes.classic : memberTypes.consumer,
  }
}
