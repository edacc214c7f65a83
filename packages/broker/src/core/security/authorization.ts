import { AclOperation, ResourceType } from '@millrace/protocol'
import type { Principal } from './principal.ts'

export { AclOperation, ResourceType }

/** The name of the one resource of type CLUSTER. */
export const clusterResource = 'kafka-cluster'

/** On whose behalf, and from where, something is asked. */
export interface Requester {
  readonly principal: Principal
  /** The peer's address, with the leading slash that Kafka prints. */
  readonly clientHost: string
}

/** Decides what a principal may do. */
export interface Authorizer {
  /** Another number after every change that may change an answer: answers may be kept for as long as it stays. */
  readonly version: number
  allows(who: Requester, operation: AclOperation, type: ResourceType, name: string): boolean
  /** Whether there can be a resource of the type that the principal may do this to. */
  allowsSome(who: Requester, operation: AclOperation, type: ResourceType): boolean
}

/** Without ACLs everyone may do everything. */
export const allowAll: Authorizer = { version: 0, allows: () => true, allowsSome: () => true }

/** A request that was refused. */
export interface Denial {
  readonly principal: Principal
  readonly clientHost: string
  /** The API's name. */
  readonly api: string
  readonly operation: AclOperation
  readonly resourceType: ResourceType
  readonly resourceName: string
  /** How often the same was refused on this connection since it was last reported. */
  readonly repeated: number
}

const {
  READ,
  WRITE,
  CREATE,
  DELETE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
} = AclOperation

/** Which operations there are for a kind of resource. */
export const operationsOf: ReadonlyMap<ResourceType, readonly AclOperation[]> = new Map<
  ResourceType,
  readonly AclOperation[]
>([
  [ResourceType.TOPIC, [READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]],
  [ResourceType.GROUP, [READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]],
  [ResourceType.CLUSTER, [CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE]],
])
