// What people do to captured tables and their publications, and what the stream then does not show: never a silent gap.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { type PostgresTablesOptions, postgresTables, type SourceConnector, storedPosition } from '@millrace/connect'
import { type CapturedDatabase, CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'

const limits = { ...fast, budgetCheckIntervalMs: 100 }

describe('changes that the stream does not show', () => {
  const capture = new CaptureFixture()
  const { database, run } = capture

  const tables = (
    s: CapturedDatabase,
    names: readonly string[],
    more: Partial<PostgresTablesOptions> = {},
  ): SourceConnector =>
    postgresTables({
      url: s.url,
      tables: names.map((table) => ({ table, topic: `${s.name}.${table}` })),
      limits,
      ...more,
    })

  /** The rows that a reader of the topic has, by key. */
  const rows = async (s: CapturedDatabase, table = 'a'): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {}
    for (const { key, value } of await readTopic(capture.client, `${s.name}.${table}`)) {
      if (value === null) delete found[key ?? '']
      else found[key ?? ''] = JSON.parse(value)
    }
    return found
  }

  const keysAre = (s: CapturedDatabase, keys: readonly string[], table = 'a'): Promise<true> =>
    eventually(`keys ${keys}`, async () =>
      Object.keys(await rows(s, table)).join() === keys.join() ? true : undefined,
    )

  /** What ends the source, and ends it again when it is started anew. */
  const refuses = async (make: () => SourceConnector, code: string, message: RegExp): Promise<void> => {
    for (const start of ['running', 'started anew']) {
      await using running = run(make())
      await assert.rejects(running.finished, (error: Error & { code?: string }) => {
        assert.equal(error.code, code, start)
        assert.match(error.message, message)
        return true
      })
    }
  }

  /** Publishes the rows that are there, then lets somebody change the tables while the source runs. */
  const afterwards = async (s: CapturedDatabase, keys: readonly string[], sql: readonly string[]): Promise<void> => {
    const running = run(tables(s, ['a']))
    running.finished.catch(() => {})
    try {
      await running.ready
      await keysAre(s, keys)
      for (const statement of sql) await s.db.query(statement)
      await eventually('the source to notice', () => (running.status().state === 'failed' ? true : undefined))
    } finally {
      await running.close()
    }
  }

  test('a row with an empty text as its key is deleted like any other', async () => {
    await using s = await database(`create table a (id text primary key); insert into a values (''), ('x')`)
    await using running = run(tables(s, ['a']))
    await running.ready
    await keysAre(s, ['', 'x'])
    await s.db.query(`delete from a where id = ''`)
    await keysAre(s, ['x'])
  })

  test('a key that the log of deletes leaves out is refused at start, and when the table comes to that later', async () => {
    await using s = await database(`create table a (id int primary key, email text not null);
      create unique index a_email on a (email); insert into a values (1, 'e1')`)
    await s.db.query('alter table a replica identity using index a_email')
    await using early = run(tables(s, ['a']))
    await assert.rejects(early.finished, { code: 'POSTGRES_REPLICA_IDENTITY', message: /REPLICA IDENTITY FULL/ })
    await s.db.query('alter table a replica identity default')
    await afterwards(s, ['1'], ['alter table a replica identity using index a_email', 'delete from a'])
    await s.db.query('alter table a replica identity default')
    await refuses(() => tables(s, ['a']), 'POSTGRES_CHANGES_UNSEEN', /does not log its key column id/)
    await using resynced = run(tables(s, ['a'], { snapshot: 'when-needed' }))
    await resynced.ready
    await keysAre(s, [])
  })

  test('rows of tables that inherit from a captured one are theirs, in the snapshot too', async () => {
    await using s = await database(`create table a (id int primary key); create table b (primary key (id)) inherits (a);
      insert into a values (1); insert into b values (2)`)
    await using running = run(tables(s, ['a']))
    await running.ready
    await keysAre(s, ['1'])
    await s.db.query('insert into b values (3); insert into a values (4)')
    await keysAre(s, ['1', '4'])
  })

  const oneRow = 'create table a (id int primary key); insert into a values (1)'
  const meddling: Record<string, readonly string[]> = {
    'a table that is renamed, and back': [
      'alter table a rename to other',
      'insert into other values (2)',
      'alter table other rename to a',
    ],
    'a table that is replaced': [
      'begin; create table fresh (id int primary key); drop table a; alter table fresh rename to a; commit',
      'insert into a values (2)',
      'alter publication %p add table a',
    ],
    'a table that is left out of the publication, and added again': [
      'alter publication %p drop table a',
      'insert into a values (2)',
      'alter publication %p add table a',
    ],
    'a publication that leaves out updates, and has them again': [
      `alter publication %p set (publish = 'insert, delete, truncate')`,
      'insert into a values (2)',
      `alter publication %p set (publish = 'insert, update, delete, truncate')`,
    ],
  }
  for (const [what, sql] of Object.entries(meddling)) {
    test(`${what} is noticed while the source runs, and at its next start; publishing anew makes it good`, async () => {
      await using s = await database(oneRow)
      const statements = sql.map((text) => text.replace('%p', `millrace_${s.name}_tables`))
      await afterwards(s, ['1'], statements)
      await refuses(() => tables(s, ['a']), 'POSTGRES_CHANGES_UNSEEN', /^table public\.a /)
      await using resynced = run(tables(s, ['a'], { snapshot: 'when-needed' }))
      await resynced.ready
      const { rows: left } = await s.db.query<{ id: string }>('select id::text from a order by id')
      await keysAre(
        s,
        left.map(({ id }) => id),
      )
    })
  }

  test('a table that needs another publication is added while changes of the others wait', async () => {
    await using s = await database(`${oneRow}; create table line (text text)`)
    {
      await using running = run(tables(s, ['a']))
      await running.ready
      await keysAre(s, ['1'])
    }
    await s.db.query(`insert into a values (2); insert into line values ('before')`)
    await using running = run(tables(s, ['a', 'line']))
    await running.ready
    await keysAre(s, ['1', '2'])
    const lines = async (): Promise<(string | null)[]> =>
      (await readTopic(capture.client, `${s.name}.line`)).map(({ value }) => value)
    await eventually('the first line', async () => ((await lines()).length === 1 ? true : undefined))
    await s.db.query(`insert into line values ('after')`)
    await eventually('both lines', async () => ((await lines()).length >= 2 ? true : undefined))
    assert.deepEqual(await lines(), ['{"text":"before"}', '{"text":"after"}'])
    const position = await storedPosition(capture.client, `${s.name}-tables`)
    assert.equal(Object.keys(position?.publications ?? {}).length, 2)
  })

  test('what is done to a partition as a whole is told, and doctor warns of it', async () => {
    await using s = await database(`create table a (id int primary key) partition by range (id);
      create table a_1 partition of a for values from (0) to (10); create table a_2 partition of a for values from (10) to (20);
      create table a_3 (id int primary key); insert into a values (1), (11); insert into a_3 values (21)`)
    assert.match((await tables(s, ['a']).describe?.())?.join('\n') ?? '', /table public\.a is partitioned: TRUNCATE/)
    const told: string[] = []
    const listen = (message: unknown): void => {
      const { connector, text } = message as { connector: string; text: string }
      if (connector === `${s.name}-tables`) told.push(text)
    }
    subscribe('millrace:connect:notice', listen)
    await using _listening = { [Symbol.asyncDispose]: async () => void unsubscribe('millrace:connect:notice', listen) }
    await using running = run(tables(s, ['a']))
    await running.ready
    await keysAre(s, ['1', '11'])
    await new Promise((resolve) => setTimeout(resolve, 500))
    const isTold = (text: string): Promise<true> =>
      eventually(text, () => (told.some((found) => found.includes(text)) ? true : undefined))
    await s.db.query('truncate a_1')
    await isTold('partition public.a_1 of public.a was truncated')
    await s.db.query('alter table a attach partition a_3 for values from (20) to (30)')
    await isTold('partition public.a_3 of public.a is new')
    await s.db.query('alter table a detach partition a_2')
    await isTold('partition public.a_2 of public.a was detached')
    assert.equal(told.filter((text) => text.startsWith('partition')).length, 3)
    assert.equal(running.status().state, 'running')
  })
})
