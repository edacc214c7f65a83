import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { serdes, topic as topicOf } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import {
  type PostgresTablesOptions,
  postgresOutbox,
  postgresTables,
  type RunningConnector,
  runSource,
  type Signal,
  SignalSender,
  type SourceConnector,
  storedPosition,
} from '../src/index.ts'
import type { CaptureMapper } from '../src/sources/postgres/capture.ts'
import { postgresSource } from '../src/sources/postgres/postgres-source.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const fast = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

describe('how PostgreSQL is read', () => {
  let postgres: TestPostgres
  let broker: Broker
  let client: KafkaClient
  let databases = 0

  before(async () => {
    postgres = await startPostgres({ settings: { max_replication_slots: 30, max_wal_senders: 30 } })
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
  })

  after(async () => {
    await client?.close()
    await broker?.close()
    await postgres?.close()
  })

  async function database(sql: string): Promise<{ url: string; name: string; db: pg.Client } & AsyncDisposable> {
    const name = `capture_${++databases}`
    const url = await postgres.createDatabase(name)
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    await db.query(sql)
    return { url, name, db, [Symbol.asyncDispose]: () => db.end().catch(() => {}) }
  }

  function run(connector: SourceConnector): RunningConnector {
    return runSource(connector, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
  }

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
        const records = await readTopic(client, name)
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

  /** The connector of one table `account (id, version)`, read in parts of 100 rows. */
  function accounts(s: { url: string; name: string }, options: Partial<PostgresTablesOptions> = {}): SourceConnector {
    return postgresTables({
      url: s.url,
      tables: [{ table: 'account', topic: `${s.name}.account` }],
      limits: { ...fast, snapshotTransactionMaxBytes: 0, chunkMaxRows: 100 },
      ...options,
    })
  }

  async function snapshotEnded(name: string): Promise<void> {
    await eventually('the end of the snapshot', async () => {
      const position = await storedPosition(client, name)
      return position && position.snapshot === undefined && position.vanished === undefined ? true : undefined
    })
  }

  /** Versions per key in the order of the topic; null for a tombstone. */
  async function versions(topic: string): Promise<Map<string, (number | null)[]>> {
    const found = new Map<string, (number | null)[]>()
    for (const { key, value } of await readTopic(client, topic)) {
      const list = found.get(key ?? '') ?? []
      list.push(value === null ? null : (JSON.parse(value) as { version: number }).version)
      found.set(key ?? '', list)
    }
    return found
  }

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
        const records = await readTopic(client, `${s.name}.log`).catch(() => [])
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    await linesOf(2)
    await s.db.query("insert into log values ('c')")
    const lines = await linesOf(3)
    assert.deepEqual(lines.sort(), ['{"line":"a"}', '{"line":"b"}', '{"line":"c"}'])
    assert.equal((await versions(`${s.name}.account`)).get('1')?.length, 1)
  })

  test('initial-only publishes the rows and takes no slot; always publishes them at every start', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account values (1, 0), (2, 0), (3, 7)`)
    const topic = `${s.name}.account`
    {
      await using once = run(accounts(s, { snapshot: 'initial-only', snapshotFilters: { account: 'id < 3' } }))
      await once.ready
      await eventually('two rows', async () => ((await readTopic(client, topic)).length === 2 ? true : undefined))
      await eventually('the end', () => (once.status().activity.includes('complete') ? true : undefined))
    }
    const slots = await s.db.query('select 1 from pg_replication_slots where database = $1', [s.name])
    assert.equal(slots.rowCount, 0)
    for (let starts = 1; starts <= 2; starts++) {
      await using running = run(accounts(s, { snapshot: 'always', name: `${s.name}-always` }))
      await running.ready
      const count = 2 + 3 * starts
      await eventually('all rows', async () => ((await readTopic(client, topic)).length === count ? true : undefined))
      await snapshotEnded(`${s.name}-always`)
    }
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
        (await readTopic(client, `${s.name}.account`)).length === count ? true : undefined,
      )

    await s.db.query('insert into signal values ($1, $2, $3)', ['t1', 'execute-snapshot', text('id = 1')])
    await countOf(31)
    await using producer = client.producer({})
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
      const records = (await readTopic(client, topics.notifications)).map(({ value }) => JSON.parse(value ?? ''))
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

  test('a snapshot is paused, goes on in the middle after a restart, and is stopped; a blocking one holds the stream', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account select g, 0 from generate_series(1, 2000) g`)
    const signals = new SignalSender()
    const name = `${s.name}-tables`
    const topic = `${s.name}.account`
    const limits = { ...fast, chunkMaxRows: 100 }
    const told: string[] = []
    const options = {
      limits,
      signals: { inProcess: signals },
      notifications: {
        on: ({ id, type }: { id: string; type: string }) => {
          told.push(`${id} ${type}`)
          // In the middle of the table.
          if (id === 'one' && type === 'IN_PROGRESS' && told.filter((t) => t === 'one IN_PROGRESS').length === 3) {
            signals.send({ id: 'pause', type: 'pause-snapshot', data: {} })
          }
        },
      },
    }
    const all = { 'data-collections': ['public.account'] }
    const count = async (): Promise<number> => (await readTopic(client, topic)).length
    {
      await using running = run(accounts(s, options))
      await running.ready
      await eventually('the initial rows', async () => ((await count()) === 2000 ? true : undefined))
      signals.send({ id: 'one', type: 'execute-snapshot', data: all })
      await eventually('the pause', () => (told.includes('one PAUSED') ? true : undefined))
      await s.db.query('update account set version = 1 where id = 1')
      await eventually('a change meanwhile', async () =>
        (await versions(topic)).get('1')?.at(-1) === 1 ? true : undefined,
      )
    }
    const paused = await count()
    assert.ok(paused > 2000 && paused < 4000, `${paused} records`)
    await using running = run(accounts(s, options))
    await running.ready
    signals.send({ id: 'resume', type: 'resume-snapshot', data: {} })
    await eventually('the rest', async () => ((await count()) === 4001 ? true : undefined))
    await snapshotEnded(name)
    signals.send({ id: 'two', type: 'execute-snapshot', data: all })
    signals.send({ id: 'stop', type: 'stop-snapshot', data: {} })
    await eventually('the stop', () => (told.includes('two ABORTED') ? true : undefined))
    const stopped = await count()
    signals.send({ id: 'three', type: 'execute-snapshot', data: { ...all, type: 'BLOCKING' } })
    await eventually('all rows', async () => ((await count()) === stopped + 2000 ? true : undefined))
    await s.db.query('update account set version = 2 where id = 1')
    await eventually('a change after it', async () =>
      (await versions(topic)).get('1')?.at(-1) === 2 ? true : undefined,
    )
  })

  test('heartbeats run their statement and go to their topic although nothing changes', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table beat (at timestamptz)`)
    const heartbeat = { topic: `${s.name}.heartbeat`, query: 'insert into beat values (now())' }
    await using running = run(accounts(s, { heartbeat }))
    await running.ready
    const beats = await eventually('two heartbeats', async () => {
      const records = await readTopic(client, heartbeat.topic)
      return records.length >= 2 ? records : undefined
    })
    assert.deepEqual(JSON.parse(beats[0]?.key ?? ''), { serverName: `${s.name}-tables` })
    assert.ok(Math.abs(JSON.parse(beats[0]?.value ?? '').ts_ms - Date.now()) < 60_000)
    assert.ok((await s.db.query('select 1 from beat')).rowCount! >= 2)
  })

  test('log beyond its budget costs the slot and not the disk: the source begins anew, or fails and says why', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table filler (text text); insert into account values (1, 0), (2, 0)`)
    const limits = { ...fast, budgetCheckIntervalMs: 100 }
    const logBudget = { maxBytes: 2 * 1024 * 1024, whenReached: 'drop-slot' } as const
    const topic = `${s.name}.account`
    const notices: string[] = []
    const onNotice = (message: unknown): void => void notices.push((message as { text: string }).text)
    subscribe('millrace:connect:notice', onNotice)
    await using _notices = { [Symbol.asyncDispose]: async () => void unsubscribe('millrace:connect:notice', onNotice) }
    /** Writes log while a transaction is open that keeps the slot at its beginning. */
    const fill = async (id: number, meanwhile: () => Promise<unknown>): Promise<void> => {
      const holder = new pg.Client({ connectionString: s.url })
      await holder.connect()
      await holder.query('begin')
      await holder.query('insert into account values ($1, 0)', [id])
      await s.db.query("insert into filler select repeat('x', 1000) from generate_series(1, 4000) g")
      await meanwhile()
      await holder.query('commit')
      await holder.end()
    }
    const dropped = (count: number): Promise<true> =>
      eventually('the slot dropped', () =>
        notices.filter((text) => text.includes('was dropped')).length === count ? true : undefined,
      )
    {
      await using running = run(accounts(s, { snapshot: 'when-needed', limits, logBudget }))
      await running.ready
      await eventually('the rows', async () => ((await versions(topic)).size === 2 ? true : undefined))
      await fill(50, async () => {
        await dropped(1)
        await s.db.query('delete from account where id = 1')
      })
      await eventually('the rows anew', async () => {
        const found = await versions(topic)
        return found.get('50') && found.get('1')?.at(-1) === null ? true : undefined
      })
    }
    const warned = run(accounts(s, { limits, logBudget: { ...logBudget, whenReached: 'warn' } }))
    await warned.ready
    await fill(51, () => eventually('a warning', () => notices.find((text) => text.includes('budget'))))
    assert.equal(warned.status().state, 'running')
    await warned.close()
    await using failing = run(accounts(s, { limits, logBudget }))
    await fill(52, () => dropped(2))
    await assert.rejects(failing.finished, { code: 'POSTGRES_LOG_BUDGET' })
  })

  test('with `auto` an outbox is polled where the user may not read the log, and stays so', async () => {
    await using s = await database(outboxMigration())
    const user = `reader_${databases}`
    await s.db.query(`create role ${user} login;
      grant all on database ${s.name} to ${user}; grant all on outbox to ${user}`)
    const url = s.url.replace('postgres@', `${user}@`)
    const order = topicOf(`${s.name}-order`, { key: serdes.string, value: serdes.json<{ amount: number }>() })
    const auto = (): SourceConnector => postgresOutbox({ url, topics: [order], capture: 'auto', limits: fast })
    const append = async (amount: number): Promise<void> => {
      await s.db.query('begin')
      await outbox(s.db).append(order, 'a', { amount })
      await s.db.query('commit')
    }
    assert.deepEqual(await auto().check?.(), [])
    assert.match((await auto().describe?.())?.[0] ?? '', /^polls its table: .*may not start replication/)
    const published = (count: number): Promise<true> =>
      eventually(`${count} events`, async () =>
        (await readTopic(client, order.name)).length === count ? true : undefined,
      )
    {
      await using running = run(auto())
      await running.ready
      await append(1)
      await published(1)
    }
    // With the right to replicate it goes on as it began: the log would bring events again that were polled.
    await s.db.query(`alter role ${user} replication`)
    await using running = run(auto())
    await running.ready
    await append(2)
    await published(2)
    const slots = await s.db.query('select 1 from pg_replication_slots where database = $1', [s.name])
    assert.equal(slots.rowCount, 0)
    assert.throws(() => postgresOutbox({ url, topics: [order], snapshot: 'when-needed' }), {
      code: 'CONFIG_INVALID_OPTION',
    })
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

  test('rows and columns that a publication leaves out come in no snapshot either', async () => {
    await using s = await database(`create table account (id int primary key, version int not null, secret text);
      insert into account select g, 0, 'secret' from generate_series(1, 5) g;
      create publication shown for table account (id, version) where (id > 2) with (publish_via_partition_root = true)`)
    const signals = new SignalSender()
    const options = { publication: 'shown', signals: { inProcess: signals } }
    const topic = `${s.name}.account`
    const read = (count: number): Promise<(string | null)[]> =>
      eventually(`${count} records`, async () => {
        const records = await readTopic(client, topic).catch(() => [])
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    {
      // At once, and in parts.
      await using running = run(accounts(s, { ...options, limits: fast }))
      await running.ready
      await read(3)
      signals.send({ id: '1', type: 'execute-snapshot', data: { 'data-collections': ['public.account'] } })
      await read(6)
    }
    await using again = run(accounts(s, { ...options, name: `${s.name}-parts` }))
    await again.ready
    await read(9)
    await s.db.query("update account set secret = 'other'; insert into account values (6, 1, 'secret')")
    const records = await read(13)
    assert.equal(records.length, 13)
    for (const record of records) assert.deepEqual(Object.keys(JSON.parse(record ?? '')), ['id', 'version'])
    assert.deepEqual([...(await versions(topic)).keys()].sort(), ['3', '4', '5', '6'])
  })

  test('a row that no broker takes ends the source with a remedy rather than a loop', async () => {
    await using s = await database('create table account (id int primary key, version int not null, filler text)')
    await using running = run(accounts(s))
    await running.ready
    await s.db.query("insert into account values (1, 0, repeat('x', 20000000))")
    await assert.rejects(running.finished, (error: Error) =>
      /too large|TOO_LARGE/i.test(JSON.stringify(error) + String(error)),
    )
  })
})
