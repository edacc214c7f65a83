// The outbox and the inbox with plain drivers: pg, mysql2, node:sqlite.
import { DatabaseSync } from 'node:sqlite'
import { inbox as pgInbox, outbox as pgOutbox } from '@millrace/outbox'
import * as mysql2 from '@millrace/outbox/mysql2'
import * as sqlite from '@millrace/outbox/sqlite'
import { createPool, type PoolConnection } from 'mysql2/promise'
import pg from 'pg'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases } from './databases.ts'

const all = databases()

registerOutboxTests<pg.PoolClient>(
  'pg on PostgreSQL',
  async () => {
    const { url, query, closing, close } = await all.fresh('postgres')
    const pool = new pg.Pool({ connectionString: url })
    closing(() => pool.end())
    return {
      query,
      close,
      async transaction(work) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          const result = await work(client)
          await client.query('commit')
          return result
        } catch (error) {
          await client.query('rollback')
          throw error
        } finally {
          client.release()
        }
      },
      outbox: pgOutbox,
      inbox: pgInbox,
      effect: (tx, name) => tx.query('insert into effect values ($1)', [name]),
      broken: (tx) => tx.query('select nothing from nowhere'),
      outside: pool as unknown as pg.PoolClient,
    }
  },
  { hasStore: false },
)

registerOutboxTests<PoolConnection>(
  'mysql2 on MariaDB',
  async () => {
    const { url, query, closing, close } = await all.fresh('mysql')
    const pool = createPool(url)
    closing(() => pool.end())
    return {
      query,
      close,
      store: () => mysql2.inboxStore(pool),
      async transaction(work) {
        const connection = await pool.getConnection()
        try {
          await connection.beginTransaction()
          const result = await work(connection)
          await connection.commit()
          return result
        } catch (error) {
          await connection.rollback()
          throw error
        } finally {
          connection.release()
        }
      },
      outbox: mysql2.outbox,
      inbox: mysql2.inbox,
      effect: (tx, name) => tx.execute('insert into effect values (?)', [name]),
      broken: (tx) => tx.query('select nothing from nowhere'),
      outside: pool as unknown as PoolConnection,
    }
  },
  { skip: mariaDbUnavailable() },
)

registerOutboxTests<PoolConnection>(
  'mysql2 on MariaDB, a connection without a transaction',
  async () => {
    const { url, query, closing, close } = await all.fresh('mysql')
    const pool = createPool(url)
    const idle = await pool.getConnection()
    closing(() => pool.end())
    closing(() => idle.release())
    return {
      query,
      close,
      store: () => mysql2.inboxStore(pool),
      async transaction(work) {
        // As with autocommit switched off: the first statement begins the transaction.
        await idle.query('set autocommit = 0')
        try {
          const result = await work(idle)
          await idle.commit()
          return result
        } catch (error) {
          await idle.rollback()
          throw error
        } finally {
          await idle.query('set autocommit = 1')
        }
      },
      outbox: mysql2.outbox,
      inbox: mysql2.inbox,
      effect: (tx, name) => tx.execute('insert into effect values (?)', [name]),
      broken: (tx) => tx.query('select nothing from nowhere'),
      outside: idle,
    }
  },
  { skip: mariaDbUnavailable() },
)

registerOutboxTests<DatabaseSync>('node:sqlite', async () => {
  const { url, query, closing, close } = await all.fresh('sqlite')
  const db = new DatabaseSync(url)
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
