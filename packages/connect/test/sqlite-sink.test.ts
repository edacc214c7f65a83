import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { sqliteSink } from '../src/index.ts'
import { sqliteDialect } from '../src/sinks/sqlite/dialect.ts'
import { registerSinkTests } from '../src/testing.ts'
import { SinkDriver } from './support/sink-driver.ts'
import { registerSqlSinkTests } from './support/sql-sink-suite.ts'

describe('the SQLite sink', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'))
  const file = join(folder, 'reporting.db')
  const database = new DatabaseSync(file, { timeout: 1_000 })
  database.exec('pragma journal_mode = wal')

  let broker: Broker
  let cases = 0

  before(async () => {
    broker = await startBroker({ memory: true })
  })

  after(async () => {
    await broker?.close()
    database.close()
    rmSync(folder, { recursive: true })
  })

  const small = `integer check (typeof(n) = 'integer' and n between -32768 and 32767)`
  registerSqlSinkTests(
    () => ({
      dialect: () => sqliteDialect(file),
      query: async (sql) => database.prepare(sql).all(),
      types: { text: 'text', keyText: 'text', double: 'real', small },
    }),
    (name) => `"${name}"`,
  )

  test('another process that writes is waited for, then tried again later', async () => {
    const contract = topic('t-busy', { key: serdes.string, value: serdes.json<{ n: number }>() })
    const connector = sqliteSink(contract, { file, table: 'busy_table', mode: 'insert' })
    await using driver = await SinkDriver.open(connector)
    await driver.put([{ key: 'a', value: { n: 1 } }])
    database.exec('begin immediate')
    try {
      await assert.rejects(driver.put([{ key: 'b', value: { n: 2 } }]), {
        code: 'DATABASE_UNAVAILABLE',
        retriable: true,
      })
    } finally {
      database.exec('rollback')
    }
    await driver.put([{ key: 'b', value: { n: 2 } }])
    assert.equal(database.prepare('select * from busy_table').all().length, 2)
    driver.noDeadLetters()
  })

  registerSinkTests('SQLite', {
    client: () => kafkaClient({ brokers: broker.brokers }),
    subject: async () => {
      const table = `contract_${++cases}`
      const contract = topic(`t-${table}`, { key: serdes.string, value: serdes.json<{ id: string }>() })
      return {
        topic: contract.name,
        connector: () => sqliteSink(contract, { file, table, mode: 'insert' }),
        record: (id) => ({ key: Buffer.from(id), value: Buffer.from(JSON.stringify({ id })) }),
        badRecord: () => ({ key: Buffer.from('bad'), value: Buffer.from('no json {') }),
        applied: async () => {
          const found = database.prepare('select name from sqlite_master where name = ?').get(table)
          return found
            ? database
                .prepare(`select id from ${table}`)
                .all()
                .map(({ id }) => String(id))
            : []
        },
        [Symbol.asyncDispose]: async () => {},
      }
    },
  })
})
