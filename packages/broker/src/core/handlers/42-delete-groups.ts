import { apis, type DeleteGroupsResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'

/** DeleteGroups (42), v0 to v2: deletes empty groups with their offsets. */
export const deleteGroups = handler({
  api: apis.DeleteGroups,
  versions: [0, 2],
  handle(request, { core }) {
    const answer = new Deferred<DeleteGroupsResponse>()
    const groupIds = [...new Set(request.groupsNames)]
    const results: { groupId: string; errorCode: number }[] = []
    if (groupIds.length === 0) answer.resolve({ results })
    for (const groupId of groupIds) {
      core.groups.deleteGroup(groupId, (errorCode) => {
        results.push({ groupId, errorCode })
        if (results.length === groupIds.length) answer.resolve({ results })
      })
    }
    return answer
  },
})
