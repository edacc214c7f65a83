import { connectError } from '../../errors.ts'
import type { SinkConnector } from '../../runtime/connector.ts'
import type { PluginContext, SinkPlugin } from '../../runtime/plugin.ts'
import { pipelineDecoder } from '../record-decoder.ts'
import type { WriteMode } from '../sql/dialect.ts'
import type { KeyChoice } from '../sql/settings.ts'
import { sqlSink } from '../sql/sql-sink.ts'
import { confluentJdbcConfig } from './confluent-config.ts'
import { debeziumJdbcConfig } from './debezium-config.ts'
import { dialectOf, type JdbcConnection } from './jdbc-url.ts'
import { fieldFilter, tableNames } from './table-name.ts'

const version = '1.0.0'

/** Sinks into SQL databases by the properties of Confluent's connector. */
export const confluentJdbcSink: SinkPlugin = {
  classNames: ['io.confluent.connect.jdbc.JdbcSinkConnector'],
  type: 'sink',
  version,
  configDef: confluentJdbcConfig,
  create: (properties, context) => {
    const config = confluentJdbcConfig.parse(context.name, properties)
    return jdbcSink(context, {
      connection: {
        url: config['connection.url'],
        user: config['connection.user'],
        password: config['connection.password']?.reveal(),
      },
      connections: 4,
      mode: config['insert.mode'],
      keyMode: config['pk.mode'],
      keyFields: config['pk.fields'],
      batchSize: config['batch.size'],
      deletes: config['delete.enabled'],
      tombstones: 'refuse',
      truncates: false,
      unwraps: false,
      creates: config['auto.create'],
      evolves: config['auto.evolve'],
      quotes: config['quote.sql.identifiers'] === 'always',
      format: config['table.name.format'],
      dots: 'separate',
      isIncluded: fieldFilter(config['fields.whitelist'], []),
      dialectName: config['dialect.name'],
    })
  },
}

/** Sinks into SQL databases by the properties of Debezium's connector, whose change events they take apart. */
export const debeziumJdbcSink: SinkPlugin = {
  classNames: ['io.debezium.connector.jdbc.JdbcSinkConnector'],
  type: 'sink',
  version,
  configDef: debeziumJdbcConfig,
  create: (properties, context) => {
    const config = debeziumJdbcConfig.parse(context.name, properties)
    const evolves = config['schema.evolution'] === 'basic'
    return jdbcSink(context, {
      connection: {
        url: config['connection.url'],
        user: config['connection.username'],
        password: config['connection.password']?.reveal(),
      },
      connections: config['connection.pool.max_size'],
      mode: config['insert.mode'],
      keyMode: config['primary.key.mode'],
      keyFields: config['primary.key.fields'],
      batchSize: config['batch.size'],
      deletes: config['delete.enabled'],
      tombstones: 'skip',
      truncates: config['truncate.enabled'],
      unwraps: true,
      creates: evolves,
      evolves,
      quotes: config['quote.identifiers'],
      format: config['table.name.format'] ?? config['collection.name.format'],
      dots: 'underscore',
      isIncluded: fieldFilter(config['field.include.list'], config['field.exclude.list']),
      dialectName: '',
    })
  },
}

interface JdbcSinkConfig {
  readonly connection: JdbcConnection
  readonly connections: number
  readonly mode: WriteMode
  readonly keyMode: 'none' | 'kafka' | 'record_key' | 'record_value' | 'record_header'
  readonly keyFields: readonly string[]
  readonly batchSize: number
  readonly deletes: boolean
  readonly tombstones: 'skip' | 'refuse'
  readonly truncates: boolean
  readonly unwraps: boolean
  readonly creates: boolean
  readonly evolves: boolean
  readonly quotes: boolean
  readonly format: string
  readonly dots: 'separate' | 'underscore'
  readonly isIncluded: (topic: string, field: string) => boolean
  readonly dialectName: string
}

const keySources = {
  none: 'none',
  kafka: 'offset',
  record_key: 'key',
  record_value: 'value',
  record_header: 'headers',
} as const satisfies Record<JdbcSinkConfig['keyMode'], KeyChoice['from']>

function jdbcSink({ name, pipeline, topics }: PluginContext, config: JdbcSinkConfig): SinkConnector {
  const problem = problemOf(config)
  if (problem) throw connectError('CONNECT_CONFIG_INVALID', `${name}: ${problem}`, { where: name })
  const dialect = dialectOf(name, config.connection)
  if (config.dialectName !== '' && !config.dialectName.toLowerCase().startsWith(dialect.name.toLowerCase())) {
    const message = `${name}: connection.url leads to ${dialect.name}, and dialect.name says ${config.dialectName}`
    throw connectError('CONNECT_CONFIG_INVALID', message, { where: name })
  }
  const { mode, keyMode, keyFields, format, dots, quotes } = config
  // Unquoted names are lower-case in PostgreSQL, and compared without case elsewhere.
  const changeCase = (text: string): string => (quotes ? text : text.toLowerCase())
  return sqlSink({
    topics,
    settings: {
      name,
      mode,
      tableOf: tableNames({ format, dots, changeCase }),
      table: undefined,
      key: { from: keySources[keyMode], columns: keyFields, isWhole: 'auto' },
      hasPrimaryKey: keyMode !== 'none',
      deletes: config.deletes,
      tombstones: config.tombstones,
      truncates: config.truncates,
      unwraps: config.unwraps,
      creates: config.creates,
      evolves: config.evolves,
      columns: undefined,
      isIncluded: config.isIncluded,
      columnName: changeCase,
      maxBatchRows: config.batchSize,
    },
    decoder: pipelineDecoder(pipeline),
    dialect,
    connections: config.connections,
    onBadRecord: 'dead-letter',
  })
}

function problemOf({ mode, keyMode, keyFields, deletes }: JdbcSinkConfig): string | undefined {
  if (mode !== 'insert' && keyMode === 'none') return `insert.mode ${mode} needs a primary key: set its mode`
  if (deletes && keyMode !== 'record_key') return 'delete.enabled needs the primary key mode record_key'
  if (keyMode === 'record_header' && keyFields.length === 0)
    return 'the primary key mode record_header needs the names of headers'
  if (keyMode === 'kafka' && keyFields.length !== 0 && keyFields.length !== 3) {
    return 'the primary key mode kafka takes the names of three columns, for topic, partition and offset'
  }
  return undefined
}
