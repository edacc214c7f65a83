import { AclOperation, apis, ResourceType } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { brokerError } from '../errors.ts'
import type { AclBinding, AclFilter, AclResourceType, AclOperation as OperationName } from './security-types.ts'

/** Of every kind of code, what stands for all. */
const any = 1
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
    resourceType: ResourceType[resourceType],
    resourcePatternType: patternTypes[patternType],
    operation: AclOperation[operation],
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
    resourceTypeFilter: resourceType ? ResourceType[resourceType] : any,
    resourceNameFilter: resourceName ?? null,
    patternTypeFilter: patternType ? patternTypes[patternType] : any,
    principalFilter: principal ?? null,
    hostFilter: host ?? null,
    operation: operation ? AclOperation[operation] : any,
    permissionType: permission ? permissions[permission] : any,
  }
}

function binding(acl: WireAcl): AclBinding {
  const { resourceName, principal, host } = acl
  return {
    resourceType: nameOf<AclResourceType>(ResourceType, acl.resourceType),
    resourceName,
    patternType: acl.patternType === patternTypes.PREFIXED ? 'PREFIXED' : 'LITERAL',
    principal,
    host,
    operation: nameOf<OperationName>(AclOperation, acl.operation),
    permission: acl.permissionType === permissions.DENY ? 'DENY' : 'ALLOW',
  }
}

/** A newer cluster may know more: what has no name here is shown by its code. */
function nameOf<Name extends string>(codes: Readonly<Record<Name, number>>, code: number): Name {
  const found = Object.entries(codes).find(([, known]) => known === code)?.[0]
  return (found ?? `UNKNOWN_${code}`) as Name
}
