import { checkOptions, type LimitTable, resolveLimits } from '@millrace/base/internal'
import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector } from '../../runtime/connector.ts'
import { contractDecoder } from '../record-decoder.ts'
import type { SqlDialect } from './dialect.ts'
import type { KeyChoice, SinkColumn, SqlSinkSettings } from './settings.ts'
import { sqlSink } from './sql-sink.ts'

/** Bounds of a SQL sink. */
export const sinkLimits = {
  maxBatchRows: { default: 5_000, min: 1, max: 50_000, reached: 'The rows of a batch go into several statements.' },
  connections: { default: 4, min: 1, max: 64, reached: 'Further partitions wait until a connection is free.' },
} as const satisfies LimitTable

export type SinkLimits = { readonly [Name in keyof typeof sinkLimits]?: number }

/** What sinks into all SQL databases have in common. */
export interface SqlSinkOptions<K, V> {
  /** Names the consumer group and the offset rows. Default `<topic>-to-<table>`. */
  readonly name?: string
  /** `table` or `schema.table`; created when missing, unless `create` says otherwise. */
  readonly table: string
  /**
   * `upsert` keeps one row per key and deletes it on a tombstone; `insert` adds one row per record; `update` changes the
   * rows that are there, deletes them on a tombstone, and adds none.
   */
  readonly mode: 'upsert' | 'insert' | 'update'
  /**
   * Column that holds the record key, or names of its fields where the key is an object. Default `key`. In mode `insert`
   * an empty list leaves the key out.
   */
  readonly key?: string | readonly string[]
  /**
   * Where the key's columns come from. Default `key`, the record's. `value` and `headers` take the fields or headers that
   * `key` lists; `offset` makes columns of topic, partition and offset.
   */
  readonly keyFrom?: 'key' | 'value' | 'headers' | 'offset'
  /**
   * Columns and their types, key columns included; fields of the value that are not named are left out. Default: the
   * columns of the table, and where there is no table yet, the fields of the first value.
   */
  readonly columns?: Readonly<Record<string, SinkColumn<K, V>>>
  /** Whether a table that is missing is created. Default true. */
  readonly create?: boolean
  /** Whether a column is added for a field that has none. Default false: such a field fails the sink. */
  readonly evolve?: boolean
  /** `debezium`: values are change events; their `after` is the row, and deletes and truncations are followed. */
  readonly envelope?: 'none' | 'debezium'
  /** What to do with a record that cannot be read or that the table refuses. Default `dead-letter`. */
  readonly onBadRecord?: 'dead-letter' | 'fail'
  readonly limits?: SinkLimits
}

const rules = {
  name: 'string',
  table: 'string',
  mode: { oneOf: ['upsert', 'insert', 'update'] },
  key: ['string', 'array'],
  keyFrom: { oneOf: ['key', 'value', 'headers', 'offset'] },
  columns: 'object',
  create: 'boolean',
  evolve: 'boolean',
  envelope: { oneOf: ['none', 'debezium'] },
  onBadRecord: { oneOf: ['dead-letter', 'fail'] },
  limits: 'object',
} as const

/** A sink for one topic of a contract. `place` is the option that says where the database is. */
export function contractSqlSink<K, V, Place extends string>(
  { where, place, dialect }: { readonly where: string; readonly place: Place; readonly dialect: () => SqlDialect },
  contract: TopicContract<K, V, never, never>,
  options: SqlSinkOptions<K, V> & { readonly [Name in Place]: string },
): SinkConnector {
  const all = { ...rules, [place]: 'string' } as const
  checkOptions<object>(where, options, all as never, { required: [place, 'table', 'mode'] as never })
  const name = options.name ?? `${contract.name}-to-${options.table}`
  const limits = resolveLimits(`${where} ${name}`, sinkLimits, options.limits)
  const { partitions, config } = contract
  return sqlSink({
    topics: [{ name: contract.name, ...(partitions !== undefined && { partitions }), ...(config && { config }) }],
    settings: settingsOf(name, options, limits.maxBatchRows),
    decoder: contractDecoder(contract as never, options.keyFrom === 'headers'),
    dialect: dialect(),
    connections: limits.connections,
    onBadRecord: options.onBadRecord ?? 'dead-letter',
  })
}

function settingsOf<K, V>(name: string, options: SqlSinkOptions<K, V>, maxBatchRows: number): SqlSinkSettings {
  const { mode, table, envelope } = options
  return {
    name,
    mode,
    tableOf: () => table,
    table,
    key: keyChoice(options),
    // In mode `insert` a key may come again.
    hasPrimaryKey: mode !== 'insert' || options.keyFrom === 'offset',
    deletes: mode !== 'insert',
    tombstones: 'refuse',
    truncates: envelope === 'debezium',
    unwraps: envelope === 'debezium',
    creates: options.create ?? true,
    evolves: options.evolve ?? false,
    // The plan knows records only as they come; that the functions in `columns` fit them is what the types above check.
    columns: options.columns as SqlSinkSettings['columns'],
    isIncluded: () => true,
    columnName: (field) => field,
    maxBatchRows,
  }
}

function keyChoice<K, V>({ key, keyFrom = 'key' }: SqlSinkOptions<K, V>): KeyChoice {
  if (keyFrom !== 'key') return { from: keyFrom, columns: key === undefined ? [] : [key].flat(), isWhole: false }
  if (key === undefined || typeof key === 'string') return { from: 'key', columns: [key ?? 'key'], isWhole: true }
  return { from: key.length === 0 ? 'none' : 'key', columns: key, isWhole: false }
}
