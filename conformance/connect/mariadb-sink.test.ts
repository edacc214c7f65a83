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
