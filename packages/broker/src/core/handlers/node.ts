import { ErrorCode, type MessageInput, type MetadataResponse } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import type { Partition } from '../partition.ts'

/** Authorized operations when nobody asked for them. */
export const unknownOperations = -2147483648

/** All operations on a topic as a bit field: without ACLs everyone may do everything. */
export const allTopicOperations = bits([3, 4, 5, 6, 7, 8, 10, 11])
export const allClusterOperations = bits([5, 7, 8, 9, 10, 11, 12])

function bits(codes: readonly number[]): number {
  return codes.reduce((sum, code) => sum | (1 << code), 0)
}

/** This node as Metadata lists it. */
export function nodeEndpoint(core: BrokerCore): { nodeId: number; host: string; port: number; rack: string | null } {
  return { nodeId: core.nodeId, host: core.advertised.host, port: core.advertised.port, rack: null }
}

export function partitionMetadata(
  core: BrokerCore,
  partition: Partition,
): MessageInput<MetadataResponse['topics'][number]['partitions'][number]> {
  const nodes = [core.nodeId]
  return {
    errorCode: ErrorCode.NONE,
    partitionIndex: partition.index,
    leaderId: core.nodeId,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: nodes,
    isrNodes: nodes,
    offlineReplicas: [],
  }
}
