import { apis, ErrorCode } from '@millrace/protocol'
import { RE2JS, RE2JSException } from 're2js'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import type { Transaction } from '../transactions/transaction.ts'
import { transactionStates } from '../transactions/transaction-state.ts'

/**
 * ListTransactions (66), v0 to v2: transactional ids by state and producer id (KIP-664), by how long their transaction has been
 * running (v1, KIP-994), and by an expression of RE2 that the whole id matches (v2, KIP-1152).
 */
export const listTransactions = handler({
  api: apis.ListTransactions,
  versions: [0, 2],
  kips: [482, 664, 994, 1152],
  handle(request, { core, rights }) {
    const states = new Set(request.stateFilters)
    const producerIds = new Set(request.producerIdFilters)
    const nowMs = core.clock.now()
    const isWanted = idMatcher(request.transactionalIdPattern)
    if (!isWanted) return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION }
    const matches = ({ transactionalId, state, producerId, startMs }: Transaction): boolean =>
      (states.size === 0 || states.has(state)) &&
      (producerIds.size === 0 || producerIds.has(producerId)) &&
      (request.durationFilter < 0 || (startMs >= 0 && nowMs - startMs > request.durationFilter)) &&
      isWanted(transactionalId)
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

/** Undefined when the expression is none. */
function idMatcher(pattern: string | null): ((transactionalId: string) => boolean) | undefined {
  if (pattern === null || pattern === '') return () => true
  try {
    const expression = RE2JS.compile(pattern)
    return (transactionalId) => expression.matches(transactionalId)
  } catch (error) {
    if (error instanceof RE2JSException) return undefined
    throw error
  }
}
