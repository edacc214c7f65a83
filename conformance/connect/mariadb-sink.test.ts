import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { mysqlSink } from '@millrace/connect'
import { registerSinkTests } from '@millrace/connect/testing'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import mysql, { type Connection } from 'mysql2/promise'
import { mysqlDialect } from '../../packages/connect/src/sinks/mysql/dialect.ts'
import { SinkDriver } from '../../packages/connect/test/support/sink-driver.ts'
import { registerSqlSinkTests } from '../../packages/connect/test/support/sql-sink-suite.ts'
import { mariaDbUnavailable, startMariaDb, type TestMariaDb } from '../support/mariadb.ts'

describe('the MySQL sink on MariaDB', { skip: mariaDbUnavailable() }, () => {
  let server: TestMariaDb
  let broker: Broker
  let db: Connection
  let cases = 0

  before(async () => {
    server = await startMariaDb()
    broker = await startBroker({ memory: true })
    db = await connect()
  })

  after(async () => {
    await db?.end()
    await broker?.close()
    await server?.close()
  })

  async function connect(): Promise<Connection> {
    const connection = await mysql.createConnection({
      uri: server.url(),
      supportBigNumbers: true,
      dateStrings: true,
      charset: 'utf8mb4',
    })
    connection.on('error', () => {})
    return connection
  }

  registerSqlSinkTests(
    () => ({
      dialect: () => mysqlDialect(server.url()),
      query: async (sql) => {
        const [rows] = await db.query(sql)
        return rows as Record<string, unknown>[]
      },
      types: { text: 'longtext', keyText: 'varchar(255)', double: 'double', small: 'smallint' },
    }),
    (name) => `\`${name}\``,
  )

  test('refuses a table without transactions', async () => {
    await db.query('create table plain (id varchar(20) primary key, n double) engine = MyISAM')
    const contract = topic('t-plain', { key: serdes.string, value: serdes.json<{ n: number }>() })
    const connector = mysqlSink(contract, { url: server.url(), table: 'plain', mode: 'upsert', key: 'id' })
    await assert.rejects(SinkDriver.open(connector), { code: 'CONNECT_TABLE_MISMATCH', message: /MyISAM/ })
  })

  test('keys are looked up as what they are: the server would take abc for 0 and 1x for 1', async () => {
    const keys: [type: string, kept: string, bad: string[]][] = [
      ['int', '0', ['abc', '0x', '1.4', '']],
      ['decimal(5,2)', '1.24', ['abc', '1.239', '1.24x']],
      ['date', '2024-02-29', ['2024', 'abc', '2024-02-29x']],
      ['datetime', '2024-02-29 01:02:03', ['abc', '2024-02-29 01:02:03.4']],
    ]
    for (const [i, [type, kept, bad]] of keys.entries()) {
      await db.query(`create table typed_${i} (id ${type} primary key, n int)`)
      const contract = topic(`t-typed-${i}`, { key: serdes.string, value: serdes.json<{ n: number }>() })
      const options = { url: server.url(), table: `typed_${i}`, mode: 'upsert', key: 'id' } as const
      await using driver = await SinkDriver.open(mysqlSink(contract, options))
      await driver.put([
        { key: kept, value: { n: 1 } },
        ...bad.map((key) => ({ key })),
        { key: bad[0]!, value: { n: 2 } },
      ])
      assert.equal(driver.takeDeadLetters().length, bad.length + 1, type)
      assert.deepEqual((await db.query(`select n from typed_${i}`))[0], [{ n: 1 }], type)
      await driver.put([{ key: kept }])
      assert.deepEqual((await db.query(`select n from typed_${i}`))[0], [], type)
    }
  })

  test('deletions and writes keep their order in a table that takes letters of both cases for one', async () => {
    await db.query('create table folding (id varchar(20) collate utf8mb4_general_ci primary key, n int)')
    const contract = topic('t-folding', { key: serdes.string, value: serdes.json<{ n: number }>() })
    const options = { url: server.url(), table: 'folding', mode: 'upsert', key: 'id' } as const
    await using driver = await SinkDriver.open(mysqlSink(contract, options))
    await driver.put([{ key: 'c' }, { key: 'C', value: { n: 1 } }, { key: 'c ', value: { n: 5 } }, { key: 'd' }])
    assert.deepEqual((await db.query('select n from folding'))[0], [{ n: 5 }])
    await driver.put([{ key: 'e', value: { n: 1 } }, { key: 'C' }, { key: 'E' }])
    assert.deepEqual((await db.query('select n from folding'))[0], [])
    driver.noDeadLetters()
  })

  test('a row that is longer than the server takes goes to the dead letters alone', async () => {
    const [[before]] = (await db.query('select @@global.max_allowed_packet as bytes')) as unknown as [
      [{ bytes: number }],
    ]
    await db.query('set global max_allowed_packet = 1048576')
    try {
      await db.query('create table packets (id varchar(20) primary key, v longtext) character set utf8mb4')
      const contract = topic('t-packets', { key: serdes.string, value: serdes.json<{ v: string }>() })
      const options = { url: server.url(), table: 'packets', mode: 'upsert', key: 'id' } as const
      await using driver = await SinkDriver.open(mysqlSink(contract, options))
      const wide = Array.from({ length: 30 }, (_, i) => ({ key: `w${i}`, value: { v: '\u4e16'.repeat(40_000) } }))
      await driver.put([
        { key: 'a', value: { v: 'small' } },
        { key: 'b', value: { v: 'x'.repeat(3_000_000) } },
        { key: 'c', value: { v: 'y'.repeat(900_000) } },
        ...wide,
      ])
      const [[letter, ...others]] = [driver.takeDeadLetters()]
      assert.deepEqual([letter?.[0], others], [1, []])
      assert.match(letter![1], /a row of 300\d+ bytes is longer than max_allowed_packet/)
      const [[found]] = (await db.query('select count(*) as n from packets')) as unknown as [[{ n: number }]]
      assert.equal(found.n, wide.length + 2)
    } finally {
      await db.query(`set global max_allowed_packet = ${before.bytes}`)
    }
  })

  test('waits for a server that was killed, and goes on with what it had committed', async () => {
    const contract = topic('t-killed', { key: serdes.string, value: serdes.json<{ n: number }>() })
    const connector = mysqlSink(contract, { url: server.url(), table: 'killed', mode: 'insert' })
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put([{ key: 'a', value: { n: 1 } }])
      await server.kill()
      const unavailable = { code: 'DATABASE_UNAVAILABLE', retriable: true }
      await assert.rejects(driver.put([{ key: 'b', value: { n: 2 } }]), unavailable)
      await assert.rejects(SinkDriver.open(connector), unavailable)
    }
    await server.restart()
    db = await connect()
    await using driver = await SinkDriver.open(connector)
    assert.equal(driver.nextOffset, 1)
    await driver.put([{ key: 'b', value: { n: 2 } }])
    const [rows] = await db.query('select n from killed order by n')
    assert.deepEqual(rows, [{ n: 1 }, { n: 2 }])
  })

  test('a wrong password is told, not waited for', async () => {
    await db.query("create user stranger@'127.0.0.1' identified by 'right'")
    const url = new URL(server.url())
    url.username = 'stranger'
    url.password = 'wrong'
    const contract = topic('t-access', { key: serdes.string, value: serdes.json<{ n: number }>() })
    const connector = mysqlSink(contract, { url: url.href, table: 'x', mode: 'insert' })
    await assert.rejects(SinkDriver.open(connector), { code: 'DATABASE_ACCESS_DENIED', retriable: false })
  })

  registerSinkTests('MariaDB', {
    client: () => kafkaClient({ brokers: broker.brokers }),
    subject: async () => {
      const table = `contract_${++cases}`
      const contract = topic(`t-${table}`, { key: serdes.string, value: serdes.json<{ id: string }>() })
      return {
        topic: contract.name,
        connector: () => mysqlSink(contract, { url: server.url(), table, mode: 'insert' }),
        record: (id) => ({ key: Buffer.from(id), value: Buffer.from(JSON.stringify({ id })) }),
        badRecord: () => ({ key: Buffer.from('bad'), value: Buffer.from('no json {') }),
        applied: async () => {
          const [rows] = await db.query(`select id from ${table}`).catch(() => [[]])
          return (rows as { id: string }[]).map(({ id }) => id)
        },
        [Symbol.asyncDispose]: async () => {},
      }
    },
  })
})
