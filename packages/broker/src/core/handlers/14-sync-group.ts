import { apis, type SyncGroupResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'

/** SyncGroup (14), v0 to v5: takes the leader's assignment, gives each member its own once the generation is in the log. */
export const syncGroup = handler({
  api: apis.SyncGroup,
  versions: [0, 5],
  handle(request, { core }) {
    const answer = new Deferred<SyncGroupResponse>()
    const { generationId, memberId, groupInstanceId, protocolType, protocolName } = request
    const assignments = new Map(request.assignments.map(({ memberId: id, assignment }) => [id, assignment]))
    const sync = { generationId, memberId, groupInstanceId, protocolType, protocolName, assignments }
    core.groups.sync(request.groupId, sync, (result) => answer.resolve(result))
    return answer
  },
})
