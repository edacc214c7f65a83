import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { type Broker, startBroker } from '@millrace/broker'
import { type ClickHouseSinkOptions, clickHouseSink, type SinkConnector } from '@millrace/connect'
import { registerSinkTests } from '@millrace/connect/testing'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../../packages/connect/src/plugins.ts'
import { ConnectWorker } from '../../packages/connect/src/runtime/worker/connect-worker.ts'
import { redrivenFor, SinkDriver } from '../../packages/connect/test/support/sink-driver.ts'
import { clickHouseUnavailable, startClickHouse, type TestClickHouse } from '../support/clickhouse.ts'

describe('the ClickHouse sink', { skip: clickHouseUnavailable() }, () => {
  let server: TestClickHouse
  let broker: Broker
  let client: ReturnType<typeof createClient>
  let cases = 0

  before(async () => {
    server = await startClickHouse()
    broker = await startBroker({ memory: true })
    client = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF } })
  })

  after(async () => {
    await client?.close()
    await broker?.close()
    await server?.close()
  })

  const newTable = (): string => `events_${++cases}`

  function sink(table: string, options: Partial<ClickHouseSinkOptions<string, object>> = {}): SinkConnector {
    const contract = topic(`t-${table}`, { key: serdes.string, value: serdes.json<object>() })
    return clickHouseSink(contract, { url: server.url, table, ...options })
  }

  async function rows(query: string): Promise<Record<string, unknown>[]> {
    return (await client.query({ query, format: 'JSONEachRow' })).json()
  }

  test('creates its table from the first value and inserts each record once', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table))
    const odd = 'quote \' \\ " ` \n 🌊'
    await driver.put([
      { key: 'a', value: { n: 1.5, s: odd, list: [1, 2], nested: { x: true }, flag: false } },
      { key: 'a', value: { n: 2 } },
      { key: 'b', value: null },
    ])
    assert.deepEqual(await rows(`select * from ${table} order by n`), [
      { key: 'a', n: 1.5, s: odd, list: '[1,2]', nested: '{"x":true}', flag: false },
      { key: 'a', n: 2, s: null, list: null, nested: null, flag: null },
    ])
    assert.deepEqual(driver.takeDeadLetters(), [[2, 'a tombstone cannot be inserted']])
  })

  test("a config of ClickHouse's own connector: tables of topics, native types, and a typo named before anything runs", async () => {
    const table = newTable()
    await client.command({
      query: `create table ${table} (id String, at DateTime64(3, 'UTC'), tags Array(String)) engine = MergeTree order by id
        settings non_replicated_deduplication_window = 100`,
    })
    const name = `t-${table}`
    await using kafka = kafkaClient({ brokers: broker.brokers })
    await kafka.admin.createTopics([{ name, partitions: 1 }])
    {
      await using producer = kafka.producer({})
      for (const id of ['a', 'b']) {
        const value = JSON.stringify({ id, at: '2024-02-29T12:00:00.125Z', tags: ['x', id] })
        await producer.send({ topic: name, key: null, value: Buffer.from(value) })
      }
    }
    const { hostname, port } = new URL(server.url)
    const config = {
      'connector.class': 'com.clickhouse.kafka.connect.ClickHouseSinkConnector',
      topics: name,
      hostname,
      port,
      ssl: 'false',
      topic2TableMap: `${name}=${table}`,
      exactlyOnce: 'true',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
    }
    await using worker = await ConnectWorker.start({
      client: kafka,
      plugins: builtInPlugins,
      groupId: 'clickhouse',
      storage: 'memory',
    })
    await assert.rejects(worker.create(name, { ...config, hostnam: 'x' }), { message: /hostnam/ })
    await assert.rejects(worker.create(name, { ...config, retryCount: '3' }), { message: /leave the property out/ })
    await worker.create(name, config)
    const expected = ['a', 'b'].map((id) => ({ id, at: '2024-02-29 12:00:00.125', tags: ['x', id] }))
    const deadline = Date.now() + 20_000
    let found: unknown[] = []
    while (found.length < 2 && Date.now() < deadline) {
      await delay(50)
      found = await rows(`select * from ${table} order by id`)
    }
    assert.deepEqual(found, expected, JSON.stringify(worker.details(name)))
  })

  test('what came back for another application is not inserted', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table, { name: 'mine' }))
    await driver.put([
      { key: 'a', value: { n: 1 }, headers: redrivenFor('other', `t-${table}`) },
      { key: 'b', value: { n: 2 }, headers: redrivenFor('mine', `t-${table}`) },
    ])
    assert.deepEqual(await rows(`select key from ${table}`), [{ key: 'b' }])
    driver.noDeadLetters()
  })

  test('fills the native types of a table that is there', async () => {
    const table = newTable()
    await client.command({
      query: `create table ${table} (key String, at DateTime64(3, 'UTC'), tags Array(String), attributes Map(String, Int64),
        price Decimal(18, 4), big UInt64, level Enum('low' = 1, 'high' = 2), note String default 'none')
        engine = MergeTree order by key settings non_replicated_deduplication_window = 100`,
    })
    await using driver = await SinkDriver.open(sink(table))
    await driver.put([
      {
        key: 'a',
        value: {
          at: '2024-02-29T12:00:00.125Z',
          tags: ['x', 'y'],
          attributes: { a: 1 },
          price: '12.3456',
          big: '18446744073709551615',
          level: 'high',
        },
      },
    ])
    assert.deepEqual(await rows(`select * except (big), toString(big) as big from ${table}`), [
      {
        key: 'a',
        at: '2024-02-29 12:00:00.125',
        tags: ['x', 'y'],
        attributes: { a: 1 },
        price: 12.3456,
        level: 'high',
        note: 'none',
        big: '18446744073709551615',
      },
    ])
    driver.noDeadLetters()
  })

  test('a row that the table refuses goes to the dead letters alone, and null is not made a default', async () => {
    const table = newTable()
    await client.command({
      query: `create table ${table} (key String, n UInt8, constraint small check n < 100)
        engine = MergeTree order by key settings non_replicated_deduplication_window = 100`,
    })
    await using driver = await SinkDriver.open(sink(table))
    const records = Array.from({ length: 30 }, (_, n) => ({ key: `k${n}`, value: { n: n as unknown } }))
    records[3] = { key: 'k3', value: { n: 'no number' } }
    records[11] = { key: 'k11', value: { n: 200 } }
    records[17] = { key: 'k17', value: { n: null } }
    await driver.put(records)
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [3, 11, 17],
    )
    assert.deepEqual(await rows(`select toUInt32(count()) as count from ${table}`), [{ count: 27 }])
  })

  test('a value that the server would bend to fit, or cannot read, goes to the dead letters alone', async () => {
    const table = newTable()
    await client.command({
      query: `create table ${table} (key String, u8 UInt8, i32 Int32, d Decimal(5,2), dt DateTime, da Date, f Float32,
        fs FixedString(3), b Bool, ip IPv4, list Array(UInt8)) engine = MergeTree order by key
        settings non_replicated_deduplication_window = 100`,
    })
    await using driver = await SinkDriver.open(sink(table))
    const fits = {
      ...{ u8: 255, i32: -2147483648, d: '999.99', dt: '2106-02-07T06:28:15Z', da: '2149-06-06', f: 1.5, fs: 'abc' },
      ...{ b: true, ip: '10.0.0.1', list: [1, 255] },
    }
    const misfits: object[] = [
      ...[{ u8: 300 }, { u8: -1 }, { u8: '300' }, { u8: 1.7 }, { i32: 5_000_000_000 }, { d: '123456.789' }],
      ...[{ d: '1.239' }, { dt: '2200-01-01 00:00:00' }, { da: '2200-01-01' }, { da: '1900-01-01' }, { fs: 'abcdef' }],
      ...[{ b: 7 }, { b: 'perhaps' }, { f: 1e300 }, { ip: 'nowhere' }, { list: [300] }, { list: '[1],"u8":2' }],
    ]
    await driver.put([
      { key: 'first', value: fits },
      ...misfits.map((misfit, i) => ({ key: `k${i}`, value: { ...fits, ...misfit } })),
      { key: 'last', value: fits },
    ])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      misfits.map((_, i) => i + 1),
    )
    const [first, ...others] = await rows(`select * from ${table} order by key`)
    assert.equal(others.length, 1)
    assert.deepEqual(first, { key: 'first', ...fits, d: 999.99, dt: first!.dt })
    assert.match(String(first!.dt), /^2106-02-07/)
  })

  test('refuses a table that would not recognise an insert that comes again, and one that is gone', async () => {
    const [plain, memory, gone] = [newTable(), newTable(), newTable()]
    await client.command({ query: `create table ${plain} (key String) engine = MergeTree order by key` })
    await client.command({ query: `create table ${memory} (key String) engine = Memory` })
    await assert.rejects(SinkDriver.open(sink(plain)), { code: 'CONNECT_TABLE_MISMATCH', message: /MODIFY SETTING/ })
    await assert.rejects(SinkDriver.open(sink(memory)), { code: 'CONNECT_TABLE_MISMATCH', message: /engine Memory/ })
    {
      await using driver = await SinkDriver.open(sink(gone))
      await driver.put([{ key: 'a', value: { n: 1 } }])
    }
    await client.command({ query: `drop table ${gone}` })
    await assert.rejects(SinkDriver.open(sink(gone)), { code: 'CONNECT_TABLE_DROPPED' })
  })

  test('a column that is altered under the sink takes what it takes now', async () => {
    const table = newTable()
    await client.command({
      query: `create table ${table} (key String, n UInt8) engine = MergeTree order by key
        settings non_replicated_deduplication_window = 100`,
    })
    await using driver = await SinkDriver.open(sink(table))
    await driver.put([{ key: 'a', value: { n: 1 } }])
    await client.command({ query: `alter table ${table} modify column n UInt32` })
    await driver.put([{ key: 'b', value: { n: 300 } }])
    driver.noDeadLetters()
    assert.deepEqual(await rows(`select n from ${table} order by n`), [{ n: 1 }, { n: 300 }])
  })

  test('a new field is a new column where the sink may add it', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table, { evolve: true }))
    await driver.put([{ key: 'a', value: { n: 1 } }])
    await driver.put([{ key: 'b', value: { n: 2, s: 'x' } }])
    assert.deepEqual(await rows(`select key, s from ${table} order by key`), [
      { key: 'a', s: null },
      { key: 'b', s: 'x' },
    ])
    await using strict = await SinkDriver.open(sink(table), 'other')
    await assert.rejects(strict.put([{ key: 'c', value: { unknown: 1 } }]), { code: 'CONNECT_TABLE_MISMATCH' })
  })

  test('a batch of which nobody knows whether it was written is written again with the same bounds', async () => {
    const table = newTable()
    const connector = sink(table)
    const value = { n: 1 }
    await using first = await SinkDriver.open(connector)
    await first.put([{ key: 'a', value }])
    // Written, and killed before it could say so: only the bounds are there.
    await first.put([
      { key: 'b', value },
      { key: 'c', value },
      { key: 'd', value },
    ])
    await client.command({
      query: `insert into millrace_sink_offsets select connector, topic_id, partition, topic, epoch, instance, sequence + 1, 1, 1, 4,
        version, now(), '' from millrace_sink_offsets where connector = 't-${table}-to-${table}' order by sequence desc limit 1`,
    })
    await using second = await SinkDriver.open(connector)
    assert.equal(second.nextOffset, 1)
    // The records come in other portions than before.
    await second.put([{ key: 'b', value }])
    await second.put([
      { key: 'c', value },
      { key: 'd', value },
      { key: 'e', value },
    ])
    assert.deepEqual(
      await rows(`select key from ${table} order by key`),
      ['a', 'b', 'c', 'd', 'e'].map((key) => ({ key })),
    )
    await assert.rejects(first.put([{ key: 'z', value }]), { code: 'CONNECT_SINK_FENCED' })
  })

  for (const [others, isForgotten] of [
    [2, false],
    [8, true],
  ] as const) {
    test(`a batch that may be in the table is ${isForgotten ? 'not ' : ''}inserted again after ${others} inserts of others, of which 5 are remembered`, async () => {
      const table = newTable()
      await client.command({
        query: `create table ${table} (key String, n Float64) engine = MergeTree order by key
          settings non_replicated_deduplication_window = 5`,
      })
      const connector = sink(table)
      const records = ['a', 'b'].map((key) => ({ key, value: { n: 1 } }))
      {
        await using first = await SinkDriver.open(connector, undefined, 0)
        await first.put([{ key: 'before', value: { n: 1 } }])
        await client.command({ query: 'system stop merges millrace_sink_offsets' })
        await first.put(records)
      }
      // As if the process had been killed after the insert, before it could say that it is done.
      await client.command({
        query: `insert into millrace_sink_offsets select * replace (sequence + 10 as sequence) from millrace_sink_offsets
          where connector = '${connector.name}' and begun_first = 1`,
      })
      await client.command({ query: 'system start merges millrace_sink_offsets' })
      await using other = await SinkDriver.open(connector, undefined, 1)
      for (let i = 0; i < others; i++) await other.put([{ key: `other-${i}`, value: { n: i } }])
      await using second = await SinkDriver.open(connector, undefined, 0)
      assert.equal(second.nextOffset, 1)
      const again = second.put(records)
      if (isForgotten)
        await assert.rejects(again, { code: 'CONNECT_BATCH_FORGOTTEN', message: /offsets 1 to 2 .* remembers 5/ })
      else await again
      assert.deepEqual(await rows(`select toUInt32(count()) as count from ${table} where key in ('a', 'b')`), [
        { count: 2 },
      ])
    })
  }

  test('goes on after the server was killed and restarted', async () => {
    const table = newTable()
    const connector = sink(table)
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put([{ key: 'a', value: { n: 1 } }])
      await server.kill()
      await assert.rejects(driver.put([{ key: 'b', value: { n: 2 } }]), {
        code: 'DATABASE_UNAVAILABLE',
        retriable: true,
      })
    }
    await server.restart()
    await using driver = await SinkDriver.open(connector)
    assert.equal(driver.nextOffset, 1)
    await driver.put([{ key: 'b', value: { n: 2 } }])
    assert.equal((await rows(`select key from ${table}`)).length, 2)
  })

  registerSinkTests('ClickHouse', {
    client: () => kafkaClient({ brokers: broker.brokers }),
    subject: async () => {
      const table = newTable()
      const contract = topic(`t-${table}`, { key: serdes.string, value: serdes.json<{ id: string }>() })
      return {
        topic: contract.name,
        connector: () => clickHouseSink(contract, { url: server.url, table }),
        record: (id) => ({ key: Buffer.from(id), value: Buffer.from(JSON.stringify({ id })) }),
        badRecord: () => ({ key: Buffer.from('bad'), value: Buffer.from('no json {') }),
        applied: async () => (await rows(`select id from ${table}`).catch(() => [])).map(({ id }) => String(id)),
        [Symbol.asyncDispose]: async () => {},
      }
    },
  })
})
