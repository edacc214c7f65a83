import { affectedRows } from '../affected-rows.ts'
import { type Executor, notATransaction } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type Inbox, type InboxOptions, inboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'

/** `Connection` and `PoolConnection` of `mysql2/promise` fit. */
export interface Mysql2Connection {
  execute(sql: string, values: (string | Buffer | null)[]): Promise<[unknown, unknown]>
}

/** `Pool` of `mysql2/promise` fits. */
export interface Mysql2Pool<C extends Mysql2PoolConnection = Mysql2PoolConnection> extends Mysql2Connection {
  getConnection(): Promise<C>
}

export interface Mysql2PoolConnection extends Mysql2Connection {
  beginTransaction(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  release(): void
  destroy(): void
}

/**
 * The outbox in a transaction of `mysql2/promise`, on MySQL or MariaDB.
 *
 * @example
 * await connection.beginTransaction()
 * await connection.execute('insert into orders values (?, ?)', [row.id, row.amount])
 * await outbox(connection).append(order, row.id, row)
 * await connection.commit()
 */
export function outbox(connection: Mysql2Connection, options: OutboxOptions = {}): Outbox {
  return outboxOn(executorOf(connection), options)
}

/** The inbox in a transaction of `mysql2/promise`. */
export function inbox(connection: Mysql2Connection, options: InboxOptions = {}): Inbox {
  return inboxOn(executorOf(connection), options)
}

/** Forgets events that were handled long ago; how many. Takes a pool as well. */
export function expireInbox(db: Mysql2Connection, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(outside(db), options)
}

/** For `consume` of `@millrace/handlers`: handlers get a connection inside an open transaction. */
export function inboxStore<C extends Mysql2PoolConnection>(
  pool: Mysql2Pool<C>,
  options: InboxStoreOptions = {},
): InboxStore<C> {
  const transaction = (work: (tx: C) => Promise<void>): Promise<void> => inTransaction(pool, work)
  return inboxStoreOn({ transaction, executorOf, executor: outside(pool) }, options)
}

/** SERVER_STATUS_IN_TRANS of the protocol: the server tells it with the result of every statement. */
const inTransactionFlag = 1

/**
 * The driver does not know whether a transaction is open before a statement has run, and asking would cost a round trip
 * each time; so what turns out to have been committed on its own is taken back.
 */
function executorOf(connection: Mysql2Connection): Executor {
  return {
    dialect: 'mysql',
    check() {
      if (typeof (connection as Partial<Mysql2Pool>).getConnection === 'function') {
        throw notATransaction('a pool was given where a connection with an open transaction is needed')
      }
    },
    async run({ text, values, undo }) {
      const [result] = await connection.execute(text, [...values] as (string | Buffer | null)[])
      const { serverStatus, affectedRows: count } = result as { serverStatus?: number; affectedRows?: number }
      if (undo && serverStatus !== undefined && (serverStatus & inTransactionFlag) === 0) {
        if (count !== 0) await connection.execute(undo.text, [...undo.values] as (string | Buffer | null)[])
        throw notATransaction('no transaction is open on the connection: await its `beginTransaction` first')
      }
      return affectedRows(result)
    },
  }
}

function outside(db: Mysql2Connection): Executor {
  return {
    dialect: 'mysql',
    check() {},
    run: async ({ text, values }) => {
      const [result] = await db.execute(text, [...values] as (string | Buffer | null)[])
      return affectedRows(result)
    },
  }
}

async function inTransaction<C extends Mysql2PoolConnection>(
  pool: Mysql2Pool<C>,
  work: (tx: C) => Promise<void>,
): Promise<void> {
  const connection = await pool.getConnection()
  try {
    await connection.beginTransaction()
    await work(connection)
    await connection.commit()
  } catch (error) {
    // A connection that cannot roll back must not go back to the pool with half a transaction on it.
    await connection.rollback().catch(() => connection.destroy())
    throw error
  } finally {
    connection.release()
  }
}
