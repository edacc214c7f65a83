import { apis, type DescribeTransactionsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { onlyOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

type Described = MessageInput<DescribeTransactionsResponse['transactionStates'][number]>

/** DescribeTransactions (65), v0: state, owner and partitions of transactional ids (KIP-664). */
export const describeTransactions = handler({
  api: apis.DescribeTransactions,
  versions: [0, 0],
  kips: [482, 664],
  handle: (request, { core, may, rights }) => ({
    transactionStates: onlyOnce(request.transactionalIds, (id) => id).map((transactionalId): Described => {
      if (!may(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, transactionalId)) {
        return { transactionalId, errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
      }
      if (transactionalId === '') return { transactionalId, errorCode: ErrorCode.INVALID_REQUEST }
      const transaction = core.transactions.get(transactionalId)
      if (!transaction) return { transactionalId, errorCode: ErrorCode.TRANSACTIONAL_ID_NOT_FOUND }
      return {
        errorCode: ErrorCode.NONE,
        transactionalId,
        transactionState: transaction.state,
        transactionTimeoutMs: transaction.timeoutMs,
        transactionStartTimeMs: transaction.startMs,
        producerId: transaction.producerId,
        producerEpoch: transaction.producerEpoch,
        topics: Array.from(transaction.partitions, ([topic, partitions]) => ({
          topic,
          partitions: [...partitions],
        })).filter(({ topic }) => rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic)),
      }
    }),
  }),
})
