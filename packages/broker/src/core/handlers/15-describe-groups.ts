import { apis, type DescribeGroupsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { ClassicGroup } from '../groups/classic-group.ts'
import { metadataFor } from '../groups/group-member.ts'
import { handler } from '../request.ts'

type Described = MessageInput<DescribeGroupsResponse['groups'][number]>

/** Without security every operation is allowed; clients that ask get "not known". */
const operationsUnknown = -2147483648

/** DescribeGroups (15), v0 to v6: state, protocol, members and assignments of classic groups. */
export const describeGroups = handler({
  api: apis.DescribeGroups,
  versions: [0, 6],
  handle: (request, { core, apiVersion }) => ({
    groups: request.groups.map((groupId) => {
      const group = core.groups.group(groupId)
      return group ? describe(group) : missing(groupId, apiVersion)
    }),
  }),
})

/** Before v6 a group that does not exist is described as a dead one. */
function missing(groupId: string, apiVersion: number): Described {
  const dead = { groupId, groupState: 'Dead', protocolType: '', protocolData: '', members: [] }
  if (apiVersion < 6) return { ...dead, errorCode: ErrorCode.NONE }
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} not found.` }
}

function describe(group: ClassicGroup): Described {
  // Until the generation is complete, what members said and own is of two generations.
  const isStable = group.state === 'Stable'
  const nothing = Buffer.alloc(0)
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    authorizedOperations: operationsUnknown,
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
