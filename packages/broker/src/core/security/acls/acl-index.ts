import type { ResourceType } from '../authorization.ts'
import { type Acl, PatternType, wildcard } from './acl.ts'
import { PrefixMap } from './prefix-map.ts'

/** The ACLs of one pattern, by principal. */
export type PatternAcls = Map<string, Acl[]>

interface TypeAcls {
  readonly literal: Map<string, PatternAcls>
  readonly prefixed: PrefixMap<PatternAcls>
}

/** ACLs by what they are about: those that matter to a resource are found without a look at the others. */
export class AclIndex {
  readonly #types = new Map<ResourceType, TypeAcls>()

  add(acl: Acl): void {
    const { resourceType, patternType, resourceName, principal } = acl
    let type = this.#types.get(resourceType)
    if (!type) {
      type = { literal: new Map(), prefixed: new PrefixMap() }
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
  }

  /** Takes away the very object that was added. */
  delete(acl: Acl): void {
    const { resourceType, patternType, resourceName, principal } = acl
    const type = this.#types.get(resourceType)
    const patterns = patternType === PatternType.LITERAL ? type?.literal : type?.prefixed
    const acls = patterns?.get(resourceName)
    const own = acls?.get(principal)
    if (!patterns || !acls || !own) return
    own.splice(own.indexOf(acl), 1)
    if (own.length === 0) acls.delete(principal)
    if (acls.size === 0) patterns.delete(resourceName)
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

  /** The ACLs of all patterns of a type. */
  *ofType(resourceType: ResourceType): Iterable<PatternAcls> {
    const type = this.#types.get(resourceType)
    if (!type) return
    yield* type.literal.values()
    yield* type.prefixed.values()
  }
}
