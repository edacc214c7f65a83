import { apis, type DescribeGroupsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { ClassicGroup } from '../groups/classic-group.ts'
import { metadataFor } from '../groups/group-member.ts'
import { onlyOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { unknownOperations } from './node.ts'

type Described = MessageInput<DescribeGroupsResponse['groups'][number]>

/** DescribeGroups (15), v0 to v6: state, protocol, members and assignments of classic groups. */
export const describeGroups = handler({
  api: apis.DescribeGroups,
  versions: [0, 6],
  kips: [345, 430, 482, 1043],
  handle: (request, { core, apiVersion, may, rights }) => ({
    groups: onlyOnce(request.groups, (groupId) => groupId).map((groupId) => {
      if (!may(AclOperation.DESCRIBE, ResourceType.GROUP, groupId)) {
        return { groupId, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
      }
      const group = core.groups.group(groupId)
      if (group?.type !== 'classic') {
        return missing(groupId, apiVersion, group ? `Group ${groupId} is not a classic group.` : undefined)
      }
      const asked = request.includeAuthorizedOperations
      return describe(group, asked ? rights.operations(ResourceType.GROUP, groupId) : unknownOperations)
    }),
  }),
})

/** Before v6 a group that does not exist, or is of another type, is described as a dead one. */
function missing(groupId: string, apiVersion: number, errorMessage = `Group ${groupId} not found.`): Described {
  const dead = { groupId, groupState: 'Dead', protocolType: '', protocolData: '', members: [] }
  if (apiVersion < 6) return { ...dead, errorCode: ErrorCode.NONE }
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage }
}

function describe(group: ClassicGroup, authorizedOperations: number): Described {
  // Until the generation is complete, what members said and own is of two generations.
  const isStable = group.state === 'Stable'
  const nothing = Buffer.alloc(0)
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    authorizedOperations,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.settings.clientId,
      clientHost: member.settings.clientHost,
      memberMetadata: isStable ? metadataFor(member, group.protocolName) : nothing,
      memberAssignment: isStable ? member.assignment : nothing,
    })),
  }
}
