import type { Clock } from '@millrace/base'
import { checkOptions } from '@millrace/base/internal'
import { tableText } from '../../../postgres/identifiers.ts'
import type { TopicSpec } from '../../../runtime/connector.ts'
import type { CaptureMapper } from '../capture.ts'
import type { TableRoute } from '../table-mapper.ts'
import { listFilter } from './captured-tables.ts'
import { CatalogFacts } from './catalog-facts.ts'
import { envelopeMapper } from './envelope-parts.ts'
import { noticeOnce } from './notice-once.ts'
import type { TableEventOptions } from './table-event-options.ts'

export interface TableEventParts {
  readonly name: string
  readonly database: string
  readonly url: string
  /** By `schema.table`. */
  readonly routes: ReadonlyMap<string, TableRoute>
  readonly events: TableEventOptions
  readonly clock: Clock
}

const defaultPlaceholder = '__debezium_unavailable_value'
const rules = {
  decimals: { oneOf: ['precise', 'double', 'string'] },
  times: {
    oneOf: ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
  },
  binary: { oneOf: ['bytes', 'base64', 'base64-url-safe', 'hex'] },
  hstore: { oneOf: ['json', 'map'] },
  intervals: { oneOf: ['numeric', 'string'] },
  includeUnknown: 'boolean',
  unavailableValue: 'string',
  schemas: 'boolean',
  tombstones: 'boolean',
  skip: 'array',
  transactionTopic: 'string',
  messageTopic: 'string',
  converters: 'object',
} as const

/** @throws TypeError for a name or a value that means nothing */
export function checkTableEvents(events: TableEventOptions): void {
  checkOptions('postgresTables.events', events, rules, {})
}

/** Topics beside those of the tables. */
export function eventTopicSpecs({ transactionTopic, messageTopic }: TableEventOptions): TopicSpec[] {
  return [transactionTopic, messageTopic].filter((name) => name !== undefined).map((name) => ({ name }))
}

/** Debezium's events of tables whose topics and keys were chosen one by one. */
export function tableEvents({ name, database, url, routes, events, clock }: TableEventParts): CaptureMapper {
  const { schemas = false, transactionTopic, messageTopic, converters = {} } = events
  return envelopeMapper({
    name,
    database,
    modes: {
      decimals: events.decimals ?? 'precise',
      times: events.times ?? 'adaptive',
      binary: events.binary ?? 'bytes',
      hstore: events.hstore ?? 'json',
      intervals: events.intervals ?? 'numeric',
      moneyFractionDigits: 2,
      includeUnknown: events.includeUnknown ?? true,
      placeholder: Buffer.from(events.unavailableValue ?? defaultPlaceholder),
    },
    topics: {
      rows: (relation) => routes.get(tableText(relation))?.topic ?? '',
      transactions: transactionTopic ?? '',
      messages: messageTopic ?? '',
    },
    includesTable: (table) => routes.has(table),
    includesColumn: listFilter(undefined, undefined),
    rules: [],
    converterOf: (column) => (Object.hasOwn(converters, column) ? converters[column] : undefined),
    keyOf: (table) => routes.get(table)?.key,
    schemaNames: 'none',
    fieldNames: 'none',
    skipped: new Set(events.skip),
    skipUnchanged: false,
    tombstones: events.tombstones ?? true,
    hasTransactions: transactionTopic !== undefined,
    hasContextHeaders: false,
    includesMessage: () => messageTopic !== undefined,
    onBadValue: 'fail',
    json: { keySchemas: schemas, valueSchemas: schemas },
    tell: noticeOnce(name),
    catalog: new CatalogFacts(url, `${name} catalog`, clock),
    clock,
  })
}
