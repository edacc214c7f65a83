import { apis, ErrorCode, type LeaveGroupResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
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
    if (groupId === '' && apiVersion >= 3) return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] }
    const answer = new Deferred<LeaveGroupResponse>()
    const leaving = apiVersion >= 3 ? request.members : [{ memberId, groupInstanceId: null }]
    core.groups.leave(groupId, leaving, (codes) => {
      if (apiVersion < 3) {
        answer.resolve({ errorCode: codes[0] ?? ErrorCode.NONE })
        return
      }
      const members = leaving.map(({ memberId: id, groupInstanceId }, index) => {
        return { memberId: id, groupInstanceId, errorCode: codes[index] ?? ErrorCode.NONE }
      })
      answer.resolve({ errorCode: ErrorCode.NONE, members })
    })
    return answer
  },
})
