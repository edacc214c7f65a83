import type { Principal } from './principal.ts'

/** What may be done to a resource; the codes are those on the wire (KIP-140). */
export const AclOperation = {
  UNKNOWN: 0,
  ANY: 1,
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
} as const
export type AclOperation = (typeof AclOperation)[keyof typeof AclOperation]

/** What an operation is done to; the codes are those on the wire (KIP-140). */
export const ResourceType = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType]

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
