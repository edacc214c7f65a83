// What the connectors that configs may be brought along from know, by their own definitions and documentation.

/** Of `io.debezium.connector.postgresql.PostgresConnector` 3.6; `conformance/debezium` compares the list with its `config()`. */
export const debeziumDefined = lines(`
  binary.handling.mode column.exclude.list column.include.list column.propagate.source.type
  connection.validation.timeout.ms converters custom.metric.tags custom.sanitize.pattern database.dbname
  database.hostname database.initial.statements database.password database.port database.query.timeout.ms
  database.sslcert database.sslfactory database.sslkey database.sslmode database.sslpassword database.sslrootcert
  database.tcpKeepAlive database.user datatype.propagate.source.type decimal.handling.mode errors.max.retries
  event.processing.failure.handling.mode executor.shutdown.timeout.ms extended.headers.enabled flush.lsn.source
  guardrail.collections.limit.action guardrail.collections.max heartbeat.action.query heartbeat.interval.ms
  heartbeat.topics.prefix hstore.handling.mode include.schema.comments include.unknown.datatypes
  incremental.snapshot.chunk.size incremental.snapshot.watermarking.strategy internal.advanced.metrics.enable
  internal.legacy.snapshot.max.threads internal.log.position.check.enable internal.snapshot.scan.all.columns.force
  interval.handling.mode lsn.flush.mode lsn.flush.timeout.action lsn.flush.timeout.ms max.batch.size max.queue.size
  max.queue.size.in.bytes memory.management.schemas.class memory.management.tables.class message.key.columns
  message.prefix.exclude.list message.prefix.include.list notification.enabled.channels notification.sink.topic.name
  openlineage.integration.config.file.path openlineage.integration.dataset.kafka.bootstrap.servers
  openlineage.integration.enabled openlineage.integration.job.description openlineage.integration.job.namespace
  openlineage.integration.job.owners openlineage.integration.job.tags plugin.name poll.interval.ms post.processors
  provide.transaction.metadata publication.autocreate.mode publication.name publish.via.partition.root
  query.fetch.size replica.identity.autoset.values retriable.restart.connector.wait.ms schema.exclude.list
  schema.include.list schema.name.adjustment.mode schema.refresh.mode signal.data.collection signal.enabled.channels
  signal.poll.interval.ms skipped.operations slot.drop.on.stop slot.failover slot.max.retries slot.name
  slot.retry.delay.ms slot.stream.params snapshot.delay.ms snapshot.fetch.size snapshot.include.collection.list
  snapshot.isolation.mode snapshot.lock.timeout.ms snapshot.locking.mode snapshot.locking.mode.custom.name
  snapshot.max.threads snapshot.max.threads.multiplier snapshot.mode snapshot.mode.configuration.based.snapshot.data
  snapshot.mode.configuration.based.snapshot.on.data.error snapshot.mode.configuration.based.snapshot.on.schema.error
  snapshot.mode.configuration.based.snapshot.schema snapshot.mode.configuration.based.start.stream
  snapshot.mode.custom.name snapshot.query.mode snapshot.query.mode.custom.name snapshot.select.statement.overrides
  snapshot.tables.order.by.row.count sourceinfo.struct.maker statistics.metrics.enabled status.update.interval.ms
  streaming.delay.ms table.exclude.list table.ignore.builtin table.include.list time.precision.mode
  tombstones.on.delete topic.naming.strategy topic.prefix transaction.metadata.factory unavailable.value.placeholder
  xmin.fetch.interval.ms
`)

/** In its documentation beside those. */
export const debeziumDocumented = lines(`
  database.connection.factory.class event.converting.failure.handling.mode field.name.adjustment.mode
  include.schema.changes incremental.snapshot.allow.schema.changes legacy.snapshot.max.threads money.fraction.digits
  offset.mismatch.strategy poll.dispatch.interval.ms read.only signal.file signal.kafka.bootstrap.servers signal.kafka.groupId
  signal.kafka.poll.timeout.ms signal.kafka.topic skip.messages.without.change topic.cache.size topic.delimiter
  topic.heartbeat.name topic.heartbeat.prefix topic.transaction
`)

/** Of other versions, and internal ones that configs have. */
export const debeziumOther = lines(`
  internal.create.slot.command.timeout queue.provider.type slot.seek.to.known.offset.on.start
`)

/** Of `io.debezium.connector.jdbc.JdbcSinkConnector`. */
export const debeziumJdbcSink = lines(`
  batch.size cloud.events.schema.name.pattern collection.name.format collection.naming.strategy
  collection.table.format column.naming.strategy connection.password connection.pool.acquire_increment
  connection.pool.max_size connection.pool.min_size connection.pool.timeout connection.restart.on.errors
  connection.url connection.username database.time_zone delete.enabled dialect.postgres.postgis.schema
  dialect.postgres.unnest.insert.enabled dialect.sqlserver.identity.insert field.exclude.list field.include.list
  flush.max.retries flush.retry.delay.ms insert.mode primary.key.fields primary.key.mode quote.identifiers
  schema.evolution table.name.format table.naming.strategy truncate.enabled use.time.zone
  collection.naming.prefix collection.naming.style collection.naming.suffix column.naming.prefix column.naming.style
  column.naming.suffix connection.provider dialect.starrocks.catalog.name enable.sces keyed.message.batch.mode
  use.reduction.buffer
`)

/** Of `io.confluent.connect.jdbc.JdbcSinkConnector`, as documented. */
export const confluentJdbcSink = lines(`
  auto.create auto.evolve batch.size connection.attempts connection.backoff.ms connection.password connection.url
  connection.user date.calendar.system date.timezone db.timezone delete.enabled dialect.name fields.whitelist insert.mode
  jdbc.credentials.provider.class.name max.retries mssql.use.merge.holdlock pk.fields pk.mode quote.sql.identifiers
  replace.null.with.default retry.backoff.ms table.name.format table.types timestamp.fields.list timestamp.precision.mode
  trim.sensitive.log
`)

function lines(text: string): string[] {
  return text.trim().split(/\s+/)
}
