// Files as they lie beside a Kafka Connect worker, run by Millrace: capture by Debezium's names, a sink by Debezium's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '@millrace/broker'
import pg from 'pg'
import { Project, RunningCommand } from '../../../packages/millrace/test/support/command-line.ts'
import { startPostgres } from '../../support/postgres.ts'

const worker = (brokers: string): string => `
bootstrap.servers=${brokers}
group.id=connect-cluster
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
listeners=http://127.0.0.1:0
plugin.path=/usr/share/java
config.providers=file
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
`

const capture = (database: URL, secrets: string): string => `
name=shop-source
connector.class=io.debezium.connector.postgresql.PostgresConnector
plugin.name=pgoutput
tasks.max=1
database.hostname=${database.hostname}
database.port=${database.port}
database.user=\${file:${secrets}:user}
database.password=\${file:${secrets}:password}
database.dbname=${database.pathname.slice(1)}
topic.prefix=shop
table.include.list=public.orders
slot.name=shop
publication.autocreate.mode=filtered
`

const sink = (url: string, secrets: string): object => ({
  name: 'shop-sink',
  config: {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    topics: 'shop.public.orders',
    'connection.url': url,
    'connection.username': `\${file:${secrets}:user}`,
    'connection.password': `\${file:${secrets}:password}`,
    'insert.mode': 'upsert',
    'delete.enabled': 'true',
    'primary.key.mode': 'record_key',
    'schema.evolution': 'basic',
    'collection.name.format': 'orders_copy',
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': 'shop-bad',
    'errors.deadletterqueue.context.headers.enable': 'true',
  },
})

test('a captured table and its copy, from two files that a Kafka Connect worker would take', async () => {
  await using postgres = await startPostgres()
  await using broker = await startBroker({ memory: true })
  const url = new URL(await postgres.createDatabase('shop'))
  const db = new pg.Client({ connectionString: url.href })
  await db.connect()
  try {
    await db.query(`create table orders (id bigint primary key, customer text not null, amount numeric(10, 2), at timestamptz);
      insert into orders values (1, 'ada', 10.50, '2026-01-01T00:00:00Z')`)
    await using project = await Project.create({ 'worker.properties': worker(broker.brokers) })
    const secrets = project.path('secrets.properties')
    const password = decodeURIComponent(url.password)
    await project.write({
      'secrets.properties': `user=${decodeURIComponent(url.username)}\npassword=${password}\n`,
      'source.properties': capture(url, secrets),
      'sink.json': JSON.stringify(sink(`jdbc:postgresql://${url.host}${url.pathname}`, secrets)),
    })
    const files = ['worker.properties', 'source.properties', 'sink.json']
    await using running = new RunningCommand(['run', ...files], { cwd: project.folder })
    const gateway = await running.prints(/gateway listening on (\S+)/)
    await running.prints(/shop-source: running/)
    await db.query(`insert into orders values (2, 'bob', 3, null); update orders set amount = 11 where id = 1;
      insert into orders values (3, 'eve', 1, null); delete from orders where id = 3`)
    const copied = async (): Promise<unknown[]> => {
      const { rows } = await db
        .query('select id::int, customer, amount::text from orders_copy order by id')
        .catch(() => ({ rows: [] }))
      return rows
    }
    const expected = [
      { id: 1, customer: 'ada', amount: '11.00' },
      { id: 2, customer: 'bob', amount: '3.00' },
    ]
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(100)) {
      if (JSON.stringify(await copied()) === JSON.stringify(expected)) break
    }
    assert.deepEqual(await copied(), expected, running.output)
    const shown = await (await fetch(`${gateway}/connectors?expand=info&expand=status`)).text()
    assert.match(shown, /\$\{file:[^}]*:password\}/)
    if (password !== '') assert.ok(!shown.includes(`"${password}"`))
    const { tasks } = JSON.parse(shown)['shop-sink'].status
    assert.equal(tasks[0].state, 'RUNNING')
  } finally {
    await db.end()
  }
})
