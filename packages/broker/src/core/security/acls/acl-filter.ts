import { AclOperation, ResourceType } from '../authorization.ts'
import { type Acl, PatternType, Permission, wildcard } from './acl.ts'

/** Which ACLs are meant; ANY and null do not restrict. */
export interface AclFilter {
  readonly resourceType: number
  readonly resourceName: string | null
  /** MATCH: all patterns that a resource of the name comes under (KIP-290). */
  readonly patternType: number
  readonly principal: string | null
  readonly host: string | null
  readonly operation: number
  readonly permission: number
}

/** A filter as DescribeAcls and DeleteAcls have it. */
interface RequestedFilter {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

export function filterOf(requested: RequestedFilter): AclFilter {
  return {
    resourceType: requested.resourceTypeFilter,
    resourceName: requested.resourceNameFilter,
    patternType: requested.patternTypeFilter,
    principal: requested.principalFilter,
    host: requested.hostFilter,
    operation: requested.operation,
    permission: requested.permissionType,
  }
}

/** What in a filter has a code that nobody knows; undefined when all is known. */
export function unknownInFilter({ resourceType, patternType, operation, permission }: AclFilter): string | undefined {
  if (!isKnown(ResourceType, resourceType)) return 'resource type'
  if (!isKnown(PatternType, patternType)) return 'pattern type'
  if (!isKnown(AclOperation, operation)) return 'operation'
  return isKnown(Permission, permission) ? undefined : 'permission type'
}

/** Whether a code is one of a table's, other than UNKNOWN. */
export function isKnown(table: Readonly<Record<string, number>>, code: number): boolean {
  return code !== 0 && Object.values(table).includes(code)
}

export function matchesFilter(filter: AclFilter, acl: Acl): boolean {
  return matchesPattern(filter, acl) && matchesEntry(filter, acl)
}

function matchesPattern({ resourceType, resourceName, patternType }: AclFilter, acl: Acl): boolean {
  if (resourceType !== ResourceType.ANY && resourceType !== acl.resourceType) return false
  if (patternType !== PatternType.ANY && patternType !== PatternType.MATCH && patternType !== acl.patternType) {
    return false
  }
  if (resourceName === null) return true
  if (patternType !== PatternType.MATCH) return resourceName === acl.resourceName
  if (acl.patternType === PatternType.PREFIXED) return resourceName.startsWith(acl.resourceName)
  return acl.resourceName === resourceName || acl.resourceName === wildcard
}

function matchesEntry({ principal, host, operation, permission }: AclFilter, acl: Acl): boolean {
  if (principal !== null && principal !== acl.principal) return false
  if (host !== null && host !== acl.host) return false
  if (operation !== AclOperation.ANY && operation !== acl.operation) return false
  return permission === Permission.ANY || permission === acl.permission
}
