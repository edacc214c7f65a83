import { apis, ErrorCode } from '@millrace/protocol'
import { resourceType } from '../config/resources.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

const types: readonly number[] = Object.values(resourceType)

/**
 * ListConfigResources (74), v0 and v1: what has settings, by type. Version 0 asks for client metrics subscriptions only (KIP-714);
 * groups and subscriptions are listed where something is set for them.
 */
export const listConfigResources = handler({
  api: apis.ListConfigResources,
  versions: [0, 1],
  kips: [482, 714, 1142],
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.DESCRIBE_CONFIGS, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, configResources: [] }
    }
    const asked = apiVersion === 0 ? [resourceType.clientMetrics] : request.resourceTypes
    if (asked.some((type) => !types.includes(type))) {
      return { errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
    }
    const { topics, resourceConfigs } = core
    const node = [String(core.nodeId)]
    const namesOf: Readonly<Record<number, () => Iterable<string>>> = {
      [resourceType.group]: () => resourceConfigs.groups.keys(),
      [resourceType.clientMetrics]: () => resourceConfigs.clientMetrics.keys(),
      [resourceType.brokerLogger]: () => node,
      [resourceType.broker]: () => node,
      [resourceType.topic]: () => Array.from(topics.all(), ({ name }) => name),
    }
    const configResources = types
      .filter((type) => asked.length === 0 || asked.includes(type))
      .flatMap((type) => Array.from(namesOf[type]!(), (resourceName) => ({ resourceName, resourceType: type })))
    return { errorCode: ErrorCode.NONE, configResources }
  },
})
