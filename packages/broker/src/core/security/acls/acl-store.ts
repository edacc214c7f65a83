import { ResourceType } from '../authorization.ts'
import { type Acl, aclKey, PatternType } from './acl.ts'
import { type AclFilter, matchesFilter } from './acl-filter.ts'
import { AclIndex } from './acl-index.ts'

/** A change of ACLs as it is kept: all of it or, when its record is torn, nothing. */
export interface AclsRecord {
  readonly kind: 'acls'
  readonly added: readonly Acl[]
  readonly removed: readonly Acl[]
}

/** ACLs in one record when all of them are written anew. */
const aclsPerRecord = 1000

/** What one request changes at most, as in Kafka; what is recorded must be readable again. */
const maxChangedAcls = 10_000
const maxRecordBytes = 8 * 1024 * 1024

/** Whether this is more than one change may be. */
export function isTooLarge(acls: readonly Acl[]): boolean {
  return acls.length > maxChangedAcls || Buffer.byteLength(JSON.stringify(acls)) > maxRecordBytes
}

/** All ACLs. Every change is recorded before it shows. */
export class AclStore {
  readonly #record: (record: AclsRecord) => void
  readonly #acls = new Map<string, Acl>()
  readonly index = new AclIndex()
  /** Another number after every change. */
  version = 0

  /** `record` makes a change durable; it throws when it cannot. */
  constructor(record: (record: AclsRecord) => void) {
    this.#record = record
  }

  get count(): number {
    return this.#acls.size
  }

  /** Those of the given that are not there yet, each once. */
  missing(acls: readonly Acl[]): Acl[] {
    const missing = new Map(acls.map((acl) => [aclKey(acl), acl]))
    for (const key of missing.keys()) if (this.#acls.has(key)) missing.delete(key)
    return [...missing.values()]
  }

  /** Adds and removes as one change. Throws what recording throws; nothing is changed then. */
  change({ added = [], removed = [] }: { added?: readonly Acl[]; removed?: readonly Acl[] }): void {
    if (added.length === 0 && removed.length === 0) return
    const record: AclsRecord = { kind: 'acls', added, removed }
    this.#record(record)
    this.apply(record)
  }

  /** Takes a recorded change into memory. */
  apply({ added, removed }: AclsRecord): void {
    for (const acl of removed) {
      const key = aclKey(acl)
      const known = this.#acls.get(key)
      if (!known) continue
      this.#acls.delete(key)
      this.index.delete(known)
    }
    for (const acl of added) {
      const key = aclKey(acl)
      if (this.#acls.has(key)) continue
      this.#acls.set(key, acl)
      this.index.add(acl)
    }
    this.version++
  }

  /** The ACLs that a filter means. */
  *matching(filter: AclFilter): Iterable<Acl> {
    for (const acl of this.#candidates(filter)) if (matchesFilter(filter, acl)) yield acl
  }

  /** How many ACLs a filter is held against, about. */
  looksFor(filter: AclFilter): number {
    return looksAtAll(filter) ? this.#acls.size : 1
  }

  *#candidates(filter: AclFilter): Iterable<Acl> {
    const { resourceType, resourceName, patternType } = filter
    if (resourceName === null || looksAtAll(filter)) {
      yield* this.#acls.values()
      return
    }
    const type = resourceType as ResourceType
    if (patternType === PatternType.MATCH) {
      for (const acls of this.index.about(type, resourceName)) for (const own of acls.values()) yield* own
      return
    }
    for (const pattern of [PatternType.LITERAL, PatternType.PREFIXED]) {
      for (const own of this.index.pattern(type, pattern, resourceName)?.values() ?? []) yield* own
    }
  }

  /** What a new journal says in place of all changes. */
  *records(): Iterable<AclsRecord> {
    let added: Acl[] = []
    let bytes = 0
    for (const acl of this.#acls.values()) {
      added.push(acl)
      bytes += Buffer.byteLength(JSON.stringify(acl))
      if (added.length < aclsPerRecord && bytes < maxRecordBytes) continue
      yield { kind: 'acls', added, removed: [] }
      added = []
      bytes = 0
    }
    if (added.length > 0) yield { kind: 'acls', added, removed: [] }
  }
}

/** A filter that names a resource is answered from the index. */
function looksAtAll({ resourceType, resourceName }: AclFilter): boolean {
  return resourceName === null || resourceType === ResourceType.ANY
}
