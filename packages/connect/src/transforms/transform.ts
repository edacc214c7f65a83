import type { ConfigDef, Properties } from '../config/config-def.ts'
import type { ConnectRecord } from '../data/record.ts'

/**
 * A single message transform (`org.apache.kafka.connect.transforms.Transformation`). It returns the record, another one,
 * or undefined to drop it, and never changes what it was given. What it cannot transform throws CONNECT_TRANSFORM_FAILED.
 */
export interface Transform {
  apply(record: ConnectRecord): ConnectRecord | undefined
  close?(): void
}

/** Decides for which records a transform is applied (`org.apache.kafka.connect.transforms.predicates.Predicate`). */
export interface Predicate {
  test(record: ConnectRecord): boolean
  close?(): void
}

/** A transform as configs name it. */
export interface TransformPlugin {
  /** Fully qualified first, then the short names; a config may use any. Key and value variants are plugins of their own. */
  readonly classNames: readonly [string, ...string[]]
  /** Without the prefix under which a config gives them (`transforms.<alias>.`). */
  readonly configDef: ConfigDef
  create(config: Properties): Transform
}

/** A predicate as configs name it. */
export interface PredicatePlugin {
  readonly classNames: readonly [string, ...string[]]
  readonly configDef: ConfigDef
  create(config: Properties): Predicate
}
