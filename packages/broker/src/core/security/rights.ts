import type { Clock } from '@millrace/base'
import {
  type AclOperation,
  type Authorizer,
  allowAll,
  type Denial,
  operationsOf,
  type Requester,
  type ResourceType,
} from './authorization.ts'

/** What rights need of the broker around them. */
export interface RightsEnvironment {
  readonly authorizer: Authorizer
  readonly clock: Clock
  denied(denial: Denial): void
}

/** Resources of a type whose answers are kept; longer names are asked about each time. */
const maxKeptNames = 1000
const maxKeptNameLength = 255
/** A client that tries again and again is reported this often, with a count. */
const reportIntervalMs = 10_000
const maxReportedDenials = 1000

/**
 * What one principal on one connection may do. Answers are kept until an ACL changes: produce and fetch ask for every topic of
 * every request.
 */
export class Rights {
  readonly #environment: RightsEnvironment
  readonly #who: Requester
  #authorizer: Authorizer | undefined
  #version = 0
  /** By type and name: allowed operations as bits 0 to 15, those that were asked about as bits 16 to 31. */
  readonly #answers: Map<string, number>[] = []
  readonly #reported = new Map<string, { untilMs: number; repeated: number }>()

  constructor(environment: RightsEnvironment, who: Requester) {
    this.#environment = environment
    this.#who = who
  }

  /** Whether this is allowed. A refusal is not reported: for lists that leave out what must not be seen. */
  allows(operation: AclOperation, type: ResourceType, name: string): boolean {
    const { authorizer } = this.#environment
    if (authorizer === allowAll) return true
    if (authorizer !== this.#authorizer || authorizer.version !== this.#version) this.#forget(authorizer)
    const answers = this.#answersAbout(type)
    const known = answers.get(name) ?? 0
    const bit = 1 << operation
    if ((known >>> 16) & bit) return (known & bit) !== 0
    const allowed = authorizer.allows(this.#who, operation, type, name)
    if (name.length <= maxKeptNameLength) {
      if (answers.size >= maxKeptNames && !answers.has(name)) answers.clear()
      answers.set(name, known | (bit << 16) | (allowed ? bit : 0))
    }
    return allowed
  }

  /** Whether there can be a resource of the type that this is allowed for. */
  allowsSome(operation: AclOperation, type: ResourceType): boolean {
    return this.#environment.authorizer.allowsSome(this.#who, operation, type)
  }

  /** Whether this is allowed; a refusal is reported as one to `api`. */
  demand(api: string, operation: AclOperation, type: ResourceType, name: string): boolean {
    if (this.allows(operation, type, name)) return true
    this.#report(api, operation, type, name)
    return false
  }

  /** All operations that are allowed on a resource, as the protocol's bit field (KIP-430). */
  operations(type: ResourceType, name: string): number {
    let bits = 0
    for (const operation of operationsOf.get(type) ?? []) {
      if (this.allows(operation, type, name)) bits |= 1 << operation
    }
    return bits
  }

  #answersAbout(type: ResourceType): Map<string, number> {
    const answers = this.#answers[type]
    if (answers) return answers
    const created = new Map<string, number>()
    this.#answers[type] = created
    return created
  }

  #forget(authorizer: Authorizer): void {
    this.#authorizer = authorizer
    this.#version = authorizer.version
    for (const answers of this.#answers) answers?.clear()
  }

  #report(api: string, operation: AclOperation, resourceType: ResourceType, resourceName: string): void {
    const key = `${api} ${operation} ${resourceType} ${resourceName}`
    const nowMs = this.#environment.clock.now()
    const before = this.#reported.get(key)
    if (before && nowMs < before.untilMs) {
      before.repeated++
      return
    }
    if (this.#reported.size >= maxReportedDenials) this.#reported.clear()
    this.#reported.set(key, { untilMs: nowMs + reportIntervalMs, repeated: 0 })
    const { principal, clientHost } = this.#who
    const repeated = before?.repeated ?? 0
    this.#environment.denied({ principal, clientHost, api, operation, resourceType, resourceName, repeated })
  }
}
