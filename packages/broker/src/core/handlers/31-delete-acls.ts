import { apis, type DeleteAclsRequest, type DeleteAclsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { handler } from '../request.ts'
import { type Acl, aclKey } from '../security/acls/acl.ts'
import { type AclFilter, unknownInFilter } from '../security/acls/acl-filter.ts'
import { isTooLarge } from '../security/acls/acl-store.ts'
import { AclOperation, allowAll, clusterResource, ResourceType } from '../security/authorization.ts'

type Filter = DeleteAclsRequest['filters'][number]
type Result = MessageInput<DeleteAclsResponse['filterResults'][number]>
type Refusal = readonly [errorCode: number, errorMessage: string]

/** An ACL may be meant by many filters of a request and is told for each: what is told has a limit. */
const maxMatches = 100_000
/** A filter that names no resource is held against every ACL: that, too, takes its time. */
const maxLooks = 20_000_000

/** DeleteAcls (31), v1 to v3: what the filters of a request mean goes together or, when it cannot be recorded, not at all. */
export const deleteAcls = handler({
  api: apis.DeleteAcls,
  versions: [1, 3],
  kips: [11, 140, 290, 482],
  handle({ filters }, { core, may }) {
    const refused = ([errorCode, errorMessage]: Refusal): Result => {
      return { errorCode, errorMessage, matchingAcls: [] }
    }
    const refusal = refusalOf(core, may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource))
    if (refusal) return { filterResults: filters.map(() => refused(refusal)) }
    const wanted = filters.map(filterOf)
    const found = find(core, wanted)
    const failure = found ? remove(core, found.flat()) : tooLarge
    return {
      filterResults: wanted.map((filter, at): Result => {
        const unknown = unknownInFilter(filter)
        if (unknown) return refused([ErrorCode.INVALID_REQUEST, `The ${unknown} of the filter is unknown.`])
        if (failure) return refused(failure)
        return { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls: found![at]!.map(told) }
      }),
    }
  },
})

const tooLarge: Refusal = [ErrorCode.POLICY_VIOLATION, 'Unable to perform excessively large batch operation.']

function refusalOf(core: BrokerCore, allowed: boolean): Refusal | undefined {
  if (!allowed) return [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.']
  if (core.authorizer === allowAll) return [ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.']
  return undefined
}

function filterOf(filter: Filter): AclFilter {
  return {
    resourceType: filter.resourceTypeFilter,
    resourceName: filter.resourceNameFilter,
    patternType: filter.patternTypeFilter,
    principal: filter.principalFilter,
    host: filter.hostFilter,
    operation: filter.operation,
    permission: filter.permissionType,
  }
}

/** What each filter means; undefined when that is too much. */
function find(core: BrokerCore, filters: readonly AclFilter[]): Acl[][] | undefined {
  let matches = 0
  let looks = 0
  const found: Acl[][] = []
  for (const filter of filters) {
    looks += core.acls.looksFor(filter)
    if (looks > maxLooks) return undefined
    const own = unknownInFilter(filter) ? [] : [...core.acls.matching(filter)]
    matches += own.length
    if (matches > maxMatches) return undefined
    found.push(own)
  }
  return found
}

function remove(core: BrokerCore, acls: readonly Acl[]): Refusal | undefined {
  const removed = [...new Map(acls.map((acl) => [aclKey(acl), acl])).values()]
  if (isTooLarge(removed)) return tooLarge
  try {
    core.acls.change({ removed })
    return undefined
  } catch (error) {
    return [ErrorCode.KAFKA_STORAGE_ERROR, (error as Error).message]
  }
}

function told(acl: Acl): NonNullable<Result['matchingAcls']>[number] {
  const { permission: permissionType, ...rest } = acl
  return { errorCode: ErrorCode.NONE, errorMessage: null, ...rest, permissionType }
}
