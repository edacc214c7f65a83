import type { ConnectSchema } from './schema.ts'

/** A value with its schema; without one the value is schemaless: JSON's types, and `bigint` for integers beyond 2^53. */
export interface SchemaAndValue {
  readonly schema: ConnectSchema | undefined
  readonly value: unknown
}

export interface ConnectHeader extends SchemaAndValue {
  readonly key: string
}

/**
 * A record between a connector and a converter, as transforms see it (`org.apache.kafka.connect.connector.ConnectRecord`).
 * Records are never changed in place: a transform returns another one.
 */
export interface ConnectRecord {
  readonly topic: string
  /** Undefined where the producer chooses. */
  readonly partition: number | undefined
  /** Of a record that was read from its topic. */
  readonly offset?: number
  readonly timestampMs: number | undefined
  readonly key: SchemaAndValue
  readonly value: SchemaAndValue
  readonly headers: readonly ConnectHeader[]
}
