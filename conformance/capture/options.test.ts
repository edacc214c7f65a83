import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { postgresOutbox, SignalSender, type SourceConnector } from '@millrace/connect'
import { serdes, topic as topicOf } from '@millrace/contracts'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'

describe('options of PostgreSQL capture', () => {
  const capture = new CaptureFixture()
  const { database, run, accounts, snapshotEnded, versions } = capture

  test('initial-only publishes the rows and takes no slot; always publishes them at every start', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account values (1, 0), (2, 0), (3, 7)`)
    const topic = `${s.name}.account`
    {
      await using once = run(accounts(s, { snapshot: 'initial-only', snapshotFilters: { account: 'id < 3' } }))
      await once.ready
      await eventually('two rows', async () =>
        (await readTopic(capture.client, topic)).length === 2 ? true : undefined,
      )
      await eventually('the end', () => (once.status().activity.includes('complete') ? true : undefined))
    }
    const slots = await s.db.query('select 1 from pg_replication_slots where database = $1', [s.name])
    assert.equal(slots.rowCount, 0)
    for (let starts = 1; starts <= 2; starts++) {
      await using running = run(accounts(s, { snapshot: 'always', name: `${s.name}-always` }))
      await running.ready
      const count = 2 + 3 * starts
      await eventually('all rows', async () =>
        (await readTopic(capture.client, topic)).length === count ? true : undefined,
      )
      await snapshotEnded(`${s.name}-always`)
    }
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
    const count = async (): Promise<number> => (await readTopic(capture.client, topic)).length
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

  test('a surrogate key is what a snapshot reads in the order of, and a key that cannot be one changes nothing', async () => {
    await using s =
      await database(`create table account (id int primary key, version int not null, rank int not null, seldom int);
      insert into account select g, 0, 1000 - g / 3 from generate_series(1, 300) g`)
    const signals = new SignalSender()
    const topic = `${s.name}.account`
    await using running = run(accounts(s, { signals: { inProcess: signals }, limits: { ...fast, chunkMaxRows: 50 } }))
    await running.ready
    const keys = (from: number): Promise<number[]> =>
      eventually(`${from + 300} rows`, async () => {
        const records = await readTopic(capture.client, topic)
        return records.length === from + 300 ? records.slice(from).map(({ key }) => Number(key)) : undefined
      })
    await keys(0)
    await snapshotEnded(`${s.name}-tables`)
    const read = (id: string, column: string): void =>
      signals.send({
        id,
        type: 'execute-snapshot',
        data: { 'data-collections': ['public.account'], 'surrogate-key': column },
      })
    read('by-rank', 'rank')
    const rankOf = (id: number): number => 1000 - Math.floor(id / 3)
    const byRank = Array.from({ length: 300 }, (_, i) => i + 1).sort((a, b) => rankOf(a) - rankOf(b) || a - b)
    assert.deepEqual(await keys(300), byRank)
    // Nulls have no place in an order.
    read('by-null', 'seldom')
    assert.deepEqual(
      await keys(600),
      byRank.toSorted((a, b) => a - b),
    )
    read('by-nothing', 'no_such_column')
    await keys(900)
  })

  test('the signal `log` comes to the notices, in its place among the changes', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table signal (id text primary key, type text, data text)`)
    const notices: string[] = []
    const listen = (message: unknown): void => {
      const { connector, text } = message as { connector: string; text: string }
      if (connector === `${s.name}-tables`) notices.push(text)
    }
    subscribe('millrace:connect:notice', listen)
    try {
      const notifications = `${s.name}.notifications`
      const options = { signals: { table: 'signal' }, notifications: { topic: notifications } }
      await using running = run(accounts(s, options))
      await running.ready
      await snapshotEnded(`${s.name}-tables`)
      await s.db.query(`insert into signal values ('l1', 'log', '{"message":"before the release"}')`)
      await eventually('the notice', () => (notices.includes('signal: before the release') ? true : undefined))
      const told = await eventually('the notification', async () =>
        (await readTopic(capture.client, notifications)).find(({ value }) => JSON.parse(value ?? '').id === 'l1'),
      )
      const { type, aggregate_type, additional_data } = JSON.parse(told.value ?? '')
      assert.deepEqual([type, aggregate_type, additional_data.message], ['LOG', 'Log', 'before the release'])
      await s.db.query('insert into account values (1, 0)')
      await eventually('the source goes on', async () => (await versions(`${s.name}.account`)).get('1'))
      assert.equal(notices.filter((text) => text.startsWith('signal:')).length, 1)
    } finally {
      unsubscribe('millrace:connect:notice', listen)
    }
  })

  test('heartbeats run their statement and go to their topic although nothing changes', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table beat (at timestamptz)`)
    const heartbeat = { topic: `${s.name}.heartbeat`, query: 'insert into beat values (now())' }
    await using running = run(accounts(s, { heartbeat }))
    await running.ready
    const beats = await eventually('two heartbeats', async () => {
      const records = await readTopic(capture.client, heartbeat.topic)
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
    const user = `reader_${s.name}`
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
        (await readTopic(capture.client, order.name)).length === count ? true : undefined,
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
    assert.throws(() => postgresOutbox({ url, topics: [order], logBudget: { whenReached: 'drop-slot' } }), {
      code: 'CONFIG_INVALID_OPTION',
    })
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
        const records = await readTopic(capture.client, topic).catch(() => [])
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
