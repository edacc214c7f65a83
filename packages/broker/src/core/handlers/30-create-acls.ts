import { apis, type CreateAclsRequest, type CreateAclsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { type Refusal, recorded } from '../refusal.ts'
import { handler } from '../request.ts'
import { type Acl, PatternType, Permission } from '../security/acls/acl.ts'
import { isKnown } from '../security/acls/acl-filter.ts'
import { isTooLarge } from '../security/acls/acl-store.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { alterDenial, tooLarge } from './acl-refusals.ts'

type Creation = CreateAclsRequest['creations'][number]
type Result = MessageInput<CreateAclsResponse['results'][number]>

/**
 * CreateAcls (30), v1 to v3. What is wrong is refused by itself; all the rest of a request is added together or, when it cannot
 * be recorded, not at all. An ACL that is there already is no error.
 */
export const createAcls = handler({
  api: apis.CreateAcls,
  versions: [1, 3],
  kips: [11, 140, 290, 482],
  leftOut: "Ranges of addresses as hosts: they are Kafka 4.4's.",
  handle({ creations }, { core, may }) {
    const denied = alterDenial(core, may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource))
    if (denied) return { results: creations.map(() => denied) }
    const wanted = creations.map(aclOf)
    const failure = add(
      core,
      wanted.filter((one) => typeof one !== 'string'),
    )
    return {
      results: wanted.map((one): Result => {
        if (typeof one === 'string') return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: one }
        return failure ?? { errorCode: ErrorCode.NONE, errorMessage: null }
      }),
    }
  },
})

function add(core: BrokerCore, acls: readonly Acl[]): Refusal | undefined {
  const added = core.acls.missing(acls)
  return isTooLarge(added) ? tooLarge : recorded(() => core.acls.change({ added }))
}

/** The ACL, or what is wrong with it. */
function aclOf(creation: Creation): Acl | string {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = creation
  if (resourceType === ResourceType.CLUSTER && resourceName !== clusterResource) {
    return `The only valid name for the CLUSTER resource is ${clusterResource}`
  }
  if (resourceName === '') return 'Invalid empty resource name'
  if (resourceType === ResourceType.ANY || !isKnown(ResourceType, resourceType)) return 'Invalid resourceType'
  if (resourcePatternType !== PatternType.LITERAL && resourcePatternType !== PatternType.PREFIXED) {
    return 'Invalid patternType'
  }
  if (operation === AclOperation.ANY || !isKnown(AclOperation, operation)) return 'Invalid operation'
  if (permissionType !== Permission.ALLOW && permissionType !== Permission.DENY) return 'Invalid permissionType'
  if (!principal.includes(':'))
    return `Could not parse principal from \`${principal}\`: it needs a type, as in User:alice`
  return {
    resourceType: resourceType as ResourceType,
    patternType: resourcePatternType,
    resourceName,
    principal,
    host,
    operation: operation as AclOperation,
    permission: permissionType,
  }
}
