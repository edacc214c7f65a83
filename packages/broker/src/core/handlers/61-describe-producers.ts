import { apis, type DescribeProducersResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

type Described = MessageInput<DescribeProducersResponse['topics'][number]['partitions'][number]>

/** DescribeProducers (61), v0: what each partition knows of its producers (KIP-664). */
export const describeProducers = handler({
  api: apis.DescribeProducers,
  versions: [0, 0],
  kips: [482, 664],
  handle: (request, { core, may }) => ({
    topics: topicsOnce(request.topics, ({ name }) => name, 'partitionIndexes').map(({ name, partitionIndexes }) => ({
      name,
      partitions: onlyOnce(partitionIndexes, (index) => index).map((partitionIndex): Described => {
        if (!may(AclOperation.READ, ResourceType.TOPIC, name)) {
          return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
        }
        const partition = core.partition(name, partitionIndex)
        if (!partition) return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
        const activeProducers = Array.from(partition.producers.producers(), (producer) => ({
          producerId: producer.producerId,
          producerEpoch: producer.producerEpoch,
          lastSequence: producer.lastSequence,
          lastTimestamp: producer.lastTimestampMs,
          coordinatorEpoch: producer.coordinatorEpoch,
          currentTxnStartOffset: producer.openTransactionOffset ?? -1,
        }))
        return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers }
      }),
    })),
  }),
})
