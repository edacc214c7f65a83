import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@millrace/conformance/free-port'

export interface DebeziumTask {
  readonly brokers: string
  readonly name: string
  readonly database: URL
  /** Where Kafka Connect keeps its offsets between runs. */
  readonly folder: string
}

export interface DebeziumCapture extends DebeziumTask {
  readonly properties: Readonly<Record<string, string>>
}

/**
 * Arguments of Java for Debezium's capture: Kafka Connect standalone. The publication is made beforehand, of the same
 * operations as ours is.
 */
export async function debeziumArguments(classPath: string, task: DebeziumCapture): Promise<string[]> {
  const { brokers, name, database, folder, properties } = task
  const worker = join(folder, 'worker.properties')
  const connector = join(folder, 'connector.properties')
  await writeProperties(worker, {
    'bootstrap.servers': brokers,
    listeners: `http://127.0.0.1:${await freePort()}`,
    'offset.storage.file.filename': join(folder, 'offsets'),
    'offset.flush.interval.ms': '1000',
    'plugin.discovery': 'service_load',
    // A worker wants some; the connector brings its own.
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
  })
  await writeProperties(connector, {
    name,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'database.hostname': database.hostname,
    'database.port': database.port,
    'database.user': database.username,
    'database.password': database.password,
    'database.dbname': database.pathname.slice(1),
    'topic.prefix': name,
    'plugin.name': 'pgoutput',
    'slot.name': name,
    'publication.name': name,
    'publication.autocreate.mode': 'disabled',
    'snapshot.mode': 'no_data',
    ...properties,
  })
  return ['-Xmx2g', '-cp', classPath, 'org.apache.kafka.connect.cli.ConnectStandalone', worker, connector]
}

export interface DebeziumSinkTask extends DebeziumTask {
  readonly topic: string
  readonly table: string
}

/** With the batches of each driver in as few statements as it can. */
function jdbcUrl({ protocol, host, pathname }: URL): string {
  return protocol === 'mysql:'
    ? `jdbc:mariadb://${host}${pathname}?useBulkStmts=true`
    : `jdbc:postgresql://${host}${pathname}?reWriteBatchedInserts=true`
}

/** Arguments of Java for Debezium's JDBC sink: upserts, with the settings that made it fastest. */
export async function debeziumSinkArguments(classPath: string, task: DebeziumSinkTask): Promise<string[]> {
  const { brokers, name, database, folder, topic, table } = task
  const worker = join(folder, 'worker.properties')
  const connector = join(folder, 'connector.properties')
  await writeProperties(worker, {
    'bootstrap.servers': brokers,
    listeners: `http://127.0.0.1:${await freePort()}`,
    'offset.storage.file.filename': join(folder, 'offsets'),
    'plugin.discovery': 'service_load',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'connector.client.config.override.policy': 'All',
  })
  await writeProperties(connector, {
    name,
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'tasks.max': '1',
    topics: topic,
    'connection.url': jdbcUrl(database),
    'connection.username': database.username,
    // It asks for one, also where the server does not.
    'connection.password': database.password || 'none',
    'insert.mode': 'upsert',
    'primary.key.mode': 'record_key',
    'primary.key.fields': 'id',
    // It takes keys for structs and stops at a plain one; this is cheaper for it than keys that carry a schema each.
    transforms: 'hoist',
    'transforms.hoist.type': 'org.apache.kafka.connect.transforms.HoistField$Key',
    'transforms.hoist.field': 'id',
    'schema.evolution': 'none',
    'collection.name.format': table,
    'batch.size': '5000',
    'use.reduction.buffer': 'true',
    'consumer.override.max.poll.records': '5000',
    'consumer.override.fetch.min.bytes': '1048576',
    'consumer.override.max.partition.fetch.bytes': '5242880',
  })
  const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  return ['-Xmx2g', logging, '-cp', classPath, 'org.apache.kafka.connect.cli.ConnectStandalone', worker, connector]
}

function writeProperties(path: string, properties: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  return writeFile(path, lines.join(''))
}
