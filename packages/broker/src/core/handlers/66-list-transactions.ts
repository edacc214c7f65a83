import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import type { Transaction } from '../transactions/transaction.ts'
import { transactionStates } from '../transactions/transaction-state.ts'

/**
 * ListTransactions (66), v0 and v1: transactional ids by state and producer id (KIP-664), and by how long their transaction
 * has been running (v1, KIP-994). The pattern of v2 is RE2's, which JavaScript's expressions are not: v2 is not served.
 */
export const listTransactions = handler({
  api: apis.ListTransactions,
  versions: [0, 1],
  kips: [482, 664, 994],
  leftOut: "Version 2, a pattern (KIP-1152): patterns are RE2's, which JavaScript's expressions are not.",
  handle(request, { core, rights }) {
    const states = new Set(request.stateFilters)
    const producerIds = new Set(request.producerIdFilters)
    const nowMs = core.clock.now()
    const matches = ({ state, producerId, startMs }: Transaction): boolean =>
      (states.size === 0 || states.has(state)) &&
      (producerIds.size === 0 || producerIds.has(producerId)) &&
      (request.durationFilter < 0 || (startMs >= 0 && nowMs - startMs > request.durationFilter))
    return {
      errorCode: ErrorCode.NONE,
      unknownStateFilters: request.stateFilters.filter((state) => !(state in transactionStates)),
      transactionStates: [...core.transactions.all()]
        .filter(matches)
        .filter(({ transactionalId }) =>
          rights.allows(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, transactionalId),
        )
        .map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state })),
    }
  },
})
