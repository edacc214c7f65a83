import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/** LeaveGroup (13), v0 to v5: members leave, several at once from v3, static ones by their instance id (KIP-345). */
export const leaveGroup = handler({
  api: apis.LeaveGroup,
  versions: [0, 5],
  kips: [345, 482, 800],
  handle(request, { core, apiVersion, may }) {
    const { groupId, memberId } = request
    if (!may(AclOperation.READ, ResourceType.GROUP, groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, members: [] }
    }
    if (apiVersion < 3) return { errorCode: core.groups.leave(groupId, { memberId, groupInstanceId: null }) }
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] }
    const members = request.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      errorCode: core.groups.leave(groupId, member),
    }))
    return { errorCode: ErrorCode.NONE, members }
  },
})
