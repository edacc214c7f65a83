// Keys that the database computes: PostgreSQL does not send them, and from version 18 on refuses updates of a table that is
// published with one as its replica identity.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { type PostgresTablesOptions, postgresTables, runSource, type SourceConnector } from '@millrace/connect'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres } from '../support/postgres.ts'
import { postgresVersion } from '../support/postgres-versions.ts'

async function scene(version: 14 | undefined): Promise<void> {
  const programs = version && (await postgresVersion(version))
  if (typeof programs === 'string') throw new Error(programs)
  await using postgres = await startPostgres(programs && { programs })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('shop')
  const db = new pg.Client({ connectionString: url })
  db.on('error', () => {})
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`create table part (tenant int not null, doc jsonb, id text generated always as (doc->>'id') stored,
      nr int not null unique, primary key (tenant, id));
    create table computed (text text, id text generated always as (upper(text)) stored primary key);
    insert into computed values ('a');
    create table whole (id int primary key, twice int generated always as (id * 2) stored);
    alter table whole replica identity full;
    insert into part (tenant, doc, nr) values (1, '{"id":"x"}', 1), (1, '{"id":"y"}', 2); insert into whole values (1)`)
  const tables = (
    names: readonly string[],
    more: Partial<PostgresTablesOptions['tables'][number]> = {},
  ): SourceConnector =>
    postgresTables({
      name: names.join('-'),
      url,
      tables: names.map((table) => ({ table, topic: table, ...more })),
      limits: { heartbeatIntervalMs: 100, statusIntervalMs: 100 },
    })
  const run = (source: SourceConnector) => runSource(source, { client, limits: { retryDelayMsMin: 20 } })
  const keysAre = (table: string, keys: readonly (string | null)[]): Promise<true> =>
    eventually(`${table}: ${keys}`, async () => {
      const found = (await readTopic(client, table).catch(() => [])).map(({ key }) => key)
      return found.sort().join() === [...keys].sort().join() ? true : undefined
    })

  {
    await using refused = run(tables(['part']))
    await assert.rejects(refused.finished, { code: 'POSTGRES_REPLICA_IDENTITY', message: /generated column id/ })
  }
  const update = `update part set doc = doc || '{"v":1}'`
  {
    await using running = run(tables(['part'], { key: ['nr'] }))
    await running.ready
    await keysAre('part', ['1', '2'])
    await db.query(update)
    await db.query(`insert into part (tenant, doc, nr) values (2, '{"id":"x"}', 3)`)
    await keysAre('part', ['1', '2', '3'])
  }
  const described = await tables(['part'], { key: ['nr'] }).describe?.()
  assert.match(described?.join('\n') ?? '', /generated column id.*only its inserts are captured/)
  // What the sentence says helps.
  await db.query('alter table part replica identity using index part_nr_key; drop publication millrace_part_inserts')
  {
    await using running = run(
      postgresTables({ name: 'again', url, tables: [{ table: 'part', topic: 'again', key: ['nr'] }] }),
    )
    await running.ready
    await eventually('the rows', async () => ((await readTopic(client, 'again')).length === 3 ? true : undefined))
    await db.query(update)
    await db.query('delete from part where nr = 2')
    await keysAre('again', ['1', '2', '3', '1', '2', '3', '2'])
  }
  {
    await using running = run(tables(['whole']))
    await running.ready
    await keysAre('whole', ['1'])
    await db.query('insert into whole values (2)')
    await keysAre('whole', ['1', '2'])
    await db.query('update whole set id = 5 where id = 2')
    if (version === 14) await keysAre('whole', ['1', '2', '2', '5'])
  }
  await using worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'generated' })
  const address = new URL(url)
  await worker.create('dbz', {
    'connector.class': 'PostgresConnector',
    'topic.prefix': 'dbz',
    'plugin.name': 'pgoutput',
    'database.hostname': address.hostname,
    'database.port': address.port,
    'database.user': 'postgres',
    'database.password': 'none',
    'database.dbname': 'shop',
    'table.include.list': 'public.computed',
  })
  await eventually('the refusal', () =>
    worker.status('dbz').tasks.find(({ trace }) => trace?.startsWith('POSTGRES_REPLICA_IDENTITY')),
  )
  // What the service writes was never refused.
  await db.query(`update computed set text = 'b'`)
}

test('a key that the database computes: neither wrong keys nor refused updates', { timeout: 60_000 }, () =>
  scene(undefined),
)

test('the same with PostgreSQL 14', { timeout: 60_000 }, async (t) => {
  const programs = await postgresVersion(14)
  if (typeof programs === 'string') return t.skip(programs)
  await scene(14)
})
