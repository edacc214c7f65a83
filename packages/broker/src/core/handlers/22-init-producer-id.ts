import { apis, ErrorCode, type InitProducerIdResponse } from '@millrace/protocol'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { fencedSince } from '../transactions/error-versions.ts'

/**
 * InitProducerId (22), v0 to v5: a producer id for idempotence, or that of a transactional id with a new epoch, which fences the
 * predecessor and aborts what it left open. A producer may ask for a new epoch of its own from v3 (KIP-360).
 */
export const initProducerId = handler({
  api: apis.InitProducerId,
  versions: [0, 5],
  kips: [98, 360, 482, 588, 679, 890],
  leftOut: 'Version 6, two-phase commit (KIP-939): unstable in Kafka 4.3, which does not list it either.',
  handle(request, context) {
    const { core, apiVersion } = context
    const denied = denial(request.transactionalId, context)
    if (denied !== ErrorCode.NONE) return { errorCode: denied, producerId: -1, producerEpoch: -1 }
    const answer = new Deferred<InitProducerIdResponse>()
    const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request
    const expected = producerId >= 0 && producerEpoch >= 0 ? { producerId, producerEpoch } : undefined
    core.transactions.initProducerId({ transactionalId, timeoutMs, expected }, (result) => {
      answer.resolve({ ...result, errorCode: fencedSince(4, apiVersion, result.errorCode) })
    })
    return answer
  },
})

/** Whoever may write to any topic may do so idempotently: the right to the cluster's producer ids of its own is not needed (KIP-679). */
function denial(transactionalId: string | null, { may, rights }: RequestContext): number {
  const { WRITE, IDEMPOTENT_WRITE } = AclOperation
  if (transactionalId !== null) {
    const allowed = may(WRITE, ResourceType.TRANSACTIONAL_ID, transactionalId)
    return allowed ? ErrorCode.NONE : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  }
  const allowed =
    rights.allows(IDEMPOTENT_WRITE, ResourceType.CLUSTER, clusterResource) ||
    rights.allowsSome(WRITE, ResourceType.TOPIC) ||
    may(IDEMPOTENT_WRITE, ResourceType.CLUSTER, clusterResource)
  return allowed ? ErrorCode.NONE : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
}
