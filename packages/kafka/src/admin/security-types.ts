/** Kinds of things that have ACLs, by Kafka's names. */
export type AclResourceType = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID' | 'DELEGATION_TOKEN' | 'USER'

/** What may be done, by Kafka's names. READ, WRITE, DELETE and ALTER imply DESCRIBE, ALTER_CONFIGS implies DESCRIBE_CONFIGS. */
export type AclOperation =
  | 'ALL'
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE'
  | 'CREATE_TOKENS'
  | 'DESCRIBE_TOKENS'
  | 'TWO_PHASE_COMMIT'

/** One rule: who may, or may not, do what to which resources. */
export interface AclBinding {
  readonly resourceType: AclResourceType
  /** A name, the beginning of names, or `*` for all of the type; of the cluster `kafka-cluster`. */
  readonly resourceName: string
  /** PREFIXED: for all resources whose name begins so. */
  readonly patternType: 'LITERAL' | 'PREFIXED'
  /** `User:alice`, or `User:*` for everyone. */
  readonly principal: string
  /** An address, or `*`. */
  readonly host: string
  readonly operation: AclOperation
  /** One DENY outweighs every ALLOW. */
  readonly permission: 'ALLOW' | 'DENY'
}

/** Which ACLs are meant; what is left out does not restrict. */
export interface AclFilter extends Partial<Omit<AclBinding, 'patternType'>> {
  /** MATCH: all patterns that a resource called `resourceName` comes under. */
  readonly patternType?: 'LITERAL' | 'PREFIXED' | 'MATCH'
}

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** A user's credentials, without what is secret in them. */
export interface ScramUser {
  readonly user: string
  readonly credentials: readonly { readonly mechanism: ScramMechanism; readonly iterations: number }[]
}

/** Sets a user's password for one mechanism, or takes it away. */
export type ScramAlteration =
  | {
      readonly user: string
      readonly mechanism: ScramMechanism
      readonly password: string
      /** Default 4096, which is also the least. */
      readonly iterations?: number
    }
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly delete: true }
