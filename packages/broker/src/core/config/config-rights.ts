import { ErrorCode } from '@millrace/protocol'
import { clusterDenied, type Refusal, refusal } from '../refusal.ts'
import type { RequestContext } from '../request.ts'
import { type AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { resourceType } from './resources.ts'

type ConfigOperation = typeof AclOperation.DESCRIBE_CONFIGS | typeof AclOperation.ALTER_CONFIGS

/** Why the settings of a resource are not told or changed: those of topics and groups by themselves, all others as the cluster's. */
export function configDenial(
  { may }: RequestContext,
  operation: ConfigOperation,
  type: number,
  resourceName: string,
): Refusal | undefined {
  if (type === resourceType.topic) {
    if (may(operation, ResourceType.TOPIC, resourceName)) return undefined
    return refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Topic authorization failed.')
  }
  if (type === resourceType.group) {
    if (may(operation, ResourceType.GROUP, resourceName)) return undefined
    return refusal(ErrorCode.GROUP_AUTHORIZATION_FAILED, 'Group authorization failed.')
  }
  if (may(operation, ResourceType.CLUSTER, clusterResource)) return undefined
  return clusterDenied
}
