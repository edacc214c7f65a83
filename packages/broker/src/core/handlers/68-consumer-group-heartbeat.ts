import { apis, type ConsumerGroupHeartbeatResponse, ErrorCode } from '@millrace/protocol'
import { fromList } from '../groups/consumer/topic-partitions.ts'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { servesConsumerGroups } from './serves-consumer-groups.ts'

/**
 * ConsumerGroupHeartbeat (68), v0 to v1: members of consumer groups join, say what they subscribe to and own, learn what
 * they are assigned, and leave (KIP-848). Regular expressions and member ids that clients make from v1 (KIP-1082).
 */
export const consumerGroupHeartbeat = handler({
  api: apis.ConsumerGroupHeartbeat,
  versions: [0, 1],
  kips: [482, 848, 1082, 1251],
  leftOut:
    'Racks are kept and not assigned by: there is one node. Each change is assigned at once, not in intervals (KIP-1263).',
  handle(request, { core, apiVersion, clientId, clientHost, may, rights }) {
    const { groupId } = request
    if (!servesConsumerGroups(core)) return { errorCode: ErrorCode.UNSUPPORTED_VERSION }
    if (!may(AclOperation.READ, ResourceType.GROUP, groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
    }
    const topicNames = request.subscribedTopicNames
    // One topic that may not be known refuses them all, so that no partition is read less than its member thinks.
    if (topicNames?.some((name) => !may(AclOperation.DESCRIBE, ResourceType.TOPIC, name))) {
      return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
    }
    const answer = new Deferred<ConsumerGroupHeartbeatResponse>()
    const heartbeat = {
      groupId,
      memberId: request.memberId,
      memberEpoch: request.memberEpoch,
      instanceId: request.instanceId,
      rackId: request.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topicNames,
      topicRegex: apiVersion >= 1 ? request.subscribedTopicRegex : null,
      serverAssignor: request.serverAssignor,
      owned: request.topicPartitions === null ? undefined : fromList(request.topicPartitions),
      clientId: clientId ?? '',
      clientHost,
      requiresMemberId: apiVersion >= 1,
      mayDescribe: (topic: string) => rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic),
    }
    core.groups.consumerHeartbeat(heartbeat, (result) => answer.resolve(result))
    return answer
  },
})
