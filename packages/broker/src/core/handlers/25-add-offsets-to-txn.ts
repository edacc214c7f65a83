import { type AddOffsetsToTxnResponse, apis, ErrorCode } from '@millrace/protocol'
import { offsetsPartition } from '../coordinators/coordinators.ts'
import { Deferred, handler } from '../request.ts'
import { fencedSince } from '../transactions/error-versions.ts'

/** AddOffsetsToTxn (25), v0 to v4: the partition that keeps the group's offsets joins the transaction. */
export const addOffsetsToTxn = handler({
  api: apis.AddOffsetsToTxn,
  versions: [0, 4],
  handle(request, { core, apiVersion }) {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    const answer = new Deferred<AddOffsetsToTxnResponse>()
    core.transactions.addPartitions(request, [offsetsPartition], 0, (errorCode) => {
      answer.resolve({ errorCode: fencedSince(2, apiVersion, errorCode) })
    })
    return answer
  },
})
