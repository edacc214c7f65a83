import {
  apis,
  controlBatch,
  ErrorCode,
  type WriteTxnMarkersRequest,
  type WriteTxnMarkersResponse,
} from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { offsetsPartition } from '../coordinators/coordinators.ts'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import type { Partition } from '../partition.ts'
import { Deferred, handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

type Marker = WriteTxnMarkersRequest['markers'][number]

/**
 * WriteTxnMarkers (27), v1 and v2. The coordinator of this broker writes its markers without it; it is how an administrator ends a
 * transaction that no coordinator knows of (`kafka-transactions abort`, KIP-664).
 */
export const writeTxnMarkers = handler({
  api: apis.WriteTxnMarkers,
  versions: [1, 2],
  kips: [98, 482, 664, 890],
  handle(request, { core, may }) {
    const allowed = [AclOperation.ALTER, AclOperation.CLUSTER_ACTION].some((operation) =>
      may(operation, ResourceType.CLUSTER, clusterResource),
    )
    const answer = new Deferred<WriteTxnMarkersResponse>()
    let missing = 1
    const markers = request.markers.map((marker) => ({
      producerId: marker.producerId,
      topics: topicsOnce(marker.topics, ({ name }) => name, 'partitionIndexes').map(({ name, partitionIndexes }) => ({
        name,
        partitions: onlyOnce(partitionIndexes, (index) => index).map((partitionIndex) => {
          const result = { partitionIndex, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED as number }
          if (!allowed) return result
          missing++
          write(core, core.partition(name, partitionIndex), marker, (errorCode) => {
            result.errorCode = errorCode
            one()
          })
          return result
        }),
      })),
    }))
    function one(): void {
      missing--
      if (missing === 0) answer.resolve({ markers })
    }
    one()
    return answer
  },
})

function write(
  core: BrokerCore,
  partition: Partition | undefined,
  { producerId, producerEpoch, coordinatorEpoch, transactionResult }: Marker,
  done: (errorCode: number) => void,
): void {
  if (!partition) {
    done(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return
  }
  const known = partition.producers.producer(producerId)
  if (known && producerEpoch < known.producerEpoch) {
    done(ErrorCode.INVALID_PRODUCER_EPOCH)
    return
  }
  if (known && coordinatorEpoch < known.coordinatorEpoch) {
    done(ErrorCode.TRANSACTION_COORDINATOR_FENCED)
    return
  }
  const type = transactionResult ? 'commit' : 'abort'
  const timestamp = core.clock.now()
  const batch = controlBatch({ type, coordinatorEpoch, producerId, producerEpoch, timestamp })
  const { errorCode, baseOffset } = partition.append(batch, 'coordinator')
  if (errorCode !== ErrorCode.NONE) {
    done(errorCode)
    return
  }
  if (partition.topic === offsetsPartition.topic) core.groups.transactionEnded(producerId, transactionResult)
  partition.whenCommitted(baseOffset + 1, done)
}
