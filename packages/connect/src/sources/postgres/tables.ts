import { checkOptions } from '@millrace/base/internal'
import type { AnyTopicContract } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import { databaseOf } from '../../postgres/driver.ts'
import { parseTableName, quoteTable, tableText } from '../../postgres/identifiers.ts'
import type { SourceConnector, TopicSpec } from '../../runtime/connector.ts'
import type { CapturedTable, PublicationNeed } from './capture.ts'
import type { TableEventOptions } from './debezium/table-event-options.ts'
import { checkTableEvents, eventTopicSpecs, tableEvents } from './debezium/table-events.ts'
import type { Int8Form } from './json-values.ts'
import { postgresSource } from './postgres-source.ts'
import { type PostgresSourceOptions, sourceOptionRules } from './source-options.ts'
import { TableMapper, type TableRoute } from './table-mapper.ts'

export interface TableCapture {
  /** `table` or `schema.table`. */
  readonly table: string
  readonly topic: string | AnyTopicContract
  /** Columns of the record key. Default: the primary key; without one the records have no key. */
  readonly key?: readonly string[]
}

export interface PostgresTablesOptions extends PostgresSourceOptions {
  readonly tables: readonly TableCapture[]
  /** `row`: the row as plain JSON. `debezium`: Debezium's events, with the row before and after. Default `row`. */
  readonly format?: 'row' | 'debezium'
  /** Of the format `debezium`: how values are expressed, and what comes beside rows. */
  readonly events?: TableEventOptions
  /** Of the format `row`: how 64-bit integers appear in JSON. Default `string`, since JavaScript rounds such numbers beyond 2^53. */
  readonly int8?: Int8Form
  /** What to do when a table is truncated, which the format `row` cannot express; `debezium` can. Default `fail`. */
  readonly truncate?: 'fail' | 'skip'
}

/**
 * Publishes every change of whole tables: inserts and updates as the new row, deletes as tombstones, each exactly once
 * under read_committed and in the order of commits. The rows that exist at the very first start come before.
 *
 * @example
 * postgresTables({ url, tables: [{ table: 'customers', topic: customer }, { table: 'audit.log', topic: 'log' }] })
 */
export function postgresTables(options: PostgresTablesOptions): SourceConnector {
  checkOptions(
    'postgresTables',
    options,
    {
      ...sourceOptionRules,
      tables: 'array',
      format: { oneOf: ['row', 'debezium'] },
      events: 'object',
      int8: { oneOf: ['string', 'number'] },
      truncate: { oneOf: ['fail', 'skip'] },
    },
    { required: ['url', 'tables'] },
  )
  const { format = 'row', events = {}, url } = options
  checkTableEvents(events)
  const database = databaseOf(url)
  const name = options.name ?? `${database}-tables`
  const captures = new Map(options.tables.map((capture) => [tableText(parseTableName(capture.table)), capture]))
  return postgresSource(options, {
    name,
    topics: [...options.tables.map(({ topic }) => topicSpec(topic)), ...eventTopicSpecs(events)],
    rowTopics: () => options.tables.map(({ topic }) => topicSpec(topic).name),
    tables: [...captures.keys()],
    publications: (tables, publication) => {
      for (const table of tables) checkKey(table, captures.get(tableText(table.relation))?.key ?? table.primaryKey)
      checkConverters(tables, Object.keys(events.converters ?? {}))
      return publicationNeeds(tables, publication)
    },
    mapper: (tables, clock) => {
      const routes = new Map(tables.map((table) => routeOf(table, captures)))
      if (format === 'debezium') return tableEvents({ name, database, url, routes, events, clock })
      return new TableMapper({ routes, int8: options.int8 ?? 'string', truncate: options.truncate ?? 'fail' })
    },
    snapshotOrder: () => '',
  })
}

function topicSpec(topic: string | AnyTopicContract): TopicSpec {
  if (typeof topic === 'string') return { name: topic }
  const { name, partitions, config } = topic
  return { name, ...(partitions !== undefined && { partitions }), ...(config !== undefined && { config }) }
}

function routeOf(table: CapturedTable, captures: ReadonlyMap<string, TableCapture>): [string, TableRoute] {
  const text = tableText(table.relation)
  const { topic, key } = captures.get(text)!
  return [text, { topic: typeof topic === 'string' ? topic : topic.name, key: key ?? table.primaryKey }]
}

/**
 * Tables without replica identity get a publication of their own for inserts: PostgreSQL refuses updates and deletes of a
 * table that is published with them, and capturing a table must not break the service that owns it.
 */
function publicationNeeds(tables: readonly CapturedTable[], name: string): PublicationNeed[] {
  const whole = tables.filter((table) => table.hasReplicaIdentity)
  const appendOnly = tables.filter((table) => !table.hasReplicaIdentity)
  const needs: PublicationNeed[] = []
  if (whole.length > 0) needs.push({ name, tables: whole, operations: ['insert', 'update', 'delete', 'truncate'] })
  if (appendOnly.length > 0) {
    needs.push({ name: `${name}_inserts`, tables: appendOnly, operations: ['insert', 'truncate'] })
  }
  return needs
}

/** A name that leads nowhere would leave a column as it is, and nobody would know. */
function checkConverters(tables: readonly CapturedTable[], names: readonly string[]): void {
  const known = new Set(
    tables.flatMap(({ relation }) => relation.columns.map((column) => `${tableText(relation)}.${column.name}`)),
  )
  const stray = names.find((name) => !known.has(name))
  if (stray === undefined) return
  const message = `events.converters names ${stray}, which is no column of a captured table; write schema.table.column`
  throw connectError('POSTGRES_COLUMN_MISSING', message, { column: stray })
}

function checkKey({ relation, primaryKey, hasReplicaIdentity }: CapturedTable, key: readonly string[]): void {
  const table = tableText(relation)
  for (const name of key) {
    const column = relation.columns.find((candidate) => candidate.name === name)
    if (!column && primaryKey.includes(name)) throw generatedKey(table, name)
    if (!column) throw connectError('POSTGRES_COLUMN_MISSING', `table ${table} has no column ${name}`, { table })
    if (!hasReplicaIdentity || column.isKey) continue
    const message = `the log of deletes in ${table} has no column ${name}; run: ALTER TABLE ${quoteTable(relation)} REPLICA IDENTITY FULL`
    throw connectError('POSTGRES_REPLICA_IDENTITY', message, { table, column: name })
  }
}

function generatedKey(table: string, column: string): Error {
  const message = `the record key of table ${table} has the generated column ${column}, which PostgreSQL does not send; name other columns with \`key\``
  return connectError('POSTGRES_REPLICA_IDENTITY', message, { table, column })
}
