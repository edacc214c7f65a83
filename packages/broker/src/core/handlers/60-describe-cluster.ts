import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { clusterOperations, nodeEndpoint, unknownOperations } from './node.ts'

const brokersEndpoint = 1
const controllersEndpoint = 2

/** DescribeCluster (60), v0 to v2. One node, broker and controller; its brokers can be asked for, its controllers not. */
export const describeCluster = handler({
  api: apis.DescribeCluster,
  versions: [0, 2],
  kips: [430, 482, 700, 919, 1073],
  leftOut: 'Fenced brokers (KIP-1073): the one broker that could be fenced is the one that answers.',
  handle(request, context) {
    const { core, apiVersion } = context
    if (apiVersion >= 1 && request.endpointType !== brokersEndpoint) {
      const isOther = request.endpointType === controllersEndpoint
      const errorCode = isOther ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
      return { errorCode, errorMessage: 'This is an endpoint of brokers, and only they can be described.' }
    }
    const { nodeId: brokerId, host, port, rack } = nodeEndpoint(context)
    return {
      clusterId: core.clusterId,
      controllerId: core.nodeId,
      brokers: [{ brokerId, host, port, rack }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? clusterOperations(context)
        : unknownOperations,
    }
  },
})
