import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { postgresOutbox } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { type CapturedDatabase, CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'

const order = topic('bad-order', { key: serdes.string, value: serdes.bytes })

describe('what PostgreSQL capture is given and cannot take as it is', () => {
  const capture = new CaptureFixture()
  const { database, run, accounts, snapshotEnded } = capture

  const values = (s: CapturedDatabase, count: number, from = 0): Promise<(string | null)[]> =>
    eventually(`${count} records`, async () => {
      const records = await readTopic(capture.client, `${s.name}.account`).catch(() => [])
      return records.length >= count ? records.slice(from).map(({ value }) => value) : undefined
    })

  async function noticesWhile(connector: string, work: () => Promise<void>): Promise<string[]> {
    const notices: string[] = []
    const listen = (message: unknown): void => {
      const { connector: from, text } = message as { connector: string; text: string }
      if (from === connector) notices.push(text)
    }
    subscribe('millrace:connect:notice', listen)
    try {
      await work()
    } finally {
      unsubscribe('millrace:connect:notice', listen)
    }
    return notices
  }

  test('a table without a primary key is captured for inserts, its owner may still change it, and doctor says what to run', async () => {
    await using s = await database(`create table account (id int, version int); insert into account values (1, 0)`)
    const connector = accounts(s)
    const told = (await connector.describe?.()) ?? []
    assert.ok(
      told.some((text) => /account has no replica identity: only its inserts are captured; ALTER TABLE/.test(text)),
      told.join('\n'),
    )
    await using running = run(connector)
    await running.ready
    await values(s, 1)
    await snapshotEnded(`${s.name}-tables`)
    await s.db.query(
      'update account set version = 1; insert into account values (2, 0); delete from account where id = 1',
    )
    assert.deepEqual(await values(s, 2), ['{"id":1,"version":0}', '{"id":2,"version":0}'])
  })

  test('columns that come, go, change their type and their name while rows are captured', async () => {
    await using s = await database('create table account (id int primary key, version int not null, note text)')
    await using running = run(accounts(s))
    await running.ready
    await snapshotEnded(`${s.name}-tables`)
    for (const sql of [
      `insert into account values (1, 0, 'a')`,
      'alter table account add column added numeric default 1.5',
      `insert into account values (2, 0, 'b', 2)`,
      'alter table account drop column note',
      'insert into account values (3, 0, 3)',
      'alter table account alter column added type text',
      `insert into account values (4, 0, 'four')`,
      'alter table account rename column added to renamed',
      `begin; alter table account add column late int; insert into account values (5, 0, 'x', 9); commit`,
    ]) {
      await s.db.query(sql)
    }
    assert.deepEqual(await values(s, 5), [
      '{"id":1,"version":0,"note":"a"}',
      '{"id":2,"version":0,"note":"b","added":"2"}',
      '{"id":3,"version":0,"added":"3"}',
      '{"id":4,"version":0,"added":"four"}',
      '{"id":5,"version":0,"renamed":"x","late":9}',
    ])
  })

  test('a key column that is renamed, or a column of the outbox, ends the source, and nothing is left out', async () => {
    await using s = await database(
      `create table account (id int primary key, version int not null); ${outboxMigration()}`,
    )
    const tables = run(accounts(s))
    const events = run(postgresOutbox({ url: s.url, topics: [order], limits: fast }))
    await Promise.all([tables.ready, events.ready])
    await Promise.all([snapshotEnded(`${s.name}-tables`), snapshotEnded(`${s.name}-outbox`)])
    await s.db.query('insert into account values (1, 0)')
    await values(s, 1)
    await s.db.query('alter table account rename column id to number; insert into account values (2, 0)')
    await assert.rejects(tables.finished, { code: 'POSTGRES_COLUMN_MISSING' })
    await s.db.query(`alter table outbox rename column payload to body;
      insert into outbox (id, aggregatetype, aggregateid, type, body) values (gen_random_uuid(), 'bad-order', 'k', 't', 'x')`)
    await assert.rejects(events.finished, { code: 'POSTGRES_COLUMN_MISSING' })
    await Promise.all([tables.close(), events.close()])
    // Nothing behind the change was published either.
    await s.db.query('alter table account rename column number to id; insert into account values (3, 0)')
    const later = run(accounts(s))
    await assert.rejects(later.finished, { code: 'POSTGRES_COLUMN_MISSING' })
    await later.close()
    assert.deepEqual(await values(s, 1), ['{"id":1,"version":0}'])
  })

  test('a type that nobody knows comes as its text in bytes, or is left out where told to and said so', async () => {
    await using s = await database(`create type pair as (a int, b text);
      create table account (id int primary key, version int not null, what pair); insert into account values (1, 0, '(1,x)')`)
    {
      await using running = run(accounts(s, { format: 'debezium' }))
      await running.ready
      const [value] = await values(s, 1)
      assert.equal(Buffer.from(JSON.parse(value ?? '').after.what, 'base64').toString(), '(1,x)')
    }
    const name = `${s.name}-without`
    const notices = await noticesWhile(name, async () => {
      const topicOf = [{ table: 'account', topic: `${name}.account` }]
      await using running = run(
        accounts(s, { name, tables: topicOf, format: 'debezium', events: { includeUnknown: false } }),
      )
      await running.ready
      const [record] = await eventually('the row', async () => {
        const records = await readTopic(capture.client, `${name}.account`).catch(() => [])
        return records.length > 0 ? records : undefined
      })
      assert.deepEqual(JSON.parse(record?.value ?? '').after, { id: 1, version: 0 })
    })
    assert.ok(notices.some((text) => /account\.what is left out: nobody knows its type pair/.test(text)))
  })

  test('text that is not valid in its encoding ends the source with the remedy, in the stream as in a snapshot; doctor warns', async () => {
    await using s = await database('select 1')
    const name = `${s.name}_ascii`
    await s.db.query(`create database ${name} template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`)
    const url = s.url.replace(s.name, name)
    const db = new pg.Client({ connectionString: url })
    await db.connect()
    try {
      await db.query('create table account (id int primary key, version int not null, note text)')
      const source = (snapshot: 'initial' | 'when-needed' = 'initial') => accounts({ url, name }, { snapshot })
      const told = (await source().describe?.()) ?? []
      assert.ok(told.some((text) => text.includes('SQL_ASCII')))
      const first = run(source())
      await first.ready
      await snapshotEnded(`${name}-tables`)
      await db.query(
        `set client_encoding = 'SQL_ASCII'; insert into account values (1, 0, 'good'), (2, 0, E'caf\\xe9')`,
      )
      await assert.rejects(first.finished, { code: 'POSTGRES_TEXT_INVALID', message: /0xe9/ })
      await first.close()
      const second = run(accounts({ url, name }, { name: 'another' }))
      await assert.rejects(second.finished, { code: 'POSTGRES_TEXT_INVALID' })
      await second.close()
      await db.query(`update account set note = 'cafe' where id = 2`)
      const third = run(source())
      await assert.rejects(third.finished, { code: 'POSTGRES_TEXT_INVALID' }, 'the log still has it')
      await third.close()
      await using fourth = run(source('when-needed'))
      await fourth.ready
      const last = await eventually('both rows', async () => {
        const records = await readTopic(capture.client, `${name}.account`)
        const found = new Map(records.map(({ key, value }) => [key, value]))
        return found.size === 2 ? found : undefined
      })
      assert.match(last.get('2') ?? '', /"cafe"/)
    } finally {
      await db.end()
    }
  })

  test('a wrong password, and slots that are all in use, are refused at start; doctor names both and what to do', async () => {
    await using s = await database(`create table account (id int primary key, version int not null)`)
    const { rows } = await s.db.query<{ hba_file: string }>('show hba_file')
    const rules = (line: string): Promise<unknown> =>
      s.db.query(`copy (select unnest(string_to_array($q$${line}host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust$q$, chr(10)))) to '${rows[0]?.hba_file}'; select pg_reload_conf()`)
    await s.db.query(`create role guarded login replication password 'right'`)
    await rules('host all guarded 127.0.0.1/32 scram-sha-256\n')
    try {
      const url = s.url.replace('postgres@', 'guarded:wrong@')
      await eventually('the rules', async () => {
        const errors = (await accounts({ url, name: s.name }).check?.()) ?? []
        return errors[0]?.code === 'POSTGRES_ACCESS_DENIED' ? true : undefined
      })
      await using refused = run(accounts({ url, name: s.name }))
      await assert.rejects(refused.ready, { code: 'POSTGRES_ACCESS_DENIED', message: /password/ })
    } finally {
      await rules('')
    }
    const most = await s.db.query<{ left: number }>(
      `select current_setting('max_replication_slots')::int - count(*)::int as left from pg_replication_slots`,
    )
    const taken = Array.from({ length: most.rows[0]?.left ?? 0 }, (_, i) => `${s.name}_taken_${i}`)
    for (const slot of taken) await s.db.query('select pg_create_physical_replication_slot($1)', [slot])
    try {
      const [problem] = (await accounts(s).check?.()) ?? []
      assert.equal(problem?.code, 'POSTGRES_SLOTS_EXHAUSTED')
      assert.match(problem?.message ?? '', /nobody reads .*_taken_0/)
      await using refused = run(accounts(s))
      await assert.rejects(refused.ready, { code: 'POSTGRES_SLOTS_EXHAUSTED' })
    } finally {
      for (const slot of taken) await s.db.query('select pg_drop_replication_slot($1)', [slot])
    }
  })

  test('a slot of another database or of another plugin is left alone', async () => {
    await using s = await database(`create table account (id int primary key, version int not null)`)
    await s.db.query(`select pg_create_physical_replication_slot('millrace_${s.name}_tables')`)
    const [problem] = (await accounts(s).check?.()) ?? []
    assert.equal(problem?.code, 'POSTGRES_SLOT_FOREIGN')
    await using refused = run(accounts(s))
    await assert.rejects(refused.ready, { code: 'POSTGRES_SLOT_FOREIGN' })
    await s.db.query(`select pg_drop_replication_slot('millrace_${s.name}_tables')`)
  })
})
