// The outbox and the inbox on SQLite, in the transactions of the tools that use better-sqlite3.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import * as drizzle from '@millrace/outbox/drizzle'
import * as forKnex from '@millrace/outbox/knex'
import * as sqlite from '@millrace/outbox/sqlite'
import * as typeorm from '@millrace/outbox/typeorm'
import { sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import knex, { type Knex } from 'knex'
import { DataSource, type EntityManager } from 'typeorm'
import { BetterSqlite3, standInForBetterSqlite3 } from './better-sqlite3.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases } from './databases.ts'

standInForBetterSqlite3()
const all = databases()
const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })

registerOutboxTests<Knex.Transaction>('Knex on SQLite', async () => {
  const { url, query, closing, close } = await all.fresh('sqlite')
  const db = knex({ client: 'better-sqlite3', connection: { filename: url }, useNullAsDefault: true })
  closing(() => db.destroy())
  return {
    query,
    close,
    store: () => forKnex.inboxStore<Knex.Transaction>(db),
    transaction: (work) => db.transaction(work),
    outbox: (tx) => forKnex.outbox(tx),
    inbox: (tx) => forKnex.inbox(tx),
    effect: async (tx, name) => tx('effect').insert({ name }),
    broken: async (tx) => tx.raw('select nothing from nowhere'),
    outside: db as unknown as Knex.Transaction,
  }
})

registerOutboxTests<EntityManager>('TypeORM on SQLite', async () => {
  const { url, query, closing, close } = await all.fresh('sqlite')
  const source = await new DataSource({ type: 'better-sqlite3', database: url }).initialize()
  closing(() => source.destroy())
  return {
    query,
    close,
    store: () => typeorm.inboxStore<EntityManager>(source),
    transaction: (work) => source.transaction(work),
    outbox: (tx) => typeorm.outbox(tx),
    inbox: (tx) => typeorm.inbox(tx),
    effect: (tx, name) => tx.query('insert into effect values (?)', [name]),
    broken: (tx) => tx.query('select nothing from nowhere'),
    outside: source.manager,
  }
})

registerOutboxTests<BetterSqlite3>('better-sqlite3', async () => {
  const { url, query, closing, close } = await all.fresh('sqlite')
  const db = new BetterSqlite3(url)
  closing(() => db.close())
  const store = sqlite.inboxStore(db)
  return {
    query,
    close,
    store: () => store,
    async transaction(work) {
      db.exec('begin immediate')
      try {
        const result = await work(db)
        db.exec('commit')
        return result
      } catch (error) {
        db.exec('rollback')
        throw error
      }
    },
    outbox: (tx) => ({ append: async (...message) => sqlite.outbox(tx).append(...message) }),
    inbox: (tx) => ({ claim: async (consumer, eventId) => sqlite.inbox(tx).claim(consumer, eventId) }),
    effect: async (tx, name) => tx.prepare('insert into effect values (?)').run(name),
    broken: async (tx) => tx.exec('select nothing from nowhere'),
    outside: db,
  }
})

async function synchronous() {
  const fresh = await all.fresh('sqlite')
  const client = new BetterSqlite3(fresh.url)
  fresh.closing(() => client.close())
  const module = (await import('drizzle-orm/better-sqlite3')) as unknown as {
    drizzle(options: { client: BetterSqlite3 }): BetterSQLite3Database
  }
  return { ...fresh, db: module.drizzle({ client }) }
}

test('Drizzle over better-sqlite3: a message and the row of the service are committed together, or neither', async () => {
  const { db, query, close } = await synchronous()
  const { id } = db.transaction((tx) => {
    tx.run(sql`insert into effect values ('first')`)
    return drizzle.outboxSync(tx).append(order, 'o1', { amount: 1 }, { headers: { tenant: 'é' } })
  })
  const [row] = await query('select id, aggregateid, payload, headers from outbox')
  assert.deepEqual([row!.id, row!.aggregateid, row!.headers], [id, 'o1', '{"tenant":"é"}'])
  assert.equal(Buffer.from(row!.payload as Uint8Array).toString(), '{"amount":1}')
  const failing = (): unknown =>
    db.transaction((tx) => {
      tx.run(sql`insert into effect values ('second')`)
      drizzle.outboxSync(tx).append(order, 'o2', { amount: 2 })
      throw new Error('changed my mind')
    })
  assert.throws(failing, /changed my mind/)
  assert.equal((await query('select * from outbox')).length, 1)
  assert.deepEqual(
    (await query('select name from effect')).map(({ name }) => name),
    ['first'],
  )
  await close()
})

test('Drizzle over better-sqlite3: an event is claimed once, and the database itself is refused', async () => {
  const { db, query, close } = await synchronous()
  const claim = (): boolean => db.transaction((tx) => drizzle.inboxSync(tx).claim('a', 'e1'))
  assert.deepEqual([claim(), claim()], [true, false])
  const outside = { code: 'OUTBOX_NOT_A_TRANSACTION' }
  assert.throws(() => drizzle.outboxSync(db).append(order, 'o1', { amount: 1 }), outside)
  assert.throws(() => drizzle.inboxSync(db).claim('a', 'e2'), outside)
  assert.deepEqual(await query('select * from outbox'), [])
  await query('drop table outbox')
  const missing = (): unknown => db.transaction((tx) => drizzle.outboxSync(tx).append(order, 'o1', { amount: 1 }))
  assert.throws(missing, { code: 'OUTBOX_TABLE_MISSING', remedy: /outboxMigration/ })
  await close()
})
