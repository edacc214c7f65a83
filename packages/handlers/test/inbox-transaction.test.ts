import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { inboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { type HandlerTransaction, inTransactionOnce } from '../src/inbox-transaction.ts'
import { isOutage } from '../src/outage.ts'

let postgres: TestPostgres
let pool: pg.Pool
before(async () => {
  postgres = await startPostgres()
  pool = new pg.Pool({ connectionString: postgres.url(), max: 2, connectionTimeoutMillis: 10_000 })
  pool.on('error', () => {})
  await pool.query(`${inboxMigration()}; create table effect (event text)`)
})
after(async () => {
  await pool.end()
  await postgres.close()
})
beforeEach(async () => {
  await pool.query('truncate inbox, effect')
})

const once = (eventId: string, effect: (tx: HandlerTransaction) => Promise<void>): Promise<boolean> =>
  inTransactionOnce(pool, { table: 'inbox', consumer: 'g/t', eventId }, effect)
const write = (tx: HandlerTransaction): Promise<void> =>
  tx.query('insert into effect values ($1)', ['e']).then(() => {})
const effects = async (): Promise<number> => (await pool.query('select from effect')).rowCount ?? -1

test('an effect and its note are committed together, and a second delivery has none', async () => {
  assert.equal(await once('e1', write), true)
  assert.equal(await once('e1', () => assert.fail('it must not run')), false)
  assert.equal(await effects(), 1)
})

test('a failed effect leaves nothing, keeps its error, and can be tried again', async () => {
  const error = new RangeError('no')
  const failing = once('e1', async (tx) => {
    await write(tx)
    throw error
  })
  await assert.rejects(failing, error)
  assert.equal(await effects(), 0)
  assert.equal(await once('e1', write), true)
})

test('an effect that swallows the error of a statement is not taken for done', async () => {
  const swallowing = once('e1', async (tx) => {
    await write(tx)
    await tx.query('select * from nowhere').catch(() => {})
  })
  await assert.rejects(swallowing, { code: 'HANDLER_TRANSACTION_ABORTED' })
  assert.equal(await effects(), 0)
  assert.equal(await once('e1', write), true)
})

test('a connection that breaks under the effect is an outage, whatever the effect threw', async () => {
  const breaking = once('e1', async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await write(tx).catch(() => {})
    throw new TypeError('a consequence')
  })
  await assert.rejects(breaking, isOutage)
  assert.equal(await effects(), 0)
  assert.equal(await once('e1', write), true)
})

test('a database that is away is an outage, and serves again when it is back', async () => {
  await postgres.kill()
  await assert.rejects(once('e1', write), isOutage)
  await assert.rejects(once('e1', write), isOutage)
  await postgres.restart()
  assert.equal(await once('e1', write), true)
  assert.equal(await effects(), 1)
})

test('connections are given back, however an attempt ends', async () => {
  const fail = async (): Promise<void> => {
    throw new Error('no')
  }
  for (let i = 0; i < 5; i++) await assert.rejects(once(`e${i}`, fail), /no/)
  for (let i = 0; i < 5; i++) await once(`f${i}`, write)
  assert.equal(pool.idleCount, pool.totalCount)
})
