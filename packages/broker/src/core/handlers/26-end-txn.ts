import { apis, type EndTxnResponse, ErrorCode } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { fencedSince } from '../transactions/error-versions.ts'

/** From here on every transaction ends with a new epoch, which the answer carries (KIP-890). */
const bumpsEpochSince = 5

/** EndTxn (26), v0 to v5: commits or aborts; answered when the markers are in all partitions. */
export const endTxn = handler({
  api: apis.EndTxn,
  versions: [0, 5],
  kips: [98, 482, 588, 890],
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, request.transactionalId)) {
      return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
    }
    const answer = new Deferred<EndTxnResponse>()
    const clientVersion = apiVersion >= bumpsEpochSince ? 2 : 0
    core.transactions.endTransaction(request, request.committed, clientVersion, (result) => {
      answer.resolve({ ...result, errorCode: fencedSince(2, apiVersion, result.errorCode) })
    })
    return answer
  },
})
