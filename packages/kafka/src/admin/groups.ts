import { apis, ErrorCode } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { fetchCommitted } from '../client/committed-offsets.ts'
import { decodeAssignment } from '../consumer/group/consumer-protocol.ts'
import { brokerError, errorCodeOf } from '../errors.ts'
import type { GroupDescription, GroupListing, TopicPartitionOffset } from './types.ts'

/** Every broker knows only the groups that it coordinates. */
export async function listGroups(cluster: Cluster): Promise<GroupListing[]> {
  await cluster.requestRetrying(apis.Metadata, { topics: [] }, { to: 'any' }, (response) => {
    cluster.metadata.update(response, cluster.settings.clock.now())
  })
  const lists = await Promise.all(
    cluster.metadata.nodes.map(({ id }) =>
      cluster.requestRetrying(apis.ListGroups, {}, { to: { node: id } }, ({ errorCode }) => {
        if (errorCode !== 0) throw brokerError(errorCode, 'ListGroups', { node: id })
      }),
    ),
  )
  return lists
    .flatMap(({ groups }) => groups)
    .map(({ groupId, protocolType, groupState: state, groupType }) => ({ groupId, protocolType, state, groupType }))
    .sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

export function describeGroups(cluster: Cluster, groupIds: readonly string[]): Promise<GroupDescription[]> {
  return Promise.all(groupIds.map((groupId) => describeGroup(cluster, groupId)))
}

export function committedOffsets(cluster: Cluster, groupId: string): Promise<TopicPartitionOffset[]> {
  return fetchCommitted(cluster, groupId, undefined)
}

export async function deleteGroups(cluster: Cluster, groupIds: readonly string[]): Promise<void> {
  for (const groupId of groupIds) {
    const to = { coordinator: { type: 'group', key: groupId } } as const
    await cluster.requestRetrying(apis.DeleteGroups, { groupsNames: [groupId] }, { to }, ({ results }) => {
      const errorCode = results[0]?.errorCode ?? 0
      if (errorCode !== 0) throw brokerError(errorCode, `cannot delete group ${groupId}`, { groupId })
    })
  }
}

/** A broker says of a group of the other protocol that there is none. */
async function describeGroup(cluster: Cluster, groupId: string): Promise<GroupDescription> {
  try {
    return await describeClassicGroup(cluster, groupId)
  } catch (error) {
    if (errorCodeOf(error) !== ErrorCode.GROUP_ID_NOT_FOUND) throw error
    return describeConsumerGroup(cluster, groupId).catch(() => {
      throw error
    })
  }
}

async function describeConsumerGroup(cluster: Cluster, groupId: string): Promise<GroupDescription> {
  const to = { coordinator: { type: 'group', key: groupId } } as const
  const body = { groupIds: [groupId] }
  const response = await cluster.requestRetrying(apis.ConsumerGroupDescribe, body, { to }, ({ groups }) => {
    const { errorCode = 0, errorMessage } = groups[0] ?? {}
    if (errorCode !== 0) throw brokerError(errorCode, `group ${groupId}`, { groupId }, errorMessage)
  })
  const { groupState: state = 'Dead', assignorName: protocol = '', members = [] } = response.groups[0] ?? {}
  return {
    groupId,
    state,
    protocolType: 'consumer',
    protocol,
    members: members.map(({ memberId, instanceId: groupInstanceId, clientId, clientHost, assignment }) => ({
      memberId,
      groupInstanceId,
      clientId,
      clientHost,
      assignment: assignment.topicPartitions.flatMap(({ topicName: topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    })),
  }
}

async function describeClassicGroup(cluster: Cluster, groupId: string): Promise<GroupDescription> {
  const to = { coordinator: { type: 'group', key: groupId } } as const
  const response = await cluster.requestRetrying(apis.DescribeGroups, { groups: [groupId] }, { to }, ({ groups }) => {
    const { errorCode = 0, errorMessage } = groups[0] ?? {}
    if (errorCode !== 0) throw brokerError(errorCode, `group ${groupId}`, { groupId }, errorMessage)
  })
  const group = response.groups[0]
  const { groupState: state = 'Dead', protocolType = '', protocolData: protocol = '', members = [] } = group ?? {}
  return {
    groupId,
    state,
    protocolType,
    protocol,
    members: members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      groupInstanceId,
      clientId,
      clientHost,
      // Groups of other protocol types (Connect) carry bytes of their own.
      assignment:
        protocolType === 'consumer' && memberAssignment.length > 0 ? decodeAssignment(memberAssignment).partitions : [],
    })),
  }
}
