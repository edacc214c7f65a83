import { checkOptions, type LimitTable, resolveLimits } from '@millrace/base/internal'
import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector, TopicSpec } from '../../runtime/connector.ts'
import { ownRecords } from '../own-records.ts'
import { contractDecoder, type RecordDecoder } from '../record-decoder.ts'
import type { SinkColumn, SqlSinkSettings } from '../sql/settings.ts'
import { clickHouseError } from './clickhouse-errors.ts'
import { openClickHouse } from './connection.ts'
import { ClickHouseSinkSession } from './sink-session.ts'

const clickHouseLimits = {
  requestTimeoutMs: {
    default: 60_000,
    min: 100,
    max: 3_600_000,
    reached: 'The batch is given up, and tried again with the same bounds.',
  },
} as const satisfies LimitTable

export interface ClickHouseSinkOptions<K, V> {
  /** Names the consumer group and the offset rows. Default `<topic>-to-<table>`. */
  readonly name?: string
  /** `http://user:password@host:8123/database`. */
  readonly url: string
  /** `table` or `database.table`; created when missing, unless `create` says otherwise. */
  readonly table: string
  /**
   * Column that takes the record key, or names of its fields where the key is an object; the sorting key of a table that is
   * created. Default `key`; an empty list leaves the key out.
   */
  readonly key?: string | readonly string[]
  /** Columns and their types, as for the other databases. Default: the table's, or the fields of the first value. */
  readonly columns?: Readonly<Record<string, SinkColumn<K, V>>>
  /** Whether a table that is missing is created. Default true. */
  readonly create?: boolean
  /** Whether a column is added for a field that has none. Default false: such a field fails the sink. */
  readonly evolve?: boolean
  /** What to do with a record that cannot be read or that the table refuses. Default `dead-letter`. */
  readonly onBadRecord?: 'dead-letter' | 'fail'
  readonly limits?: { readonly [Name in keyof typeof clickHouseLimits]?: number }
}

/**
 * Inserts the records of a topic into a table of ClickHouse, each exactly once. The table is of the MergeTree family, with a
 * window in which it recognises inserts that come again; one that the sink creates has it. Uses `@clickhouse/client`.
 *
 * @example
 * clickHouseSink(order, { url: 'http://localhost:8123/analytics', table: 'orders' })
 */
export function clickHouseSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: ClickHouseSinkOptions<K, V>,
): SinkConnector {
  checkOptions(
    'clickHouseSink',
    options,
    {
      name: 'string',
      url: 'string',
      table: 'string',
      key: ['string', 'array'],
      columns: 'object',
      create: 'boolean',
      evolve: 'boolean',
      onBadRecord: { oneOf: ['dead-letter', 'fail'] },
      limits: 'object',
    },
    { required: ['url', 'table'] },
  )
  const { key = 'key', table } = options
  const name = options.name ?? `${contract.name}-to-${table}`
  const { requestTimeoutMs } = resolveLimits(`clickHouseSink ${name}`, clickHouseLimits, options.limits)
  const keys = typeof key === 'string' ? [key] : key
  const { partitions, config } = contract
  return openableSink({
    topics: [{ name: contract.name, ...(partitions !== undefined && { partitions }), ...(config && { config }) }],
    url: options.url,
    requestTimeoutMs,
    decoder: contractDecoder(contract as never),
    onBadRecord: options.onBadRecord ?? 'dead-letter',
    settings: {
      ...insertSettings,
      name,
      tableOf: () => table,
      table,
      key: { from: keys.length === 0 ? 'none' : 'key', columns: keys, isWhole: typeof key === 'string' },
      hasPrimaryKey: keys.length > 0,
      creates: options.create ?? true,
      evolves: options.evolve ?? false,
      columns: options.columns as SqlSinkSettings['columns'],
    },
  })
}

/** What is the same for every sink into ClickHouse: rows are only added. */
export const insertSettings = {
  mode: 'insert',
  deletes: false,
  tombstones: 'refuse',
  truncates: false,
  unwraps: false,
  isIncluded: () => true,
  columnName: (field: string) => field,
  maxBatchRows: Number.POSITIVE_INFINITY,
} as const satisfies Partial<SqlSinkSettings>

export interface ClickHouseSinkParts {
  readonly topics: readonly TopicSpec[]
  readonly url: string
  readonly requestTimeoutMs: number
  readonly settings: SqlSinkSettings
  readonly decoder: RecordDecoder
  readonly onBadRecord: SinkConnector['onBadRecord']
}

export function openableSink(parts: ClickHouseSinkParts): SinkConnector {
  const { topics, url, requestTimeoutMs, settings, decoder, onBadRecord } = parts
  const { name } = settings
  const connect = () => openClickHouse({ url, requestTimeoutMs, applicationName: `millrace:${name}` })
  return {
    kind: 'sink',
    name,
    topics,
    onBadRecord,
    open: async (context) => {
      const connection = await connect()
      const session = new ClickHouseSinkSession({ connection, settings, decoder: ownRecords(decoder, name), context })
      try {
        await session.prepare()
        return session
      } catch (error) {
        await connection.close().catch(() => {})
        throw clickHouseError(error, `opening ${name}`, { connector: name })
      }
    },
    check: async () => {
      const connection = await connect()
      try {
        await connection.query('select 1 as one')
        return []
      } catch (error) {
        return [clickHouseError(error, `checking ${name}`)]
      } finally {
        await connection.close().catch(() => {})
      }
    },
  }
}
