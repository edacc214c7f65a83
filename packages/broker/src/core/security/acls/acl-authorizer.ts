import { brokerError } from '../../../errors.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import { AclOperation, type Authorizer, allowAll, type Requester, type ResourceType } from '../authorization.ts'
import type { Principal } from '../principal.ts'
import { type Acl, everyone, PatternType, Permission, wildcard } from './acl.ts'
import type { PatternAcls } from './acl-index.ts'
import type { AclStore } from './acl-store.ts'
import { hostAddress } from './host-address.ts'

export interface AclAuthorizerOptions {
  /** Principals like `User:admin`, to whom no ACL applies. */
  readonly superUsers: ReadonlySet<string>
  /** Whether a resource that no ACL is about is everyone's. */
  readonly allowEveryoneIfNoAclFound: boolean
}

/** Who may read, write, delete or alter a thing may see it; who may alter its settings may see them. */
const implying: ReadonlyMap<AclOperation, readonly AclOperation[]> = new Map<AclOperation, readonly AclOperation[]>([
  [AclOperation.DESCRIBE, [AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE, AclOperation.ALTER]],
  [AclOperation.DESCRIBE_CONFIGS, [AclOperation.ALTER_CONFIGS]],
])

/**
 * Decides by ACLs as Kafka's StandardAuthorizer does: super users may do everything; else one ACL that denies is enough to
 * refuse, else one that allows is needed. Rights imply others where they are given, not where they are denied.
 */
export class AclAuthorizer implements Authorizer {
  readonly #store: AclStore
  readonly #options: AclAuthorizerOptions

  constructor(store: AclStore, options: AclAuthorizerOptions) {
    this.#store = store
    this.#options = options
  }

  get version(): number {
    return this.#store.version
  }

  allows(who: Requester, operation: AclOperation, type: ResourceType, name: string): boolean {
    const principal = principalName(who.principal)
    if (this.#options.superUsers.has(principal)) return true
    const host = hostAddress(who.clientHost)
    let isAllowed = false
    let isMentioned = false
    for (const acls of this.#store.index.about(type, name)) {
      isMentioned = true
      for (const acl of aclsFor(acls, principal)) {
        if (!fromHost(acl, host) || !isAbout(acl, operation)) continue
        if (acl.permission === Permission.DENY) return false
        isAllowed = true
      }
    }
    return isMentioned ? isAllowed : this.#options.allowEveryoneIfNoAclFound
  }

  allowsSome(who: Requester, operation: AclOperation, type: ResourceType): boolean {
    const principal = principalName(who.principal)
    if (this.#options.superUsers.has(principal)) return true
    // A name that is nobody's stands for all that no ACL is about, and for all when a wildcard allows it.
    if (this.allows(who, operation, type, unmentionedName)) return true
    const host = hostAddress(who.clientHost)
    const allowing: Acl[] = []
    const denying = { literal: new Set<string>(), prefixed: new Set<string>() }
    for (const name of new Set([principal, everyone])) {
      for (const acl of this.#store.index.of(name, type)) {
        const isAsked = acl.operation === operation || acl.operation === AclOperation.ALL
        if (!isAsked || !fromHost(acl, host)) continue
        if (acl.permission === Permission.ALLOW) allowing.push(acl)
        else if (isWildcard(acl)) return false
        else if (acl.patternType === PatternType.LITERAL) denying.literal.add(acl.resourceName)
        else denying.prefixed.add(acl.resourceName)
      }
    }
    return allowing.some((acl) => isWildcard(acl) || !isDominated(acl, denying))
  }
}

/** The authorizer that the settings ask for. Throws BROKER_CONFIG_INVALID for super users that are no principals. */
export function authorizerFor(config: BrokerConfig, store: AclStore): Authorizer {
  if (config.string('authorizer.class.name') === '') return allowAll
  return new AclAuthorizer(store, {
    superUsers: superUsers(config.string('super.users')),
    allowEveryoneIfNoAclFound: config.boolean('allow.everyone.if.no.acl.found'),
  })
}

/** Principals between semicolons: their names may hold commas, as those of certificates do. */
function superUsers(text: string): Set<string> {
  const principals = text.split(';').map((one) => one.trim())
  const given = principals.filter((one) => one !== '')
  const wrong = given.find((one) => one.indexOf(':') < 1)
  if (wrong === undefined) return new Set(given)
  const message = `super.users has ${wrong}, which is no principal like User:alice`
  throw brokerError('BROKER_CONFIG_INVALID', message, { name: 'super.users' })
}

const unmentionedName = 'hardcode'

function principalName({ type, name }: Principal): string {
  return `${type}:${name}`
}

function* aclsFor(acls: PatternAcls, principal: string): Iterable<Acl> {
  yield* acls.get(principal) ?? []
  if (principal !== everyone) yield* acls.get(everyone) ?? []
}

function fromHost(acl: Acl, host: string): boolean {
  return acl.host === wildcard || hostAddress(acl.host) === host
}

function isAbout(acl: Acl, operation: AclOperation): boolean {
  if (acl.operation === operation || acl.operation === AclOperation.ALL) return true
  return acl.permission === Permission.ALLOW && (implying.get(operation)?.includes(acl.operation) ?? false)
}

function isWildcard({ patternType, resourceName }: Acl): boolean {
  return patternType === PatternType.LITERAL && resourceName === wildcard
}

/** Whether all that an ACL allows is denied. */
function isDominated(
  { patternType, resourceName }: Acl,
  denying: { readonly literal: ReadonlySet<string>; readonly prefixed: ReadonlySet<string> },
): boolean {
  if (patternType === PatternType.LITERAL && denying.literal.has(resourceName)) return true
  if (denying.prefixed.size === 0) return false
  for (let length = 1; length <= resourceName.length; length++) {
    if (denying.prefixed.has(resourceName.slice(0, length))) return true
  }
  return false
}
