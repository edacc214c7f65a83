import type { LimitTable } from '@millrace/base/internal'

/** Bounds of a PostgreSQL sink. */
export const sinkLimits = {
  maxBatchRows: { default: 5_000, min: 1, max: 50_000, reached: 'The rows of a batch go into several statements.' },
  connections: { default: 4, min: 1, max: 64, reached: 'Further partitions wait until a connection is free.' },
} as const satisfies LimitTable

export type SinkLimits = { readonly [Name in keyof typeof sinkLimits]?: number }

/** A PostgreSQL type, or a type and where the value comes from. */
export type SinkColumn<K, V> = string | { readonly type: string; readonly value: (value: V, key: K) => unknown }

export interface PostgresSinkOptions<K, V> {
  /** Names the consumer group and the offset rows. Default `<topic>-to-<table>`. */
  readonly name?: string
  readonly url: string
  /** `table` or `schema.table`; created when missing. */
  readonly table: string
  /** `upsert` keeps one row per key and deletes it on a tombstone; `insert` adds one row per record. */
  readonly mode: 'upsert' | 'insert'
  /**
   * Column that holds the record key, or names of its fields where the key is an object. Default `key`. In mode `insert`
   * an empty list leaves the key out.
   */
  readonly key?: string | readonly string[]
  /**
   * Columns and their types, key columns included; fields of the value that are not named are left out. Default: the
   * columns of the table, and where there is no table yet, the fields of the first value.
   */
  readonly columns?: Readonly<Record<string, SinkColumn<K, V>>>
  /** What to do with a record that cannot be read or that the table refuses. Default `dead-letter`. */
  readonly onBadRecord?: 'dead-letter' | 'fail'
  readonly limits?: SinkLimits
}
