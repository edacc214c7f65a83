import { apis, type DescribeAclsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { clusterDenied, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { type Acl, patternKey } from '../security/acls/acl.ts'
import { filterOf, unknownInFilter } from '../security/acls/acl-filter.ts'
import { AclOperation, allowAll, clusterResource, ResourceType } from '../security/authorization.ts'

type Resource = MessageInput<DescribeAclsResponse['resources'][number]>

/** DescribeAcls (29), v1 to v3: the ACLs that a filter means, those of one pattern together. */
export const describeAcls = handler({
  api: apis.DescribeAcls,
  versions: [1, 3],
  kips: [11, 140, 290, 482],
  handle(request, { core, may }) {
    if (!may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)) return clusterDenied
    if (core.authorizer === allowAll) {
      return refusal(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured on the broker')
    }
    const filter = filterOf(request)
    const unknown = unknownInFilter(filter)
    if (unknown) return refusal(ErrorCode.INVALID_REQUEST, `The ${unknown} of the filter is unknown.`)
    return { errorCode: ErrorCode.NONE, errorMessage: null, resources: byPattern(core.acls.matching(filter)) }
  },
})

function byPattern(acls: Iterable<Acl>): Resource[] {
  return Array.from(Map.groupBy(acls, patternKey).values(), (own): Resource => {
    const { resourceType, resourceName, patternType } = own[0]!
    const told = own.map(({ principal, host, operation, permission: permissionType }) => {
      return { principal, host, operation, permissionType }
    })
    return { resourceType, resourceName, patternType, acls: told }
  })
}
