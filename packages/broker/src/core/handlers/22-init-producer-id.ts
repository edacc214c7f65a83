import { apis, type InitProducerIdResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { fencedSince } from '../transactions/error-versions.ts'

/**
 * InitProducerId (22), v0 to v5: a producer id for idempotence, or that of a transactional id with a new epoch, which fences the
 * predecessor and aborts what it left open. A producer may ask for a new epoch of its own from v3 (KIP-360).
 */
export const initProducerId = handler({
  api: apis.InitProducerId,
  versions: [0, 5],
  handle(request, { core, apiVersion }) {
    const answer = new Deferred<InitProducerIdResponse>()
    const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request
    const expected = producerId >= 0 && producerEpoch >= 0 ? { producerId, producerEpoch } : undefined
    core.transactions.initProducerId({ transactionalId, timeoutMs, expected }, (result) => {
      answer.resolve({ ...result, errorCode: fencedSince(4, apiVersion, result.errorCode) })
    })
    return answer
  },
})
