import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'

const outages =
  'an outage pauses the sink for as long as it lasts, and a bad record is told from it; leave the property out'
const pool = 'connections are opened as partitions need them, up to connection.pool.max_size; leave the property out'

const not = (notSupported: string) =>
  ({ type: 'string', default: null, importance: 'low', doc: 'Not supported.', notSupported }) as const
const naming = 'names are made by collection.name.format and by transforms (RegexRouter, ReplaceField); leave it out'
const otherDatabase = 'it is about a database that this sink does not write; leave it out'

/** The properties of Debezium's JDBC sink, as its documentation has them. */
export const debeziumJdbcConfig = configDef({
  'connection.url': {
    type: 'string',
    importance: 'high',
    valid: nonEmpty,
    doc: 'Where the database is: jdbc:postgresql://host/database, jdbc:mysql://…, jdbc:mariadb://… or jdbc:sqlite:path.',
  },
  'connection.username': { type: 'string', default: null, importance: 'high', doc: 'User of the database.' },
  'connection.password': { type: 'password', default: null, importance: 'high', doc: 'Password of the user.' },
  'connection.pool.max_size': {
    type: 'int',
    default: 4,
    importance: 'low',
    valid: between(1, 64),
    doc: 'Connections; a partition is written over one at a time.',
  },
  'connection.pool.min_size': {
    type: 'int',
    default: null,
    importance: 'low',
    doc: 'Idle connections.',
    notSupported: pool,
  },
  'connection.pool.acquire_increment': {
    type: 'int',
    default: null,
    importance: 'low',
    doc: 'Step.',
    notSupported: pool,
  },
  'connection.pool.timeout': { type: 'long', default: null, importance: 'low', doc: 'Idle time.', notSupported: pool },
  'connection.restart.on.errors': {
    type: 'boolean',
    default: null,
    importance: 'low',
    doc: 'Retry.',
    notSupported: outages,
  },
  'insert.mode': {
    type: 'string',
    default: 'insert',
    importance: 'high',
    oneOf: ['insert', 'upsert', 'update'],
    ignoreCase: true,
    doc: 'Whether records add rows, add or replace them by key, or change those that are there.',
  },
  'primary.key.mode': {
    type: 'string',
    default: 'none',
    importance: 'high',
    oneOf: ['none', 'kafka', 'record_key', 'record_value', 'record_header'],
    ignoreCase: true,
    doc: 'Where the primary key comes from.',
  },
  'primary.key.fields': {
    type: 'list',
    default: [],
    importance: 'high',
    doc: 'Fields of the key or value, headers, names of the columns for topic, partition and offset, or of the column that takes a plain key.',
  },
  'delete.enabled': {
    type: 'boolean',
    default: false,
    importance: 'high',
    doc: 'Follow deletes and tombstones; needs primary.key.mode record_key. Otherwise they are passed over.',
  },
  'truncate.enabled': { type: 'boolean', default: false, importance: 'low', doc: 'Follow truncations of the source.' },
  'schema.evolution': {
    type: 'string',
    default: 'none',
    importance: 'high',
    oneOf: ['none', 'basic'],
    ignoreCase: true,
    doc: 'Basic: create tables that are missing and add columns for new fields.',
  },
  'collection.name.format': {
    type: 'string',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
    default: '${topic}',
    importance: 'high',
    valid: nonEmpty,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
    doc: 'Name of the table, with ${topic} (its dots as underscores) and ${source.<field>} of the change event.',
  },
  'table.name.format': {
    type: 'string',
    default: null,
    importance: 'low',
    doc: 'The former name of collection.name.format.',
  },
  'quote.identifiers': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    doc: 'Without it names are taken in the case in which the database keeps unquoted ones.',
  },
  'use.time.zone': {
    type: 'string',
    default: 'UTC',
    oneOf: ['UTC'],
    importance: 'medium',
    doc: 'Times are written as UTC.',
  },
  'batch.size': { type: 'int', default: 500, importance: 'low', valid: between(1, 50_000), doc: 'Rows per statement.' },
  'use.reduction.buffer': {
    type: 'boolean',
    default: false,
    importance: 'low',
    doc: 'Accepted; of the records of a batch with one key only the last is ever written, which leaves the same rows.',
  },
  'field.include.list': {
    type: 'list',
    default: [],
    importance: 'medium',
    doc: 'Fields of the value to write, as <field> or <topic>:<field>.',
  },
  'field.exclude.list': { type: 'list', default: [], importance: 'medium', doc: 'Fields of the value to leave out.' },
  'collection.naming.strategy': not(naming),
  'collection.naming.prefix': not(naming),
  'collection.naming.style': not(naming),
  'collection.naming.suffix': not(naming),
  'collection.table.format': not(naming),
  'table.naming.strategy': not(naming),
  'column.naming.strategy': not(naming),
  'column.naming.prefix': not(naming),
  'column.naming.style': not(naming),
  'column.naming.suffix': not(naming),
  'cloud.events.schema.name.pattern': not('CloudEvents are not unwrapped here; take their data out with ExtractField'),
  'connection.provider': not('it names a Java class; leave it out'),
  'database.time_zone': not('its name is use.time.zone'),
  'dialect.postgres.postgis.schema': not('PostGIS is found by the search path; put its schema there'),
  'dialect.postgres.unnest.insert.enabled': not('rows are always written in one statement for many; leave it out'),
  'dialect.sqlserver.identity.insert': not(otherDatabase),
  'dialect.starrocks.catalog.name': not(otherDatabase),
  'keyed.message.batch.mode': not('of several records of one key in a batch the last is written; leave it out'),
  'enable.sces': not('an event is known by its schema; leave it out'),
  'flush.max.retries': { type: 'int', default: null, importance: 'low', doc: 'Attempts.', notSupported: outages },
  'flush.retry.delay.ms': { type: 'long', default: null, importance: 'low', doc: 'Wait.', notSupported: outages },
})
