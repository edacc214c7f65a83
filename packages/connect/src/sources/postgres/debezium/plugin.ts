import type { Clock } from '@millrace/base'
import type { ConfigOf, Properties } from '../../../config/config-def.ts'
import { JsonConverter } from '../../../converters/json-converter.ts'
import { SimpleHeaderConverter } from '../../../converters/simple-header-converter.ts'
import { connectError } from '../../../errors.ts'
import { quoteTable, tableText } from '../../../postgres/identifiers.ts'
import type { SourceConnector, TopicSpec } from '../../../runtime/connector.ts'
import { reportNotice } from '../../../runtime/diagnostics.ts'
import type { RecordPipeline } from '../../../runtime/pipeline.ts'
import type { ConnectorPlugin, PluginContext } from '../../../runtime/plugin.ts'
import type { CaptureMapper, PublicationNeed } from '../capture.ts'
import { postgresSource } from '../postgres-source.ts'
import { unsentText } from '../server-checks.ts'
import type { Notification } from '../signals/notifications.ts'
import type { CaptureOptions, PostgresSourceOptions, SnapshotMode } from '../source-options.ts'
import { findTables, listFilter, tableFilter, wholePublication } from './captured-tables.ts'
import { CatalogFacts } from './catalog-facts.ts'
import { debeziumConfig } from './debezium-config.ts'
import { envelopeMapper } from './envelope-parts.ts'
import { eventTopics } from './event-names.ts'
import { debeziumVersion } from './event-schemas.ts'
import { noticeOnce } from './notice-once.ts'
import { postProcessorConfig, reselectionOf } from './post-processors.ts'
import { columnRules, keyColumns, skippedOperations, snapshotFilters, valueModes } from './properties.ts'
import { Reselection } from './reselection.ts'
import { SlotXmin, type SlotXminOptions } from './slot-xmin.ts'
import { unmatched } from './unmatched.ts'

type Config = ConfigOf<typeof debeziumConfig.keys>

/**
 * Capture of PostgreSQL by the properties of Debezium's connector, with its events: a config of
 * `io.debezium.connector.postgresql.PostgresConnector` can be brought along as it is.
 */
export const postgresConnectorPlugin: ConnectorPlugin = {
  classNames: ['io.debezium.connector.postgresql.PostgresConnector'],
  type: 'source',
  version: debeziumVersion,
  configDef: debeziumConfig,
  further: postProcessorConfig,
  create,
}

function create(properties: Properties, context: PluginContext): SourceConnector {
  const { name } = context
  const config = debeziumConfig.and(postProcessorConfig(properties)).parse(name, properties) as Config
  const url = connectionUrl(config)
  const topics = eventTopics({
    prefix: config['topic.prefix'],
    delimiter: config['topic.delimiter'],
    parts: config['topic.naming.strategy'].endsWith('DefaultTopicNamingStrategy') ? 'table' : 'schema',
    transactions: config['topic.transaction'],
  })
  const includesTable = tableFilter({
    includedSchemas: config['schema.include.list'],
    excludedSchemas: config['schema.exclude.list'],
    includedTables: config['table.include.list'],
    excludedTables: config['table.exclude.list'],
  })
  const rules = columnRules(properties, config)
  const reselected = reselectionOf(name, properties)
  const tell = noticeOnce(name)
  const keyOf = keyColumns(config['message.key.columns'])
  const mapper = (clock: Clock): CaptureMapper =>
    envelopeMapper({
      name: config['topic.prefix'],
      database: config['database.dbname'],
      modes: valueModes(config),
      topics,
      includesTable,
      includesColumn: listFilter(config['column.include.list'], config['column.exclude.list']),
      rules,
      keyOf,
      schemaNames: config['schema.name.adjustment.mode'],
      fieldNames: config['field.name.adjustment.mode'],
      skipped: skippedOperations(config['skipped.operations']),
      skipUnchanged: config['skip.messages.without.change'],
      tombstones: config['tombstones.on.delete'],
      hasTransactions: config['provide.transaction.metadata'],
      hasContextHeaders: config['extended.headers.enabled'],
      includesMessage: listFilter(config['message.prefix.include.list'], config['message.prefix.exclude.list']),
      onBadValue: config['event.converting.failure.handling.mode'],
      json: plainJson(context.pipeline),
      tell,
      xmin: slotXmin(name, url, config, { clock, tell }),
      catalog: new CatalogFacts(url, `${name} catalog`, clock),
      reselection: reselected && new Reselection({ ...reselected, url, applicationName: `${name} reselect`, tell }),
      clock,
    })
  // Debezium's default leaves truncates out of its events, and out of the publication only where it is asked to.
  const unpublished = isGiven(properties['skipped.operations'])
    ? skippedOperations(config['skipped.operations'])
    : new Set<string>()
  const options = { ...sourceOptions(name, url, config), snapshotFilters: snapshotFilters(properties, config) }
  return postgresSource(options, {
    name,
    topics: [],
    newTopic: (topic): TopicSpec => ({ name: topic }),
    tables: async (client) => {
      const tables = await findTables(client, includesTable, config['table.include.list'])
      for (const text of await unmatched(client, properties, tables)) tell(text)
      return checkCount(tell, config, tables)
    },
    publications: (tables, publication) => {
      const needs = wholePublication(tables, publication, config['publish.via.partition.root'], unpublished)
      tellOfHarm(tell, needs)
      return needs
    },
    mapper: (_, clock) => mapper(clock),
    rowTopics: (tables) => tables.map(({ relation }) => topics.rows(relation)),
    snapshotOrder: () => '',
  })
}

function slotXmin(
  name: string,
  url: string,
  config: Config,
  parts: Pick<SlotXminOptions, 'clock' | 'tell'>,
): SlotXmin | undefined {
  const intervalMs = config['xmin.fetch.interval.ms']
  if (intervalMs === 0) return undefined
  return new SlotXmin({ url, applicationName: `${name} xmin`, slot: config['slot.name'], intervalMs, ...parts })
}

const isGiven = (text: string | null | undefined): boolean => text !== null && text !== undefined

/** PostgreSQL refuses what it could not log, and whose service that stops may wonder why. */
function tellOfHarm(tell: (text: string) => void, needs: readonly PublicationNeed[]): void {
  for (const { tables, operations } of needs) {
    if (!operations.includes('update') && !operations.includes('delete')) continue
    for (const { relation, primaryKey, hasReplicaIdentity, unsentIdentity } of tables) {
      const table = tableText(relation)
      // Keys would be wrong before 18, and from then on the service's own updates refused.
      if (unsentIdentity !== undefined) {
        throw connectError('POSTGRES_REPLICA_IDENTITY', unsentText(table, unsentIdentity), { table })
      }
      const remedy = `ALTER TABLE ${quoteTable(relation)} REPLICA IDENTITY FULL`
      const unlogged = primaryKey.find(
        (name) => !relation.columns.some((column) => column.isKey && column.name === name),
      )
      if (!hasReplicaIdentity) {
        tell(`PostgreSQL refuses updates and deletes in ${table} while it is published; run: ${remedy}`)
      } else if (unlogged !== undefined) {
        tell(
          `the log of deletes in ${table} has no ${unlogged}, so that their keys are wrong, as Debezium's; run: ${remedy}`,
        )
      }
    }
  }
}

/** How events may be written as bytes at once: where the converters are JSON's in its usual form and nothing transforms. */
function plainJson(pipeline: RecordPipeline): { keySchemas: boolean; valueSchemas: boolean } | undefined {
  const { keyConverter, valueConverter, headerConverter, transforms } = pipeline
  if (transforms.length > 0 || !(headerConverter instanceof SimpleHeaderConverter)) return undefined
  if (!(keyConverter instanceof JsonConverter) || !(valueConverter instanceof JsonConverter)) return undefined
  if (!keyConverter.isUsualForm || !valueConverter.isUsualForm) return undefined
  return { keySchemas: keyConverter.hasSchemas, valueSchemas: valueConverter.hasSchemas }
}

function checkCount(tell: (text: string) => void, config: Config, tables: string[]): string[] {
  const max = config['guardrail.collections.max']
  if (max === 0 || tables.length <= max) return tables
  const message = `${tables.length} tables are to be captured, more than guardrail.collections.max=${max} allows`
  if (config['guardrail.collections.limit.action'] === 'fail')
    throw connectError('CONNECT_CONFIG_INVALID', message, { tables: tables.length })
  tell(message)
  return tables
}

function connectionUrl(config: Config): string {
  const url = new URL('postgres://localhost')
  url.hostname = config['database.hostname']
  url.port = String(config['database.port'])
  url.username = encodeURIComponent(config['database.user'])
  url.password = encodeURIComponent(config['database.password'].reveal())
  url.pathname = `/${encodeURIComponent(config['database.dbname'])}`
  const mode = config['database.sslmode']
  // The driver knows no opportunistic encryption; what would fall back to plain text begins with it.
  if (mode !== 'prefer' && mode !== 'allow') {
    url.searchParams.set('sslmode', mode)
    // The meanings of PostgreSQL's own library, which Debezium's driver has, too.
    url.searchParams.set('uselibpqcompat', 'true')
  }
  for (const file of ['sslcert', 'sslkey', 'sslrootcert'] as const) {
    const path = config[`database.${file}`]
    if (path !== undefined) url.searchParams.set(file, path)
  }
  return url.href
}

const snapshotModes: Readonly<Record<Config['snapshot.mode'], SnapshotMode>> = {
  initial: 'initial',
  no_data: 'never',
  never: 'never',
  always: 'always',
  when_needed: 'when-needed',
  initial_only: 'initial-only',
}

function sourceOptions(name: string, url: string, config: Config): CaptureOptions {
  const creates = { all_tables: 'all-tables', filtered: 'tables', disabled: 'never' } as const
  const heartbeatMs = config['heartbeat.interval.ms']
  const query = config['heartbeat.action.query']
  return {
    name,
    url,
    slot: config['slot.name'],
    failover: config['slot.failover'],
    publication: config['publication.name'],
    extendsPublication: config['publication.autocreate.mode'] === 'filtered',
    createPublication: creates[config['publication.autocreate.mode']],
    snapshot: snapshotModes[config['snapshot.mode']],
    ...(heartbeatMs > 0 && {
      heartbeat: {
        topic: heartbeatTopic(config),
        key: config['topic.prefix'],
        ...(query !== undefined && { query }),
      },
    }),
    ...signalsOf(name, config),
    limits: {
      statusIntervalMs: config['status.update.interval.ms'],
      chunkMaxRows: config['incremental.snapshot.chunk.size'],
      ...(heartbeatMs > 0 && { heartbeatIntervalMs: Math.min(Math.max(heartbeatMs, 100), 3_600_000) }),
    },
  }
}

function heartbeatTopic(config: Config): string {
  const { 'topic.heartbeat.name': whole, 'topic.heartbeat.prefix': prefix, 'topic.delimiter': delimiter } = config
  return whole ?? [prefix, config['topic.prefix']].join(delimiter)
}

function signalsOf(name: string, config: Config): Pick<PostgresSourceOptions, 'signals' | 'notifications'> {
  const channels = config['signal.enabled.channels']
  const table = channels.includes('source') ? config['signal.data.collection'] : undefined
  const prefix = config['topic.prefix']
  const topic = channels.includes('kafka') ? (config['signal.kafka.topic'] ?? `${prefix}-signal`) : undefined
  const file = channels.includes('file') ? (config['signal.file'] ?? 'file-signals.txt') : undefined
  const told = config['notification.enabled.channels']
  const notified = told.includes('sink') ? config['notification.sink.topic.name'] : undefined
  const log = (notification: Notification): void => reportNotice(name, `notification ${JSON.stringify(notification)}`)
  return {
    ...((table ?? topic ?? file) !== undefined && {
      signals: {
        ...(table !== undefined && { table }),
        ...(topic !== undefined && { topic, topicKey: prefix }),
        ...(file !== undefined && { file }),
      },
    }),
    ...(told.length > 0 && {
      notifications: { ...(notified !== undefined && { topic: notified }), ...(told.includes('log') && { on: log }) },
    }),
  }
}
