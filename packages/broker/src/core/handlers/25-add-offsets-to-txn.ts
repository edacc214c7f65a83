import { type AddOffsetsToTxnResponse, apis, ErrorCode } from '@millrace/protocol'
import { offsetsPartition } from '../coordinators/coordinators.ts'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { fencedSince } from '../transactions/error-versions.ts'

/** AddOffsetsToTxn (25), v0 to v4: the partition that keeps the group's offsets joins the transaction. */
export const addOffsetsToTxn = handler({
  api: apis.AddOffsetsToTxn,
  versions: [0, 4],
  kips: [98, 482, 588, 890],
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, request.transactionalId)) {
      return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
    }
    if (!may(AclOperation.READ, ResourceType.GROUP, request.groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
    }
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    const answer = new Deferred<AddOffsetsToTxnResponse>()
    core.transactions.addPartitions(request, [offsetsPartition], 0, (errorCode) => {
      answer.resolve({ errorCode: fencedSince(2, apiVersion, errorCode) })
    })
    return answer
  },
})
