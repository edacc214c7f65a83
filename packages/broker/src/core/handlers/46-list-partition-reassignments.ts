import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/** ListPartitionReassignments (46), v0: none is ever under way. */
export const listPartitionReassignments = handler({
  api: apis.ListPartitionReassignments,
  versions: [0, 0],
  kips: [455, 482],
  handle(_request, { may }) {
    const allowed = may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)
    return { errorCode: allowed ? ErrorCode.NONE : ErrorCode.CLUSTER_AUTHORIZATION_FAILED, topics: [] }
  },
})
