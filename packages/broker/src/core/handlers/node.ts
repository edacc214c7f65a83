import { ErrorCode, type MessageInput, type MetadataResponse } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import type { Partition } from '../partition.ts'
import type { RequestContext } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/** Authorized operations when nobody asked for them. */
export const unknownOperations = -2147483648

/** What may be done to the cluster, as a bit field (KIP-430); nothing is told to who may not describe it. */
export function clusterOperations({ may, rights }: RequestContext): number {
  const described = may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)
  return described ? rights.operations(ResourceType.CLUSTER, clusterResource) : 0
}

/** This node as Metadata lists it: at the address of the listener that the request came in on (KIP-103). */
export function nodeEndpoint({ core, session }: RequestContext): {
  nodeId: number
  host: string
  port: number
  rack: string | null
} {
  return { nodeId: core.nodeId, ...session.advertised, rack: null }
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
