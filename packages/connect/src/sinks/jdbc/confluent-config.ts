import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'

const outages =
  'an outage pauses the sink for as long as it lasts, and a bad record is told from it; leave the property out'

const not = (notSupported: string) =>
  ({ type: 'string', default: null, importance: 'low', doc: 'Not supported.', notSupported }) as const
const moments = 'moments are written with all their digits into columns of the right type; leave it out'

/** The properties of Confluent's JDBC sink, as its documentation has them. */
export const confluentJdbcConfig = configDef({
  'connection.url': {
    type: 'string',
    importance: 'high',
    valid: nonEmpty,
    doc: 'Where the database is: jdbc:postgresql://host/database, jdbc:mysql://…, jdbc:mariadb://… or jdbc:sqlite:path.',
  },
  'connection.user': { type: 'string', default: null, importance: 'high', doc: 'User of the database.' },
  'connection.password': { type: 'password', default: null, importance: 'high', doc: 'Password of the user.' },
  'dialect.name': {
    type: 'string',
    default: '',
    importance: 'low',
    oneOf: ['', 'PostgreSqlDatabaseDialect', 'MySqlDatabaseDialect', 'SqliteDatabaseDialect'],
    doc: 'The url says which database it is; this may only say the same.',
  },
  'insert.mode': {
    type: 'string',
    default: 'insert',
    importance: 'high',
    oneOf: ['insert', 'upsert', 'update'],
    ignoreCase: true,
    doc: 'Whether records add rows, add or replace them by key, or change those that are there.',
  },
  'batch.size': {
    type: 'int',
    default: 3_000,
    importance: 'medium',
    valid: between(1, 50_000),
    doc: 'Rows per statement.',
  },
  'delete.enabled': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    doc: 'Delete the row of the key on a tombstone; needs pk.mode record_key. Otherwise a tombstone is a bad record.',
  },
  'table.types': {
    type: 'list',
    default: ['TABLE'],
    importance: 'low',
    oneOf: ['TABLE', 'PARTITIONED TABLE', 'VIEW'],
    doc: 'Accepted; whatever has the name of the table is written.',
  },
  'table.name.format': {
    type: 'string',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
    default: '${topic}',
    importance: 'medium',
    valid: nonEmpty,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
    doc: 'Name of the table, with ${topic} in place of the topic; dots separate schema and table.',
  },
  'pk.mode': {
    type: 'string',
    default: 'none',
    importance: 'high',
    oneOf: ['none', 'kafka', 'record_key', 'record_value'],
    ignoreCase: true,
    doc: 'Where the primary key comes from.',
  },
  'pk.fields': {
    type: 'list',
    default: [],
    importance: 'medium',
    doc: 'Fields of the key or value, or names of the columns for topic, partition and offset, or of the column that takes a plain key.',
  },
  'fields.whitelist': {
    type: 'list',
    default: [],
    importance: 'medium',
    doc: 'Fields of the value to write; left out, all of them.',
  },
  'db.timezone': {
    type: 'string',
    default: 'UTC',
    oneOf: ['UTC'],
    importance: 'medium',
    doc: 'Times are written as UTC.',
  },
  'auto.create': { type: 'boolean', default: false, importance: 'medium', doc: 'Create tables that are missing.' },
  'auto.evolve': { type: 'boolean', default: false, importance: 'medium', doc: 'Add columns for new fields.' },
  'quote.sql.identifiers': {
    type: 'string',
    default: 'always',
    oneOf: ['always', 'never'],
    ignoreCase: true,
    importance: 'medium',
    doc: 'Never: names are taken in the case in which the database keeps unquoted ones.',
  },
  'date.timezone': not('dates have no time zone here; leave it out'),
  'date.calendar.system': not('dates are those of the ISO calendar; leave it out'),
  'timestamp.fields.list': not(moments),
  'timestamp.precision.mode': not(moments),
  'replace.null.with.default': not('a null is written as null; put defaults in with a transform, or leave it out'),
  'mssql.use.merge.holdlock': not('it is about a database that this sink does not write; leave it out'),
  'trim.sensitive.log': not('messages never hold values of records; leave it out'),
  'jdbc.credentials.provider.class.name': not(
    'it names a Java class; use connection.user and connection.password, which a config provider can fill in',
  ),
  'max.retries': {
    type: 'int',
    default: null,
    importance: 'medium',
    doc: 'Attempts at a batch.',
    notSupported: outages,
  },
  'retry.backoff.ms': {
    type: 'int',
    default: null,
    importance: 'medium',
    doc: 'Wait between attempts.',
    notSupported: outages,
  },
  'connection.attempts': {
    type: 'int',
    default: null,
    importance: 'low',
    doc: 'Attempts to connect.',
    notSupported: outages,
  },
  'connection.backoff.ms': {
    type: 'long',
    default: null,
    importance: 'low',
    doc: 'Wait between them.',
    notSupported: outages,
  },
})
