import { apis, ErrorCode } from '@millrace/protocol'
import { resourceType } from '../config/resources.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

const clientMetrics = 16

/** ListConfigResources (74), v0 and v1: topics and the broker. There are no client metrics resources, which is all v0 asks for. */
export const listConfigResources = handler({
  api: apis.ListConfigResources,
  versions: [0, 1],
  kips: [482, 714, 1142],
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.DESCRIBE_CONFIGS, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, configResources: [] }
    }
    const asked = apiVersion === 0 ? [clientMetrics] : request.resourceTypes
    const wants = (type: number): boolean => asked.length === 0 || asked.includes(type)
    const topics = wants(resourceType.topic) ? [...core.topics.all()] : []
    return {
      errorCode: ErrorCode.NONE,
      configResources: [
        ...topics.map(({ name }) => ({ resourceName: name, resourceType: resourceType.topic })),
        ...(wants(resourceType.broker)
          ? [{ resourceName: String(core.nodeId), resourceType: resourceType.broker }]
          : []),
      ],
    }
  },
})
