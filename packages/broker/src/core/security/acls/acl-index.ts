import type { ResourceType } from '../authorization.ts'
import { type Acl, PatternType, wildcard } from './acl.ts'
import { PrefixMap } from './prefix-map.ts'

/** The ACLs of one pattern, by principal. */
export type PatternAcls = Map<string, Acl[]>

interface TypeAcls {
  readonly literal: Map<string, PatternAcls>
  readonly prefixed: PrefixMap<PatternAcls>
  readonly byPrincipal: Map<string, Set<Acl>>
}

/** ACLs by what they are about: those that matter to a resource are found without a look at the others. */
export class AclIndex {
  readonly #types = new Map<ResourceType, TypeAcls>()

  add(acl: Acl): void {
    const { resourceType, patternType, resourceName, principal } = acl
    let type = this.#types.get(resourceType)
    if (!type) {
      type = { literal: new Map(), prefixed: new PrefixMap(), byPrincipal: new Map() }
      this.#types.set(resourceType, type)
    }
    const patterns = patternType === PatternType.LITERAL ? type.literal : type.prefixed
    let acls = patterns.get(resourceName)
    if (!acls) {
      acls = new Map()
      patterns.set(resourceName, acls)
    }
    const own = acls.get(principal)
    if (own) own.push(acl)
    else acls.set(principal, [acl])
    const all = type.byPrincipal.get(principal)
    if (all) all.add(acl)
    else type.byPrincipal.set(principal, new Set([acl]))
  }

  /** Takes away the very object that was added. */
  delete(acl: Acl): void {
    const { resourceType, patternType, resourceName, principal } = acl
    const type = this.#types.get(resourceType)
    const patterns = patternType === PatternType.LITERAL ? type?.literal : type?.prefixed
    const acls = patterns?.get(resourceName)
    const own = acls?.get(principal)
    const all = type?.byPrincipal.get(principal)
    if (!type || !patterns || !acls || !own || !all) return
    own.splice(own.indexOf(acl), 1)
    if (own.length === 0) acls.delete(principal)
    if (acls.size === 0) patterns.delete(resourceName)
    all.delete(acl)
    if (all.size === 0) type.byPrincipal.delete(principal)
  }

  /** The ACLs of every pattern that a resource comes under. */
  *about(resourceType: ResourceType, resourceName: string): Iterable<PatternAcls> {
    const type = this.#types.get(resourceType)
    if (!type) return
    const exact = type.literal.get(resourceName)
    if (exact) yield exact
    const all = type.literal.get(wildcard)
    if (all && all !== exact) yield all
    yield* type.prefixed.matching(resourceName)
  }

  /** The ACLs of one pattern. */
  pattern(resourceType: ResourceType, patternType: PatternType, resourceName: string): PatternAcls | undefined {
    const type = this.#types.get(resourceType)
    return (patternType === PatternType.LITERAL ? type?.literal : type?.prefixed)?.get(resourceName)
  }

  /** The ACLs of one principal about anything of a type. */
  of(principal: string, resourceType: ResourceType): Iterable<Acl> {
    return this.#types.get(resourceType)?.byPrincipal.get(principal) ?? []
  }
}
