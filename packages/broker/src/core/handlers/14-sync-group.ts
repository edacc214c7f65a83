import { apis, ErrorCode, type SyncGroupResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/** SyncGroup (14), v0 to v5: takes the leader's assignment, gives each member its own once the generation is in the log. */
export const syncGroup = handler({
  api: apis.SyncGroup,
  versions: [0, 5],
  kips: [345, 482, 559],
  handle(request, { core, apiVersion, may }) {
    const { generationId, memberId, groupInstanceId, protocolType, protocolName } = request
    if (apiVersion >= 5 && (protocolType === null || protocolName === null)) {
      return { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL }
    }
    if (!may(AclOperation.READ, ResourceType.GROUP, request.groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
    }
    const answer = new Deferred<SyncGroupResponse>()
    const assignments = new Map(request.assignments.map(({ memberId: id, assignment }) => [id, assignment]))
    const sync = { generationId, memberId, groupInstanceId, protocolType, protocolName, assignments }
    core.groups.sync(request.groupId, sync, (result) => answer.resolve(result))
    return answer
  },
})
