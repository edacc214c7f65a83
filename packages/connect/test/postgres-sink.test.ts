import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '@millrace/base'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { type Serde, serdes, type TopicContract, topic } from '@millrace/contracts'
import { notReady } from '@millrace/contracts/internal'
import { type KafkaClient, kafkaClient, type Producer } from '@millrace/kafka'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import pg from 'pg'
import { type PostgresSinkOptions, postgresSink, type RunningConnector, runSink } from '../src/index.ts'
import { postgresDialect } from '../src/sinks/postgres/dialect.ts'
import { SinkDriver } from './support/sink-driver.ts'
import { registerSqlSinkTests } from './support/sql-sink-suite.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

interface Spend {
  readonly country: string
  readonly total: number
}

describe('the PostgreSQL sink', () => {
  let postgres: TestPostgres
  let broker: Broker
  let client: KafkaClient
  let producer: Producer
  let db: pg.Client
  let url: string
  let cases = 0

  before(async () => {
    postgres = await startPostgres({ settings: { max_prepared_transactions: 2 } })
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    producer = client.producer({})
    url = await postgres.createDatabase('reporting')
    db = await connect()
  })

  after(async () => {
    await db?.end()
    await client?.close()
    await broker?.close()
    await postgres?.close()
  })

  async function connect(): Promise<pg.Client> {
    const connected = new pg.Client({ connectionString: url })
    connected.on('error', () => {})
    await connected.connect()
    return connected
  }

  async function contract(partitions = 1): Promise<TopicContract<string, Spend>> {
    const created = topic(`spend-${++cases}`, { key: serdes.string, value: serdes.json<Spend>(), partitions })
    await client.admin.createTopics([{ name: created.name, partitions }])
    return created
  }

  async function send(name: string, records: readonly [key: string | null, value: unknown][]): Promise<void> {
    for (const [key, value] of records) {
      const bytes = value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      await producer.send({ topic: name, key: key === null ? null : Buffer.from(key), value: bytes })
    }
  }

  function run(
    spend: TopicContract<string, Spend>,
    options: Partial<PostgresSinkOptions<string, Spend>> = {},
  ): RunningConnector {
    const table = spend.name.replace('-', '_')
    return runSink(postgresSink(spend, { url, table, mode: 'upsert', ...options }), {
      client,
      limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 },
    })
  }

  async function rows(sql: string, count: number): Promise<unknown[]> {
    return eventually(`${count} rows of ${sql}`, async () => {
      const result = await db.query(sql).catch(() => ({ rows: [] }))
      return result.rows.length === count ? result.rows : undefined
    })
  }

  test('upserts the last value per key, deletes on tombstones, and creates its table from the first value', async () => {
    const spend = await contract()
    await send(spend.name, [
      ['alice', { country: 'AT', total: 1.5 }],
      ['bob', { country: 'CH', total: 2 }],
      ['alice', { country: 'AT', total: 3 }],
      ['carol', { country: 'DE', total: 9 }],
      ['carol', null],
    ])
    await using running = run(spend)
    const table = spend.name.replace('-', '_')
    assert.deepEqual(await rows(`select * from ${table} order by key`, 2), [
      { key: 'alice', country: 'AT', total: 3 },
      { key: 'bob', country: 'CH', total: 2 },
    ])
    await send(spend.name, [
      ['bob', null],
      ['alice', { country: 'AT', total: 4 }],
    ])
    await rows(`select * from ${table} where total = 4`, 1)
    assert.equal((await db.query(`select * from ${table}`)).rows.length, 1)
    const stored = await db.query('select next_offset, epoch, version from millrace_sink_offsets where topic = $1', [
      spend.name,
    ])
    assert.deepEqual(stored.rows, [{ next_offset: '7', epoch: '1', version: 1 }])
    await eventually('the group mirrors the offset', async () => {
      const [committed] = await client.admin.committedOffsets(`millrace-sink-${running.name}`)
      return committed?.offset === 7 ? true : undefined
    })
    assert.equal(running.status().lag, 0)
  })

  test('waits for a schema that is on its way, and sets nothing aside', async () => {
    const plain = await contract()
    await send(plain.name, [['alice', { country: 'AT', total: 1 }]])
    let asked = 0
    const value: Serde<Spend> = {
      ...plain.value,
      deserialize(bytes) {
        // Not for the first look at what a table is to be made of, and not for the first row.
        if (++asked === 1 || asked === 3) throw notReady('the schema is on its way', Promise.resolve())
        return plain.value.deserialize(bytes)
      },
    }
    await using _running = run(topic(plain.name, { key: serdes.string, value }))
    assert.deepEqual(await rows(`select * from ${plain.name.replace('-', '_')}`, 1), [
      { key: 'alice', country: 'AT', total: 1 },
    ])
    assert.ok(asked > 3)
  })

  test('columns can be declared, computed and keyed by several fields', async () => {
    const orders = topic(`order-${++cases}`, {
      key: serdes.json<{ shop: string; no: number }>(),
      value: serdes.json<{ amount: number; tags: string[]; at: number; ignored?: string }>(),
    })
    await client.admin.createTopics([{ name: orders.name, partitions: 1 }])
    await send(orders.name, [
      ['{"shop":"a","no":1}', { amount: 5, tags: ['x', 'y "z"'], at: 0, ignored: 'yes' }],
      ['{"shop":"a","no":2}', { amount: 6, tags: [], at: 1_000 }],
      ['{"shop":"a","no":2}', null],
    ])
    const connector = postgresSink(orders, {
      url,
      table: 'orders_by_shop',
      mode: 'upsert',
      key: ['shop', 'no'],
      columns: {
        no: 'int',
        amount: 'numeric(10,2)',
        tags: 'text[]',
        placed: { type: 'timestamptz', value: (value) => new Date(value.at) },
      },
    })
    await using _running = runSink(connector, { client })
    assert.deepEqual(await rows('select * from orders_by_shop', 1), [
      { shop: 'a', no: 1, amount: '5.00', tags: ['x', 'y "z"'], placed: new Date(0) },
    ])
  })

  test('only the bad records go to the dead-letter topic, wherever they fail', async () => {
    const spend = await contract()
    const table = spend.name.replace('-', '_')
    await db.query(
      `create table ${table} (key text primary key, country text check (country <> 'XX'), total double precision)`,
    )
    const good = Array.from({ length: 300 }, (_, i): [string, unknown] => [`k${i}`, { country: 'AT', total: i }])
    await send(spend.name, [
      ...good.slice(0, 150),
      ['k5', { country: 'XX', total: 1 }],
      ['poison', 'not json {'],
      [null, { country: 'AT', total: 0 }],
      ['zero', { country: 'a\u0000b', total: 1 }],
      ...good.slice(150),
    ])
    await using running = run(spend)
    await rows(`select * from ${table}`, 300)
    // The refused row was the last of its key: the one before it is what the table shows.
    assert.deepEqual((await db.query(`select * from ${table} where key = 'k5'`)).rows, [
      { key: 'k5', country: 'AT', total: 5 },
    ])
    const letters = await readTopic(client, `${spend.name}.dlq`)
    assert.deepEqual(
      letters.map(({ key, headers }) => [key, headers['__millrace.errors.offset'], headers['__millrace.errors.stage']]),
      [
        ['k5', '150', 'process'],
        ['poison', '151', 'deserialize'],
        [null, '152', 'process'],
        ['zero', '153', 'process'],
      ],
    )
    assert.equal(letters[1]?.value, 'not json {')
    assert.equal(running.status().deadLetters, 4)
    assert.equal(running.status().state, 'running')
  })

  test('a record as large as its topic takes is set aside whole; where that is full, without its value', async () => {
    const value = `"${'x'.repeat(1_048_588 - 150)}`
    for (const isSmall of [false, true]) {
      const spend = await contract()
      const letterTopic = `${spend.name}.dlq`
      if (isSmall) await client.admin.createTopics([{ name: letterTopic, partitions: 1 }])
      await using large = client.producer({ maxBatchBytes: 1_048_588 })
      await large.send({ topic: spend.name, key: Buffer.from('bad'), value: Buffer.from(value) })
      await send(spend.name, [['good', { country: 'AT', total: 1 }]])
      const table = spend.name.replace('-', '_')
      await using running = run(spend)
      await rows(`select * from ${table}`, 1)
      assert.equal(running.status().deadLetters, 1)
      const [letter] = await readTopic(client, letterTopic)
      assert.equal(letter!.key, 'bad')
      assert.equal(letter!.value, isSmall ? null : value)
      assert.equal(letter!.headers['__millrace.errors.offset'], '0')
      assert.equal(letter!.headers['__millrace.errors.truncated'], isSmall ? String(value.length) : undefined)
    }
  })

  test('a constraint that is checked at commit finds its row too', async () => {
    const spend = await contract()
    const table = spend.name.replace('-', '_')
    await db.query(`create table country_${cases} (code text primary key); insert into country_${cases} values ('AT');
      create table ${table} (key text primary key, total float8,
        country text references country_${cases} deferrable initially deferred)`)
    await send(spend.name, [
      ['a', { country: 'AT', total: 1 }],
      ['b', { country: 'ZZ', total: 2 }],
      ['c', { country: 'AT', total: 3 }],
    ])
    await using running = run(spend)
    assert.deepEqual(await rows(`select key from ${table} order by key`, 2), [{ key: 'a' }, { key: 'c' }])
    assert.equal(running.status().deadLetters, 1)
  })

  test('fails loudly where a field has no column, and where bad records are not to be set aside', async () => {
    const spend = await contract()
    await db.query(`create table ${spend.name.replace('-', '_')} (key text primary key, country text)`)
    await send(spend.name, [['a', { country: 'AT', total: 1 }]])
    await using running = run(spend)
    await assert.rejects(running.finished, { code: 'CONNECT_TABLE_MISMATCH', message: /"total"/ })
    const other = await contract()
    await send(other.name, [['a', 'not json']])
    await using strict = run(other, { onBadRecord: 'fail' })
    await assert.rejects(strict.finished, { code: 'CONNECT_NO_DEAD_LETTERS' })
    const keyless = await contract()
    await db.query(`create table ${keyless.name.replace('-', '_')} (key text, country text, total float8)`)
    await using withoutKey = run(keyless)
    await assert.rejects(withoutKey.finished, { code: 'CONNECT_TABLE_MISMATCH', message: /ADD PRIMARY KEY/ })
  })

  test('goes on after the database was killed and restarted', async () => {
    const spend = await contract(3)
    const table = spend.name.replace('-', '_')
    await using running = run(spend, { mode: 'insert' })
    const batch = (from: number): [string, unknown][] =>
      Array.from({ length: 50 }, (_, i) => [`k${from + i}`, { country: 'AT', total: from + i }])
    await send(spend.name, batch(0))
    await rows(`select * from ${table}`, 50)
    await postgres.kill()
    await send(spend.name, batch(50))
    await eventually('the loss is noticed', () => (running.status().state === 'retrying' ? true : undefined))
    await postgres.restart()
    await db.end().catch(() => {})
    db = await eventually('the database is back', () => connect().catch(() => undefined))
    await rows(`select * from ${table}`, 100)
    assert.equal((await db.query(`select count(distinct key)::int as count from ${table}`)).rows[0].count, 100)
  })

  test('a zombie cannot write once its partition has been claimed by another', async () => {
    const spend = await contract()
    const table = spend.name.replace('-', '_')
    const connector = postgresSink(spend, { url, table, mode: 'insert' })
    const open = () =>
      connector.open({
        signal: new AbortController().signal,
        clock: systemClock,
        report: () => {},
        deadLetter: async () => assert.fail('no dead letters'),
      })
    const partition = { topic: spend.name, topicId: 'id', partition: 0 }
    const batch = (firstOffset: number, count: number) => {
      const builder = new RecordBatchBuilder()
      for (let i = 0; i < count; i++) {
        builder.append(0, Buffer.from(`k${firstOffset + i}`), Buffer.from('{"country":"AT","total":1}'))
      }
      const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
      return { ...partition, batches, firstOffset, nextOffset: firstOffset + count }
    }
    const zombie = await open()
    const successor = await open()
    try {
      assert.equal(await zombie.claim(partition), undefined)
      assert.equal(await zombie.put(batch(0, 3)), 3)
      assert.equal(await successor.claim(partition), 3)
      await assert.rejects(zombie.put(batch(3, 2)), { code: 'CONNECT_SINK_FENCED' })
      assert.equal(await successor.put(batch(3, 4)), 4)
      await assert.rejects(zombie.put(batch(3, 2)), { code: 'CONNECT_SINK_FENCED' })
      assert.equal((await db.query(`select * from ${table}`)).rows.length, 7)
    } finally {
      await zombie.close()
      await successor.close()
    }
  })

  test('a table that is gone is not made again, since it would lack what was written before', async () => {
    const spend = await contract()
    const table = spend.name.replace('-', '_')
    const first = run(spend)
    await send(spend.name, [['a', { country: 'AT', total: 1 }]])
    await rows(`select * from ${table}`, 1)
    await first.close()
    await db.query(`drop table ${table}`)
    await send(spend.name, [['b', { country: 'AT', total: 2 }]])
    const refused = run(spend)
    await assert.rejects(refused.finished, { code: 'CONNECT_TABLE_DROPPED', message: new RegExp(table) })
    await refused.close()
    assert.equal((await db.query('select to_regclass($1) as found', [table])).rows[0].found, null)
    await db.query('delete from millrace_sink_tables where table_name = $1', [`public.${table}`])
    await db.query('delete from millrace_sink_offsets where topic = $1', [spend.name])
    await using _again = run(spend)
    await rows(`select * from ${table}`, 2)
  })

  test('a table may come with the first record behind tombstones', async () => {
    const spend = await contract()
    const first = run(spend)
    await send(spend.name, [['a', null]])
    await eventually('the tombstone is written', () => (first.status().records === 1 ? true : undefined))
    await first.close()
    await using _second = run(spend)
    await send(spend.name, [['a', { country: 'AT', total: 1 }]])
    await rows(`select * from ${spend.name.replace('-', '_')}`, 1)
  })

  registerSqlSinkTests(
    () => ({
      dialect: () => postgresDialect(url),
      query: async (sql) => (await db.query(sql)).rows,
      types: { text: 'text', keyText: 'text', double: 'double precision', small: 'smallint' },
    }),
    (name) => `"${name}"`,
  )

  test('columns that are altered under the sink are written as what they are now', async () => {
    await db.query('create table altered (id text primary key, total int, country text)')
    const upserts = topic('of-altered', { key: serdes.string, value: serdes.json<object>() })
    await using driver = await SinkDriver.open(
      postgresSink(upserts, { url, table: 'altered', mode: 'upsert', key: 'id' }),
    )
    await driver.put([{ key: 'a', value: { total: 1, country: 'AT' } }])
    await db.query('alter table altered alter total type bigint, alter country type jsonb using to_jsonb(country)')
    await driver.put([{ key: 'b', value: { total: 5_000_000_000, country: { code: 'AT' } } }])
    await db.query('alter table altered alter total type text')
    await driver.put([{ key: 'c', value: { total: 'many', country: null } }])
    driver.noDeadLetters()
    assert.deepEqual((await db.query('select * from altered order by id')).rows, [
      { id: 'a', total: '1', country: 'AT' },
      { id: 'b', total: '5000000000', country: { code: 'AT' } },
      { id: 'c', total: 'many', country: null },
    ])
  })

  test('an exception of a trigger is about its row whatever its code; a batch that takes too long is written in parts', async () => {
    await db.query(`create table guarded (id text primary key, total int);
      create function guard() returns trigger language plpgsql as $$ begin
        if new.total < 0 then raise exception 'not that' using errcode = 'XX999'; end if;
        if new.total = 0 then raise exception 'nor that' using errcode = '45000'; end if;
        perform pg_sleep(0.02);
        return new; end $$;
      create trigger guard before insert or update on guarded for each row execute function guard()`)
    const upserts = topic('of-guarded', { key: serdes.string, value: serdes.json<object>() })
    const slow = `${url}${url.includes('?') ? '&' : '?'}options=-c%20statement_timeout%3D250`
    const connector = postgresSink(upserts, { url: slow, table: 'guarded', mode: 'upsert', key: 'id' })
    await using driver = await SinkDriver.open(connector)
    await driver.put(Array.from({ length: 24 }, (_, i) => ({ key: `k${i}`, value: { total: i - 1 } })))
    assert.deepEqual(driver.takeDeadLetters(), [
      [0, 'not that'],
      [1, 'nor that'],
    ])
    await driver.put(Array.from({ length: 24 }, (_, i) => ({ key: `k${i}`, value: { total: i + 1 } })))
    driver.noDeadLetters()
    assert.deepEqual((await db.query('select count(*)::int as n from guarded')).rows, [{ n: 24 }])
  })

  test('a deletion and a write of one uuid keep their order in whatever letters they come', async () => {
    await db.query('create table uuids (id uuid primary key, total int)')
    const upserts = topic('of-uuids', { key: serdes.string, value: serdes.json<{ total: number }>() })
    await using driver = await SinkDriver.open(
      postgresSink(upserts, { url, table: 'uuids', mode: 'upsert', key: 'id' }),
    )
    const id = 'abcdefab-1111-4111-8111-abcdefabcdef'
    await driver.put([{ key: id.toUpperCase() }, { key: id, value: { total: 1 } }])
    assert.deepEqual((await db.query('select * from uuids')).rows, [{ id, total: 1 }])
    await driver.put([{ key: id, value: { total: 2 } }, { key: id.toUpperCase() }])
    assert.deepEqual((await db.query('select * from uuids')).rows, [])
    driver.noDeadLetters()
  })

  test('values of types with a length keep all of it, and what is longer is refused', async () => {
    const spend = await contract()
    const table = 'of_lengths'
    await db.query(
      `create table ${table} (key text primary key, country char(3), total numeric(5, 2), bits bit(4), codes char(2)[])`,
    )
    const running = run(spend, { table })
    await send(spend.name, [
      ['a', { country: 'AUT', total: 123.45, bits: '1010', codes: ['AT', 'DE'] } as never],
      ['b', { country: 'AUTX', total: 1 }],
      ['c', { country: 'DEU', total: 12_345 }],
      ['d', { country: 'D', total: 1, bits: '10101' } as never],
      ['e', { country: 'D', total: 1.005, bits: null, codes: null } as never],
    ])
    const found = await rows(`select * from ${table} order by key`, 2)
    assert.deepEqual(found, [
      { key: 'a', country: 'AUT', total: '123.45', bits: '1010', codes: ['AT', 'DE'] },
      { key: 'e', country: 'D  ', total: '1.01', bits: null, codes: null },
    ])
    await eventually('three dead letters', () => (running.status().deadLetters === 3 ? true : undefined))
    await running.close()
  })

  test('a user that the server does not take is told at once, with what helps', async () => {
    const spend = await contract()
    const stranger = new URL(url)
    stranger.username = 'stranger'
    const running = runSink(postgresSink(spend, { url: stranger.href, table: 'x', mode: 'insert' }), { client })
    await assert.rejects(running.finished, { code: 'POSTGRES_ACCESS_DENIED', message: /stranger/ })
    assert.match(running.status().error?.remedy ?? '', /url/)
  })

  test('what a user may not do is told before there is a record, with what grants it', async () => {
    const spend = await contract()
    await db.query(
      `create role weak_${cases} login; create schema own_${cases}; create table own_${cases}.there (key text primary key, country text)`,
    )
    const weak = new URL(url)
    weak.username = `weak_${cases}`
    const sink = (table: string) => postgresSink(spend, { url: weak.href, table, mode: 'upsert' })
    const problems = async (table: string): Promise<string[]> =>
      ((await sink(table).check?.()) ?? []).map(({ code, message }) => `${code}: ${message.replaceAll('"', '')}`)
    const [schema, there] = [`own_${cases}`, `own_${cases}.there`]
    const [found] = await problems(there)
    assert.match(found!, /^POSTGRES_NO_RIGHT: .*run: /)
    assert.ok(found!.includes(`GRANT USAGE ON SCHEMA ${schema} TO weak_${cases}; GRANT SELECT, INSERT, UPDATE`))
    assert.match((await problems(`${schema}.made`))[0]!, new RegExp(`GRANT CREATE ON SCHEMA ${schema}`))
    assert.match((await problems('nowhere.made'))[0]!, /CREATE SCHEMA nowhere AUTHORIZATION/)
    await db.query(found!.slice(found!.indexOf('run: ') + 5))
    assert.deepEqual(await problems(there), [])
  })

  test('says when the record to go on from was deleted', async () => {
    const spend = await contract()
    const first = run(spend)
    await send(spend.name, [['a', { country: 'AT', total: 1 }]])
    await rows(`select * from ${spend.name.replace('-', '_')}`, 1)
    await first.close()
    await send(spend.name, [
      ['b', { country: 'AT', total: 1 }],
      ['c', { country: 'AT', total: 1 }],
    ])
    await client.admin.deleteRecords([{ topic: spend.name, partition: 0, offset: 2 }])
    await using running = run(spend)
    await assert.rejects(running.finished, { code: 'CONNECT_NO_OFFSET' })
  })
})
