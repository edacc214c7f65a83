import { apis } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { brokerError } from '../errors.ts'
import type { AclBinding, AclFilter, AclOperation, AclResourceType } from './security-types.ts'

const any = 1
const resourceTypes: Readonly<Record<AclResourceType, number>> = {
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
}
const operations: Readonly<Record<AclOperation, number>> = {
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
}
const patternTypes = { MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const
const permissions = { DENY: 2, ALLOW: 3 } as const

/** An ACL as it travels. */
interface WireAcl {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

export async function describeAcls(cluster: Cluster, filter: AclFilter): Promise<AclBinding[]> {
  const { resources } = await cluster.requestRetrying(
    apis.DescribeAcls,
    wireFilter(filter),
    { to: 'any' },
    ({ errorCode, errorMessage }) => {
      if (errorCode !== 0) throw brokerError(errorCode, 'cannot describe ACLs', {}, errorMessage)
    },
  )
  return resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
    acls.map((acl) => binding({ resourceType, resourceName, patternType, ...acl })),
  )
}

export async function createAcls(cluster: Cluster, bindings: readonly AclBinding[]): Promise<void> {
  const creations = bindings.map(({ resourceType, patternType, operation, permission, ...rest }) => ({
    ...rest,
    resourceType: resourceTypes[resourceType],
    resourcePatternType: patternTypes[patternType],
    operation: operations[operation],
    permissionType: permissions[permission],
  }))
  await cluster.requestRetrying(apis.CreateAcls, { creations }, { to: 'any' }, ({ results }) => {
    for (const [at, { errorCode, errorMessage }] of results.entries()) {
      if (errorCode === 0) continue
      const { principal, resourceName } = bindings[at] ?? {}
      throw brokerError(errorCode, 'cannot create an ACL', { principal, resourceName }, errorMessage)
    }
  })
}

export async function deleteAcls(cluster: Cluster, filters: readonly AclFilter[]): Promise<AclBinding[]> {
  const body = { filters: filters.map(wireFilter) }
  const { filterResults } = await cluster.requestRetrying(apis.DeleteAcls, body, { to: 'any' }, (response) => {
    for (const { errorCode, errorMessage, matchingAcls } of response.filterResults) {
      for (const failed of [{ errorCode, errorMessage }, ...matchingAcls]) {
        if (failed.errorCode !== 0) throw brokerError(failed.errorCode, 'cannot delete ACLs', {}, failed.errorMessage)
      }
    }
  })
  // What several filters mean is told for each.
  const deleted = filterResults.flatMap(({ matchingAcls }) => matchingAcls.map(binding))
  return [...new Map(deleted.map((one) => [JSON.stringify(one), one])).values()]
}

function wireFilter(filter: AclFilter) {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = filter
  return {
    resourceTypeFilter: resourceType ? resourceTypes[resourceType] : any,
    resourceNameFilter: resourceName ?? null,
    patternTypeFilter: patternType ? patternTypes[patternType] : any,
    principalFilter: principal ?? null,
    hostFilter: host ?? null,
    operation: operation ? operations[operation] : any,
    permissionType: permission ? permissions[permission] : any,
  }
}

function binding(acl: WireAcl): AclBinding {
  const { resourceName, principal, host } = acl
  return {
    resourceType: nameOf(resourceTypes, acl.resourceType),
    resourceName,
    patternType: acl.patternType === patternTypes.PREFIXED ? 'PREFIXED' : 'LITERAL',
    principal,
    host,
    operation: nameOf(operations, acl.operation),
    permission: acl.permissionType === permissions.DENY ? 'DENY' : 'ALLOW',
  }
}

/** A newer cluster may know more: what has no name here is shown by its code. */
function nameOf<Name extends string>(codes: Readonly<Record<Name, number>>, code: number): Name {
  const found = Object.entries(codes).find(([, known]) => known === code)?.[0]
  return (found ?? `UNKNOWN_${code}`) as Name
}
