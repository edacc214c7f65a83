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

/**
 * Arguments of Java for Debezium's outbox capture: Kafka Connect standalone, the event router, payloads as they are.
 * The publication is made beforehand, of insertions only as ours is.
 */
export async function debeziumArguments(classPath: string, task: DebeziumTask): Promise<string[]> {
  const { brokers, name, database, folder } = task
  const worker = join(folder, 'worker.properties')
  const connector = join(folder, 'connector.properties')
  await writeProperties(worker, {
    'bootstrap.servers': brokers,
    listeners: `http://127.0.0.1:${await freePort()}`,
    'offset.storage.file.filename': join(folder, 'offsets'),
    'offset.flush.interval.ms': '1000',
    'plugin.discovery': 'service_load',
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
    'table.include.list': 'public.outbox',
    'snapshot.mode': 'no_data',
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Debezium's placeholder.
    'transforms.outbox.route.topic.replacement': '${routedByValue}',
  })
  return ['-Xmx2g', '-cp', classPath, 'org.apache.kafka.connect.cli.ConnectStandalone', worker, connector]
}

function writeProperties(path: string, properties: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  return writeFile(path, lines.join(''))
}
