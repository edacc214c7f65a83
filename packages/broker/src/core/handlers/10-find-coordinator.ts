import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'

const keyTypes = { group: 0, transaction: 1 } as const

/** FindCoordinator (10), v0 to v6: groups and transactional ids; this node coordinates all. Share groups are refused. */
export const findCoordinator = handler({
  api: apis.FindCoordinator,
  versions: [0, 6],
  handle(request, { core, apiVersion }) {
    const { host, port } = core.advertised
    const known = request.keyType === keyTypes.group || request.keyType === keyTypes.transaction
    const answer = known
      ? { errorCode: ErrorCode.NONE, errorMessage: '', nodeId: core.nodeId, host, port }
      : { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Unknown key type.', nodeId: -1, host: '', port: -1 }
    if (apiVersion < 4) return answer
    return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...answer })) }
  },
})
