import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import pg from 'pg'
import { type Signal, SignalSender, type SourceConnector } from '../src/index.ts'
import type { CaptureMapper } from '../src/sources/postgres/capture.ts'
import { postgresSource } from '../src/sources/postgres/postgres-source.ts'
import { CaptureFixture, fast } from './support/capture-fixture.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

describe('how PostgreSQL is read', () => {
  const capture = new CaptureFixture()
  const { database, run, accounts, snapshotEnded, versions } = capture

  test('logical messages come in their transaction, those outside of one once each, rolled back ones never', async () => {
    await using s = await database('create table thing (id int primary key)')
    const name = `${s.name}-messages`
    const put = (text: string, output: Parameters<CaptureMapper['truncate']>[2]): void =>
      output.append(name, 1, null, Buffer.from(text), [])
    const mapper: CaptureMapper = {
      change: (change, _source, output) => put(`row ${change.row?.text(0)}`, output),
      truncate() {},
      snapshotRow() {},
      message: ({ prefix, content }, { index, xid }, output) =>
        put(`${prefix} ${content} ${xid > 0 ? index : 'alone'}`, output),
    }
    const connector = (): SourceConnector =>
      postgresSource(
        { url: s.url, snapshot: 'never', limits: fast },
        {
          name,
          topics: [{ name, partitions: 1 }],
          tables: ['thing'],
          publications: (tables, publication) => [{ name: publication, tables, operations: ['insert'] }],
          mapper: () => mapper,
          snapshotOrder: () => '',
        },
      )
    const read = async (count: number): Promise<(string | null)[]> =>
      eventually(`${count} records`, async () => {
        const records = await readTopic(capture.client, name)
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    const running = run(connector())
    await running.ready
    await s.db.query(`begin; insert into thing values (1); select pg_logical_emit_message(true, 'a', 'in');
                      insert into thing values (2); commit`)
    await s.db.query(`begin; select pg_logical_emit_message(true, 'a', 'gone');
                      select pg_logical_emit_message(false, 'b', 'out'); rollback`)
    await s.db.query('insert into thing values (3)')
    const expected = ['row 1', 'a in 1', 'row 2', 'b out alone', 'row 3']
    assert.deepEqual(await read(5), expected)
    await running.close()
    await s.db.query(`select pg_logical_emit_message(false, 'b', 'later')`)
    await using again = run(connector())
    await again.ready
    assert.deepEqual(await read(6), [...expected, 'b later alone'])
  })

  test('a large table is read in parts beside the stream, never publishes a row older than the one before, and goes on after restarts', async () => {
    await using s = await database(`create table account (id int primary key, version int not null, filler text);
      insert into account select g, 0, repeat('x', 50) from generate_series(1, 3000) g`)
    let isStopped = false
    const writer = (async () => {
      const db = new pg.Client({ connectionString: s.url })
      await db.connect()
      for (let i = 0; !isStopped; i++) {
        const id = 1 + ((i * 7919) % 3000)
        if (i % 10 === 9) await db.query('delete from account where id = $1', [id])
        else
          await db.query(
            'insert into account values ($1, 0) on conflict (id) do update set version = account.version + 1',
            [id],
          )
      }
      await db.end()
    })()
    const topic = `${s.name}.account`
    for (let starts = 0; starts < 3; starts++) {
      await using running = run(accounts(s))
      await running.ready
      await eventually('some rows', () => (running.status().records > 500 ? true : undefined))
    }
    await using running = run(accounts(s))
    await running.ready
    await snapshotEnded(`${s.name}-tables`)
    isStopped = true
    await writer
    const { rows } = await s.db.query<{ id: number; version: number }>('select id, version from account')
    const expected = new Map(rows.map(({ id, version }) => [String(id), version]))
    const found = await eventually('the last state of each row', async () => {
      const found = await versions(topic)
      const last = new Map([...found].flatMap(([key, list]) => (list.at(-1) === null ? [] : [[key, list.at(-1)!]])))
      return last.size === expected.size && [...expected].every(([id, version]) => last.get(id) === version)
        ? found
        : undefined
    })
    for (const [key, list] of found) {
      list.forEach((version, i) => {
        const before = list[i - 1]
        if (version === null || before === null || before === undefined) return
        assert.ok(version >= before, `key ${key} went back: ${list.join(', ')}`)
      })
    }
  })

  test('with when-needed a lost slot ends in the same state: changed rows anew, rows that vanished deleted', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account select g, 0 from generate_series(1, 250) g`)
    const topic = `${s.name}.account`
    const first = run(accounts(s, { snapshot: 'when-needed' }))
    await first.ready
    await snapshotEnded(`${s.name}-tables`)
    await first.close()
    const slotFree = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active`
    await eventually('the slot dropped', async () =>
      (await s.db.query(slotFree, [s.name])).rowCount ? true : undefined,
    )
    await s.db.query('delete from account where id <= 40; update account set version = 1 where id > 240')
    const refusing = run(accounts(s))
    await assert.rejects(refusing.ready, { code: 'POSTGRES_SLOT_MISSING' })
    await refusing.close()
    await using again = run(accounts(s, { snapshot: 'when-needed' }))
    await again.ready
    const found = await eventually('a tombstone', async () => {
      const found = await versions(topic)
      return found.get('1')?.length === 2 ? found : undefined
    })
    assert.equal(found.size, 250)
    for (const [key, list] of found) {
      const id = Number(key)
      assert.equal(list.at(-1), id <= 40 ? null : id > 240 ? 1 : 0, key)
      assert.equal(list.length, 2, key)
    }
    await s.db.query('insert into account values (900, 5)')
    await eventually('a change', async () => (await versions(topic)).get('900'))
  })

  test('a table that is added later has its rows published, and one without a key is read as a whole', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table log (line text); insert into log values ('a'), ('b');
      insert into account values (1, 0)`)
    const first = run(accounts(s))
    await first.ready
    await snapshotEnded(`${s.name}-tables`)
    await first.close()
    const tables = [
      { table: 'account', topic: `${s.name}.account` },
      { table: 'log', topic: `${s.name}.log` },
    ]
    await using again = run(accounts(s, { tables }))
    await again.ready
    const linesOf = (count: number): Promise<(string | null)[]> =>
      eventually(`${count} lines`, async () => {
        const records = await readTopic(capture.client, `${s.name}.log`).catch(() => [])
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    await linesOf(2)
    await s.db.query("insert into log values ('c')")
    const lines = await linesOf(3)
    assert.deepEqual(lines.sort(), ['{"line":"a"}', '{"line":"b"}', '{"line":"c"}'])
    assert.equal((await versions(`${s.name}.account`)).get('1')?.length, 1)
  })

  test('a signal from each channel acts once although it comes twice, and notifications tell what came of it', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table signal (id text primary key, type text not null, data text);
      insert into account select g, 0 from generate_series(1, 30) g`)
    const folder = await mkdtemp(join(tmpdir(), 'millrace-signals-'))
    const file = join(folder, 'signals.jsonl')
    const inProcess = new SignalSender()
    const custom: string[] = []
    const topics = { signals: `${s.name}.signals`, notifications: `${s.name}.notifications` }
    const options = {
      signals: {
        table: 'signal',
        topic: topics.signals,
        file,
        inProcess,
        actions: { wave: (signal: Signal) => custom.push(signal.id) },
      },
      notifications: { topic: topics.notifications },
    }
    const name = `${s.name}-tables`
    const running = run(accounts(s, options))
    await running.ready
    await snapshotEnded(name)
    const text = (filter: string): string =>
      JSON.stringify({
        'data-collections': ['public.acc.*'],
        'additional-conditions': [{ 'data-collection': 'public.account', filter }],
      })
    const command = (id: string, filter: string): string =>
      JSON.stringify({ id, type: 'execute-snapshot', data: JSON.parse(text(filter)) })
    const countOf = (count: number): Promise<true> =>
      eventually(`${count} rows`, async () =>
        (await readTopic(capture.client, `${s.name}.account`)).length === count ? true : undefined,
      )

    await s.db.query('insert into signal values ($1, $2, $3)', ['t1', 'execute-snapshot', text('id = 1')])
    await countOf(31)
    await using producer = capture.client.producer({})
    for (let i = 0; i < 2; i++) {
      await producer.send({
        topic: topics.signals,
        key: Buffer.from(name),
        value: Buffer.from(command('k1', 'id <= 2')),
      })
    }
    await producer.send({ topic: topics.signals, key: Buffer.from('other'), value: Buffer.from(command('k2', 'true')) })
    await producer.flush()
    await countOf(33)
    await writeFile(file, `${command('f1', 'id <= 3')}\nnot json\n${command('t1', 'true')}\n`)
    await countOf(36)
    await eventually('the file is emptied', async () => ((await stat(file)).size === 0 ? true : undefined))
    await running.close()

    await using again = run(accounts(s, options))
    await again.ready
    await writeFile(file, `${command('f1', 'id <= 3')}\n`)
    inProcess.send(JSON.parse(command('k1', 'true')))
    inProcess.send(JSON.parse(command('p1', 'id <= 4')))
    inProcess.send({ id: 'p2', type: 'wave', data: {} })
    inProcess.send({ id: 'p3', type: 'execute-snapshot', data: { 'data-collections': ['public.nothing'] } })
    await countOf(40)
    await snapshotEnded(name)
    inProcess.send({
      id: 'p4',
      type: 'execute-snapshot',
      data: {
        'data-collections': ['public.account'],
        'additional-conditions': [{ 'data-collection': 'public.account', filter: 'no such column' }],
      },
    })
    const told = await eventually('all notifications', async () => {
      const records = (await readTopic(capture.client, topics.notifications)).map(({ value }) =>
        JSON.parse(value ?? ''),
      )
      return records.some(({ id, type }) => id === 'p4' && type === 'COMPLETED') ? records : undefined
    })
    const of = (id: string): string[] => told.filter((record) => record.id === id).map(({ type }) => type)
    for (const id of ['t1', 'k1', 'f1', 'p1']) {
      assert.deepEqual(of(id), ['STARTED', 'TABLE_SCAN_COMPLETED', 'COMPLETED'], id)
    }
    assert.deepEqual(of('initial').slice(0, 1), ['STARTED'])
    assert.deepEqual(of('k2'), [])
    assert.deepEqual(of('p3'), ['REFUSED'])
    assert.deepEqual(custom, ['p2'])
    const refused = told.find(({ id, type }) => id === 'p4' && type === 'TABLE_SCAN_COMPLETED')
    assert.equal(refused.additional_data.status, 'SKIPPED')
    const scanned = told.find(({ id, type }) => id === 'p1' && type === 'TABLE_SCAN_COMPLETED')
    assert.equal(scanned.aggregate_type, 'Incremental Snapshot')
    assert.deepEqual(scanned.additional_data, {
      connector_name: name,
      data_collections: 'public.account',
      scanned_collection: 'public.account',
      total_rows_scanned: '4',
      status: 'SUCCEEDED',
    })
    await rm(folder, { recursive: true, force: true })
  })

  test('a publication that was dropped is a gap: it is refused, also when there is another of its name, or made good', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account values (1, 0)`)
    const first = run(accounts(s))
    await first.ready
    await snapshotEnded(`${s.name}-tables`)
    await s.db.query(`drop publication "millrace_${s.name}_tables"; insert into account values (2, 0)`)
    await assert.rejects(first.finished, { code: 'POSTGRES_PUBLICATION_LOST' })
    await first.close()
    await s.db.query(`create publication "millrace_${s.name}_tables" for table account`)
    const second = run(accounts(s))
    await assert.rejects(second.ready, { code: 'POSTGRES_PUBLICATION_LOST' })
    await second.close()
    await using third = run(accounts(s, { snapshot: 'when-needed' }))
    await third.ready
    await eventually('the row', async () => (await versions(`${s.name}.account`)).get('2'))
    await s.db.query('insert into account values (3, 0)')
    await eventually('a change', async () => (await versions(`${s.name}.account`)).get('3'))
  })
})
