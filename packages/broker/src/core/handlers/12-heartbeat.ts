import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/** Heartbeat (12), v0 to v4: keeps a member's session; REBALANCE_IN_PROGRESS tells it to join again. */
export const heartbeat = handler({
  api: apis.Heartbeat,
  versions: [0, 4],
  kips: [345, 482],
  handle: ({ groupId, memberId, groupInstanceId, generationId }, { core, may }) => ({
    errorCode: may(AclOperation.READ, ResourceType.GROUP, groupId)
      ? core.groups.heartbeat(groupId, { memberId, groupInstanceId }, generationId)
      : ErrorCode.GROUP_AUTHORIZATION_FAILED,
  }),
})
