import { apis, type DeleteGroupsResponse, ErrorCode } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/** DeleteGroups (42), v0 to v2: deletes empty groups with their offsets. */
export const deleteGroups = handler({
  api: apis.DeleteGroups,
  versions: [0, 2],
  kips: [229, 482, 1043],
  handle(request, { core, may }) {
    const answer = new Deferred<DeleteGroupsResponse>()
    const groupIds = [...new Set(request.groupsNames)]
    const results: { groupId: string; errorCode: number }[] = []
    if (groupIds.length === 0) answer.resolve({ results })
    for (const groupId of groupIds) {
      const done = (errorCode: number): void => {
        results.push({ groupId, errorCode })
        if (results.length === groupIds.length) answer.resolve({ results })
      }
      if (may(AclOperation.DELETE, ResourceType.GROUP, groupId)) core.groups.deleteGroup(groupId, done)
      else done(ErrorCode.GROUP_AUTHORIZATION_FAILED)
    }
    return answer
  },
})
