import { type AlterPartitionReassignmentsRequest, apis, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

type Asked = AlterPartitionReassignmentsRequest['topics'][number]['partitions'][number]

/**
 * AlterPartitionReassignments (45), v0 and v1: the only place for a replica is where it is; taking back finds nothing that is
 * under way.
 */
export const alterPartitionReassignments = handler({
  api: apis.AlterPartitionReassignments,
  versions: [0, 1],
  kips: [455, 482, 860],
  leftOut: 'Moves: there is one node.',
  handle(request, { core, may }) {
    if (!may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      const refused = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      }))
      return { errorCode, responses: refused }
    }
    const { allowReplicationFactorChange } = request
    const responses = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((asked) => ({
        partitionIndex: asked.partitionIndex,
        errorCode: ErrorCode.NONE,
        ...problemOf(core, name, asked),
      })),
    }))
    return { allowReplicationFactorChange, errorCode: ErrorCode.NONE, responses }
  },
})

function problemOf(core: BrokerCore, name: string, { partitionIndex, replicas }: Asked): Refusal | undefined {
  const topic = core.topics.topic(name)
  if (!topic) return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.')
  if (!topic.partitions[partitionIndex]) {
    return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The topic has no such partition.')
  }
  if (replicas === null) {
    return refusal(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, 'No partition reassignment is in progress.')
  }
  if (replicas.length === 0) return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'The list of replicas is empty.')
  const elsewhere = replicas.find((id) => id !== core.nodeId)
  if (elsewhere !== undefined) {
    const message = `Broker ${elsewhere} is not registered: the only one is ${core.nodeId}.`
    return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  if (replicas.length === 1) return undefined
  return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `Broker ${core.nodeId} stands in the list more than once.`)
}
