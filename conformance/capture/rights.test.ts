// A role that may not do all that capture takes: what doctor says of it, what the source says, and that following it helps.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PostgresTablesOptions, postgresTables, type SourceConnector } from '@millrace/connect'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { type CapturedDatabase, CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'

describe('rights and publications', () => {
  const capture = new CaptureFixture()
  const { database, run } = capture

  const keysAre = (topic: string, keys: string): Promise<true> =>
    eventually(`keys ${keys} in ${topic}`, async () => {
      const found = (await readTopic(capture.client, topic).catch(() => [])).map(({ key }) => key)
      // A row that is written meanwhile may be read as well.
      return [...new Set(found)].sort().join() === keys ? true : undefined
    })

  const tables = (
    s: CapturedDatabase,
    names: readonly string[],
    more: Partial<PostgresTablesOptions> = {},
  ): SourceConnector =>
    postgresTables({
      url: s.url,
      tables: names.map((table) => ({ table, topic: `${s.name}.${table}` })),
      limits: fast,
      ...more,
    })

  const as = (s: CapturedDatabase, user: string): string => {
    const url = new URL(s.url)
    url.username = user
    return url.href
  }

  /** The statements of a message that says to run them. */
  const statements = (message: string, after: string): string => message.slice(message.indexOf(after) + after.length)

  test('doctor names every right that is missing, the source refuses for the same reason, and the statements help', async () => {
    await using s = await database(
      'create table a (id int primary key); create table line (text text); insert into a values (1)',
    )
    const user = `${s.name}_app`
    await s.db.query(`create role ${user} login replication`)
    const source = (): SourceConnector => tables(s, ['a', 'line'], { url: as(s, user) })
    const problems = (await source().check?.()) ?? []
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['POSTGRES_NO_PUBLICATION_RIGHT', 'POSTGRES_NO_RIGHT'],
    )
    {
      await using refused = run(source())
      await assert.rejects(refused.finished, { code: 'POSTGRES_NO_PUBLICATION_RIGHT' })
    }
    const [publication, read] = problems.map(({ message }) => message)
    // Both publications at once: the one of tables without a key is needed as well.
    assert.match(publication!, /CREATE PUBLICATION.*FOR TABLE.*"a".*CREATE PUBLICATION.*_inserts.*"line"/)
    await s.db.query(statements(publication!, 'or give the user the rights: '))
    assert.deepEqual(await source().check?.(), [])
    // Its owner may read it; one that does not own it may not.
    await s.db.query(`alter table a owner to postgres; alter table line owner to postgres`)
    await s.db.query(statements(publication!, 'run as a superuser: ').replace(/; or give.*/, ''))
    assert.deepEqual(
      (await source().check?.())?.map(({ message }) => message),
      [read],
    )
    {
      await using refused = run(source())
      await assert.rejects(refused.finished, { code: 'POSTGRES_NO_RIGHT', message: /GRANT SELECT ON "public"."a"/ })
    }
    await s.db.query(statements(read!, 'run: '))
    assert.deepEqual(await source().check?.(), [])
    await using running = run(source())
    await running.ready
    await keysAre(`${s.name}.a`, '1')
  })

  test('a column and a schema that may not be read are told', async () => {
    await using s = await database('create schema apart; create table apart.a (id int primary key, secret text)')
    const user = `${s.name}_app`
    await s.db.query(`create role ${user} login replication; grant select (id) on apart.a to ${user};
      create publication millrace_${s.name}_tables for table apart.a`)
    const source = tables(s, ['apart.a'], { url: as(s, user) })
    const [problem] = (await source.check?.()) ?? []
    assert.equal(problem?.code, 'POSTGRES_NO_RIGHT')
    assert.match(problem?.message ?? '', /apart\.a \(secret\).*GRANT USAGE ON SCHEMA "apart".*GRANT SELECT/)
    await s.db.query(statements(problem!.message, 'run: '))
    assert.deepEqual(await source.check?.(), [])
  })

  test('a database that is not there is told with what creates it', async () => {
    await using s = await database('')
    const source = tables({ ...s, url: s.url.replace(s.name, 'not there') }, ['a'])
    assert.match((await source.check?.())?.[0]?.message ?? '', /run: CREATE DATABASE "not there"/)
  })

  test('a table that is added to the options is added to a publication of our own, and its rows are published', async () => {
    await using s = await database('create table a (id int primary key); insert into a values (1)')
    {
      await using running = run(tables(s, ['a']))
      await running.ready
      await keysAre(`${s.name}.a`, '1')
    }
    await s.db.query('insert into a values (2); create table b (id int primary key); insert into b values (7)')
    assert.deepEqual(await tables(s, ['a', 'b']).check?.(), [])
    {
      await using running = run(tables(s, ['a', 'b']))
      await running.ready
      await s.db.query('insert into b values (8)')
      await keysAre(`${s.name}.b`, '7,8')
      await keysAre(`${s.name}.a`, '1,2')
    }
    // One that somebody made, or that a source is not to make, is left alone.
    for (const more of [{ createPublication: 'never' }, { publication: `millrace_${s.name}_tables` }] as const) {
      await s.db.query('create table if not exists c (id int primary key)')
      await using refused = run(tables(s, ['a', 'b', 'c'], more))
      await assert.rejects(refused.finished, { code: 'POSTGRES_PUBLICATION_INCOMPLETE', message: /ADD TABLE/ })
    }
  })

  test('a table that was captured and is missing from the publication is a gap, and is not added', async () => {
    await using s = await database('create table a (id int primary key); create table b (id int primary key)')
    {
      await using running = run(tables(s, ['a', 'b']))
      await running.ready
      await capture.snapshotEnded(`${s.name}-tables`)
    }
    await s.db.query(`alter publication millrace_${s.name}_tables drop table b; insert into b values (1)`)
    await using refused = run(tables(s, ['a', 'b']))
    await assert.rejects(refused.finished, { code: 'POSTGRES_CHANGES_UNSEEN' })
  })

  test("Debezium's filtered publication takes new tables at the next start", async () => {
    await using s = await database('create schema inv; create table inv.a (id int primary key)')
    const worker = await ConnectWorker.start({ client: capture.client, plugins: builtInPlugins, groupId: s.name })
    await using _worker = { [Symbol.asyncDispose]: () => worker.close() }
    const { hostname, port } = new URL(s.url)
    await worker.create('dbz', {
      'connector.class': 'PostgresConnector',
      'topic.prefix': s.name,
      'database.hostname': hostname,
      'database.port': port,
      'database.user': 'postgres',
      'database.password': 'none',
      'database.dbname': s.name,
      'schema.include.list': 'inv',
      'publication.name': `${s.name}_pub`,
      'publication.autocreate.mode': 'filtered',
      'slot.name': `${s.name}_slot`,
    })
    const count = (table: string, rows: number): Promise<true> =>
      eventually(`${rows} of ${table}`, async () => {
        const found = await readTopic(capture.client, `${s.name}.inv.${table}`).catch(() => [])
        return found.length === rows ? true : undefined
      })
    await s.db.query('insert into inv.a values (1)')
    await count('a', 1)
    await s.db.query('create table inv.b (id int primary key); insert into inv.b values (1)')
    await worker.restart('dbz', { includeTasks: true, onlyFailed: false } as never)
    await s.db.query('insert into inv.b values (2)')
    await count('b', 2)
  })
})
