import { apis, ErrorCode } from '@millrace/protocol'
import { onlyOnce } from '../only-once.ts'
import { handler, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

const keyTypes = { group: 0, transaction: 1 } as const

interface Coordinator {
  readonly errorCode: number
  readonly errorMessage: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** FindCoordinator (10), v0 to v6: groups and transactional ids; this node coordinates all. Share groups are refused. */
export const findCoordinator = handler({
  api: apis.FindCoordinator,
  versions: [0, 6],
  kips: [98, 482, 699, 890],
  leftOut: 'Coordinators of share groups (KIP-932): those groups come later.',
  handle(request, context) {
    const { core, apiVersion, session } = context
    const { host, port } = session.advertised
    const answer = (key: string): Coordinator => {
      const refused = problemOf(key, request.keyType, context)
      if (refused) return { ...refused, nodeId: -1, host: '', port: -1 }
      return { errorCode: ErrorCode.NONE, errorMessage: '', nodeId: core.nodeId, host, port }
    }
    if (apiVersion < 4) return answer(request.key)
    return { coordinators: onlyOnce(request.coordinatorKeys, (key) => key).map((key) => ({ key, ...answer(key) })) }
  },
})

function problemOf(
  key: string,
  keyType: number,
  { may }: RequestContext,
): Pick<Coordinator, 'errorCode' | 'errorMessage'> | undefined {
  if (keyType === keyTypes.group) {
    if (may(AclOperation.DESCRIBE, ResourceType.GROUP, key)) return undefined
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, errorMessage: 'Not authorized to access this group.' }
  }
  if (keyType === keyTypes.transaction) {
    if (may(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, key)) return undefined
    const errorMessage = 'Not authorized to access this transactional id.'
    return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, errorMessage }
  }
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Unknown key type.' }
}
