import { configDef } from '../../../config/config-def.ts'
import { between, type ConfigKey, nonEmpty } from '../../../config/config-key.ts'

type Importance = ConfigKey['importance']

const text = (doc: string, importance: Importance = 'medium') =>
  ({ type: 'string', default: null, importance, doc }) as const
const flag = (value: boolean, doc: string) => ({ type: 'boolean', default: value, importance: 'medium', doc }) as const
const choice = <const Values extends readonly [string, ...string[]]>(values: Values, doc: string) =>
  ({ type: 'string', oneOf: values, ignoreCase: true, default: values[0], importance: 'medium', doc }) as const
const not = (reason: string) =>
  ({ type: 'string', default: null, importance: 'low', doc: 'Not supported.', notSupported: reason }) as const

/** Names that Debezium has for its own engine; here other limits do their work, and a value changes nothing. */
const withoutEffect = (doc: string) =>
  ({ type: 'string', default: null, importance: 'low', doc, internal: true, withoutEffect: true }) as const

const javaClass = not('it names a Java class; leave it out')
const lineage = not('nothing is told to OpenLineage; leave it out')
const ownWorkings = withoutEffect('It is about Debezium’s own workings.')

const connection = {
  'database.hostname': { type: 'string', importance: 'high', valid: nonEmpty, doc: 'Host of the database server.' },
  'database.port': { type: 'int', default: 5432, valid: between(1, 65_535), importance: 'high', doc: 'Its port.' },
  'database.user': { type: 'string', importance: 'high', valid: nonEmpty, doc: 'User with REPLICATION.' },
  'database.password': { type: 'password', default: '', importance: 'high', doc: 'Password of the user.' },
  'database.dbname': { type: 'string', importance: 'high', valid: nonEmpty, doc: 'The database that is captured.' },
  'database.sslmode': choice(
    ['prefer', 'disable', 'allow', 'require', 'verify-ca', 'verify-full'],
    'Whether the connection is encrypted and the server is checked.',
  ),
  'database.sslcert': text('File with the certificate of the client.'),
  'database.sslkey': text('File with its key.'),
  'database.sslrootcert': text('File with the certificates that the server is checked with.'),
  'database.sslpassword': not('a key that is encrypted is not read; decrypt it, and protect the file'),
  'database.sslfactory': not(
    'it names a Java class; use database.sslmode, database.sslcert, database.sslkey and database.sslrootcert',
  ),
  'database.initial.statements': not(
    'connections are set up by the connector; give its user what they need with ALTER ROLE … SET …',
  ),
  'database.query.timeout.ms': not(
    'statements wait as long as the server lets them; use ALTER ROLE … SET statement_timeout',
  ),
  'database.connection.factory.class': javaClass,
  'database.tcpKeepAlive': withoutEffect('Connections are always kept alive.'),
} as const

const capture = {
  'topic.prefix': {
    type: 'string',
    importance: 'high',
    valid: nonEmpty,
    doc: 'Names the events, and begins their topics.',
  },
  'plugin.name': choice(['pgoutput'], 'Plugin of logical decoding.'),
  'slot.name': {
    type: 'string',
    default: 'debezium',
    importance: 'medium',
    doc: 'Replication slot, created when missing.',
  },
  'slot.failover': flag(false, 'Whether a standby may take over with the slot.'),
  'slot.drop.on.stop': not(
    'a slot that is gone makes a gap; drop it with pg_drop_replication_slot once the connector is deleted',
  ),
  'slot.stream.params': not('the options of pgoutput are the connector’s; leave it out'),
  'publication.name': {
    type: 'string',
    default: 'dbz_publication',
    importance: 'medium',
    doc: 'Publication, created when missing.',
  },
  'publication.autocreate.mode': choice(
    ['all_tables', 'filtered', 'disabled'],
    'What a missing publication is created for: all tables, those that are captured, or not at all.',
  ),
  'publish.via.partition.root': flag(false, 'Whether rows of partitions come under the name of their table.'),
  'snapshot.mode': choice(
    ['initial', 'no_data', 'never', 'always', 'when_needed', 'initial_only'],
    'What is done with the rows that are there already.',
  ),
  'snapshot.select.statement.overrides': text(
    'Tables of whose rows a snapshot reads some; under this name, a dot and the table the statement: SELECT * FROM … WHERE ….',
  ),
  'schema.include.list': text('Expressions of the schemas that are captured.'),
  'schema.exclude.list': text('Expressions of the schemas that are not.'),
  'table.include.list': text('Expressions of the tables that are captured, as schema.table.', 'high'),
  'table.exclude.list': text('Expressions of the tables that are not.'),
  'column.include.list': text('Expressions of the columns that are captured, as schema.table.column.'),
  'column.exclude.list': text('Expressions of the columns that are not.'),
  'message.prefix.include.list': text('Expressions of the prefixes of logical messages that are captured.'),
  'message.prefix.exclude.list': text('Expressions of those that are not.'),
  'heartbeat.interval.ms': {
    type: 'int',
    default: 0,
    valid: between(0),
    importance: 'medium',
    doc: 'Time between records in the topic of heartbeats; 0 for none. The position moves anyway.',
  },
  'heartbeat.action.query': text('Statement that is run with each heartbeat.'),
  'status.update.interval.ms': {
    type: 'int',
    default: 10_000,
    valid: between(100, 30_000),
    importance: 'medium',
    doc: 'How often the server is told what is confirmed.',
  },
  'signal.data.collection': text('Table that signals are inserted into, as schema.table.'),
  'signal.enabled.channels': {
    type: 'list',
    default: ['source'],
    oneOf: ['source', 'kafka', 'file'],
    importance: 'medium',
    doc: 'Where signals come from.',
  },
  'signal.kafka.topic': text('Topic of signals.'),
  'signal.file': text('File of signals.'),
  'signal.poll.interval.ms': withoutEffect('Signals are seen as they come.'),
  'notification.enabled.channels': {
    type: 'list',
    default: [],
    oneOf: ['sink', 'log'],
    importance: 'medium',
    doc: 'Who is told about snapshots.',
  },
  'notification.sink.topic.name': text('Topic of notifications.'),
} as const

const events = {
  'decimal.handling.mode': choice(['precise', 'double', 'string'], 'How decimals are expressed.'),
  'time.precision.mode': choice(
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
    'How dates and times are expressed.',
  ),
  'binary.handling.mode': choice(['bytes', 'base64', 'base64-url-safe', 'hex'], 'How bytes are expressed.'),
  'hstore.handling.mode': choice(['json', 'map'], 'How hstore is expressed.'),
  'interval.handling.mode': choice(['numeric', 'string'], 'How intervals are expressed.'),
  'money.fraction.digits': {
    type: 'short',
    default: 2,
    valid: between(0),
    importance: 'medium',
    doc: 'Digits after the point of money.',
  },
  'include.unknown.datatypes': flag(false, 'Whether columns of other types come as the bytes of their texts.'),
  'unavailable.value.placeholder': {
    type: 'string',
    default: '__debezium_unavailable_value',
    importance: 'medium',
    doc: 'Stands for a large value that was not logged; hex:… for bytes.',
  },
  'tombstones.on.delete': flag(true, 'Whether a delete is followed by a record without a value.'),
  'skipped.operations': {
    type: 'list',
    default: ['t'],
    oneOf: ['c', 'u', 'd', 't', 'none'],
    importance: 'low',
    doc: 'Operations that are left out.',
  },
  'skip.messages.without.change': flag(false, 'Whether updates of columns that are not captured are left out.'),
  'message.key.columns': text('Columns of the key, as table:column,column;table:column.'),
  'provide.transaction.metadata': flag(
    false,
    'Whether begins and ends of transactions are published, and events numbered.',
  ),
  'column.propagate.source.type': text('Expressions of columns whose schema names their type.'),
  'datatype.propagate.source.type': text('Expressions of types whose columns do, as schema.table.type.'),
  'schema.name.adjustment.mode': choice(
    ['none', 'avro', 'avro_unicode'],
    'How names of schemas are made fit for Avro.',
  ),
  'field.name.adjustment.mode': choice(['none', 'avro', 'avro_unicode'], 'How names of fields are.'),
  'topic.naming.strategy': {
    type: 'string',
    default: 'io.debezium.schema.SchemaTopicNamingStrategy',
    oneOf: ['io.debezium.schema.SchemaTopicNamingStrategy', 'io.debezium.schema.DefaultTopicNamingStrategy'],
    importance: 'medium',
    doc: 'Whether topics are named after schema and table or after the table alone.',
  },
  'topic.delimiter': {
    type: 'string',
    default: '.',
    importance: 'low',
    doc: 'Between the parts of the names of topics.',
  },
  'topic.transaction': {
    type: 'string',
    default: 'transaction',
    importance: 'low',
    doc: 'End of the name of the topic of transactions.',
  },
  'topic.heartbeat.prefix': {
    type: 'string',
    default: '__debezium-heartbeat',
    importance: 'low',
    doc: 'Begin of the name of the topic of heartbeats.',
  },
  'topic.heartbeat.name': text('The whole name of that topic.', 'low'),
  'extended.headers.enabled': flag(true, 'Whether events have headers that name the connector.'),
  'event.converting.failure.handling.mode': choice(
    ['warn', 'fail', 'skip'],
    'What becomes of a value that its schema cannot express: null, or the connector stops.',
  ),
  'guardrail.collections.max': {
    type: 'int',
    default: 0,
    valid: between(0),
    importance: 'low',
    doc: 'More tables than that are a mistake; 0 for no bound.',
  },
  'guardrail.collections.limit.action': choice(['warn', 'fail'], 'What becomes of such a mistake.'),
} as const

const engine = {
  'max.batch.size': withoutEffect('Kafka transactions have limits of their own.'),
  'max.queue.size': withoutEffect('Memory is bounded in bytes.'),
  'max.queue.size.in.bytes': withoutEffect('Memory is bounded anyway.'),
  'poll.dispatch.interval.ms': withoutEffect('Changes are read as they come.'),
  'poll.interval.ms': withoutEffect('Changes are read as they come.'),
  'snapshot.fetch.size': withoutEffect('Rows are read in bounded parts.'),
  'legacy.snapshot.max.threads': ownWorkings,
  'snapshot.max.threads': withoutEffect('Tables are read one after another.'),
  'query.fetch.size': withoutEffect('Rows are read in bounded parts.'),
  'topic.cache.size': withoutEffect('Names are computed once for each table.'),
  'errors.max.retries': withoutEffect('A lost database is waited for.'),
  'retriable.restart.connector.wait.ms': withoutEffect('A lost database is waited for.'),
  'slot.max.retries': withoutEffect('A lost database is waited for.'),
  'slot.retry.delay.ms': withoutEffect('A lost database is waited for.'),
  'connection.validation.timeout.ms': withoutEffect('Connecting has a time limit.'),
  'schema.refresh.mode': withoutEffect('The catalog is asked when the stream says that a table was altered.'),
  'snapshot.locking.mode': choice(['none'], 'Tables are never locked.'),
  'snapshot.isolation.mode': choice(['repeatable_read'], 'Isolation of the transaction that reads the rows.'),
  'include.schema.changes': withoutEffect('PostgreSQL does not log them.'),
  'incremental.snapshot.chunk.size': {
    type: 'int',
    default: 1_024,
    valid: between(1),
    importance: 'medium',
    doc: 'Rows of one part of a snapshot beside the stream.',
  },
  'incremental.snapshot.watermarking.strategy': withoutEffect(
    'Parts are delimited by the database’s own snapshots, which writes nothing.',
  ),
  'incremental.snapshot.allow.schema.changes': withoutEffect('Always allowed.'),
  'snapshot.max.threads.multiplier': withoutEffect('Tables are read one after another.'),
  'snapshot.lock.timeout.ms': withoutEffect('Tables are never locked.'),
  'snapshot.tables.order.by.row.count': withoutEffect('Large tables are read in parts beside the stream.'),
  'snapshot.query.mode': choice(['select_all'], 'How rows are read.'),
  'queue.provider.type': withoutEffect('There is no queue.'),
  'executor.shutdown.timeout.ms': withoutEffect('Stopping finishes the transaction in flight.'),
  'statistics.metrics.enabled': withoutEffect('Metrics are always there.'),
  'internal.create.slot.command.timeout': withoutEffect(
    'Transactions under way are waited for, and the status says so.',
  ),
  'lsn.flush.timeout.ms': withoutEffect('The server is told without waiting for it.'),
  'lsn.flush.timeout.action': withoutEffect('The server is told without waiting for it.'),
  'lsn.flush.mode': withoutEffect('What is in Kafka, and what lies before it, is confirmed.'),
  'table.ignore.builtin': withoutEffect('Tables of the system are never captured.'),
  'signal.kafka.bootstrap.servers': withoutEffect('Signals are read where events are written.'),
  'signal.kafka.groupId': withoutEffect('Their topic is read without a group.'),
  'signal.kafka.poll.timeout.ms': withoutEffect('Signals are seen as they come.'),
  'event.processing.failure.handling.mode': choice(['fail'], 'An event that cannot be processed ends the connector.'),
  'custom.metric.tags': not('metrics are named after the connector; leave it out'),
  'openlineage.integration.enabled': lineage,
  'openlineage.integration.config.file.path': lineage,
  'openlineage.integration.dataset.kafka.bootstrap.servers': lineage,
  'openlineage.integration.job.description': lineage,
  'openlineage.integration.job.namespace': lineage,
  'openlineage.integration.job.owners': lineage,
  'openlineage.integration.job.tags': lineage,
  'internal.advanced.metrics.enable': ownWorkings,
  'internal.legacy.snapshot.max.threads': ownWorkings,
  'internal.log.position.check.enable': ownWorkings,
  'internal.snapshot.scan.all.columns.force': ownWorkings,
  'memory.management.schemas.class': ownWorkings,
  'memory.management.tables.class': ownWorkings,
  'include.schema.comments': not('comments are not in schemas; read them from the catalog with col_description'),
  'snapshot.include.collection.list': not(
    'all captured tables are read; capture the others with a connector of their own and snapshot.mode=no_data',
  ),
  'snapshot.delay.ms': not('snapshots begin at once; leave it out and start the connector later'),
  'streaming.delay.ms': not('changes are published as they come; leave it out'),
  'snapshot.mode.custom.name': javaClass,
  'snapshot.query.mode.custom.name': javaClass,
  'snapshot.locking.mode.custom.name': javaClass,
  'snapshot.mode.configuration.based.snapshot.data': not(
    'choose another snapshot.mode; initial, no_data and when_needed say the same in one word',
  ),
  'snapshot.mode.configuration.based.snapshot.schema': not(
    'choose another snapshot.mode; initial, no_data and when_needed say the same in one word',
  ),
  'snapshot.mode.configuration.based.start.stream': not(
    'choose another snapshot.mode; initial, no_data and when_needed say the same in one word',
  ),
  'snapshot.mode.configuration.based.snapshot.on.schema.error': not(
    'choose another snapshot.mode; initial, no_data and when_needed say the same in one word',
  ),
  'snapshot.mode.configuration.based.snapshot.on.data.error': not(
    'choose another snapshot.mode; initial, no_data and when_needed say the same in one word',
  ),
  'slot.seek.to.known.offset.on.start': not(
    'a slot that is ahead makes a gap; snapshot.mode=when_needed makes it good with a snapshot',
  ),
  'read.only': withoutEffect(
    'The connector writes to the database only where a signal table or a heartbeat statement is configured.',
  ),
  'flush.lsn.source': not('the slot is always told what is in Kafka; leave it out'),
  'xmin.fetch.interval.ms': {
    type: 'long',
    default: 0,
    valid: between(0),
    importance: 'low',
    doc: 'How old source.xmin may be; 0 leaves it null.',
  },
  'offset.mismatch.strategy': choice(
    ['trust_offset'],
    'The position in Kafka is what counts: a slot that is ahead of it is refused, and with snapshot.mode=when_needed made good.',
  ),
  'replica.identity.autoset.values': not('tables are never altered; run ALTER TABLE … REPLICA IDENTITY … before'),
  converters: not(
    "they name Java classes; write them in TypeScript: postgresTables({ format: 'debezium', events: { converters } })",
  ),
  'post.processors': text('Name of a post-processor, whose class and options are under that name.'),
  'sourceinfo.struct.maker': javaClass,
  'transaction.metadata.factory': javaClass,
  'custom.sanitize.pattern': not(
    'names are made fit for Avro with schema.name.adjustment.mode and field.name.adjustment.mode; leave it out',
  ),
  'heartbeat.topics.prefix': not('its name is topic.heartbeat.prefix'),
} as const

/** What Debezium's connector for PostgreSQL understands and what becomes of it here. */
export const debeziumConfig = configDef(
  { ...connection, ...capture, ...events, ...engine },
  {
    rules: [
      {
        name: 'notification.sink.topic.name',
        problem: ({ 'notification.enabled.channels': channels, 'notification.sink.topic.name': topic }) =>
          Array.isArray(channels) && channels.includes('sink') && topic === undefined
            ? 'it is missing beside notification.enabled.channels=sink'
            : undefined,
      },
    ],
    passThrough: [
      'column.mask.hash.',
      'column.mask.with.',
      'column.truncate.to.',
      'snapshot.select.statement.overrides.',
    ],
  },
)
