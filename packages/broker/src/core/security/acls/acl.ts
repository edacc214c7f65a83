import type { AclOperation, ResourceType } from '../authorization.ts'

/** How a pattern names resources; the codes are those on the wire (KIP-290). */
export const PatternType = { UNKNOWN: 0, ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const
export type PatternType = (typeof PatternType)[keyof typeof PatternType]

/** What an ACL says about an operation; the codes are those on the wire (KIP-140). */
export const Permission = { UNKNOWN: 0, ANY: 1, DENY: 2, ALLOW: 3 } as const
export type Permission = (typeof Permission)[keyof typeof Permission]

/** As a literal resource name: every resource of the type. As a host: from everywhere. */
export const wildcard = '*'
/** As an ACL's principal: everyone, whatever the type of their principal. */
export const everyone = 'User:*'

/** One rule about one principal and one pattern of resources. */
export interface Acl {
  readonly resourceType: ResourceType
  readonly patternType: typeof PatternType.LITERAL | typeof PatternType.PREFIXED
  readonly resourceName: string
  /** `User:alice`, or `User:*` for everyone. */
  readonly principal: string
  /** An address, compared as a whole, or `*`. */
  readonly host: string
  readonly operation: AclOperation
  readonly permission: typeof Permission.DENY | typeof Permission.ALLOW
}

/** Equal for equal ACLs: there is each only once. */
export function aclKey(acl: Acl): string {
  const { resourceType, patternType, resourceName, principal, host, operation, permission } = acl
  return JSON.stringify([resourceType, patternType, resourceName, principal, host, operation, permission])
}

/** The pattern alone, for ACLs that are told together. */
export function patternKey({ resourceType, patternType, resourceName }: Acl): string {
  return JSON.stringify([resourceType, patternType, resourceName])
}
