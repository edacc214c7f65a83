import { type Dialect, returnsRows } from '../dialect.ts'
import { type Executor, notATransaction, type SyncExecutor } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type InboxOptions, type SyncInbox, syncInboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type SyncOutbox, syncOutboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'

/** `DatabaseSync` of `node:sqlite` and the database of `better-sqlite3` fit. */
export interface SqliteDatabase {
  prepare(sql: string): { all(...values: never[]): unknown[]; run(...values: never[]): unknown }
  exec(sql: string): unknown
  /** Of `node:sqlite`. */
  readonly isTransaction?: boolean
  /** Of `better-sqlite3`. */
  readonly inTransaction?: boolean
}

/**
 * The outbox in a transaction of `node:sqlite` or `better-sqlite3`. It returns results, as those drivers do.
 *
 * @example
 * db.exec('begin immediate')
 * db.prepare('insert into orders values (?, ?)').run(row.id, row.amount)
 * outbox(db).append(order, row.id, row)
 * db.exec('commit')
 */
export function outbox(db: SqliteDatabase, options: OutboxOptions = {}): SyncOutbox {
  return syncOutboxOn(executorOf(db), options)
}

/** The inbox in a transaction of `node:sqlite` or `better-sqlite3`. */
export function inbox(db: SqliteDatabase, options: InboxOptions = {}): SyncInbox {
  return syncInboxOn(executorOf(db), options)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox(db: SqliteDatabase, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(asynchronous(executorOf(db)), options)
}

/**
 * For `consume` of `@millrace/handlers`: handlers get the database inside an open transaction. A connection has one
 * transaction at a time, so handlers wait for each other; give this a connection that nothing else writes through.
 */
export function inboxStore<D extends SqliteDatabase>(db: D, options: InboxStoreOptions = {}): InboxStore<D> {
  const executor = asynchronous(executorOf(db))
  return inboxStoreOn<D>(
    { transaction: (work) => inTransaction(db, work), executorOf: () => executor, executor },
    options,
  )
}

async function inTransaction<D extends SqliteDatabase>(db: D, work: (db: D) => Promise<void>): Promise<void> {
  // A transaction that begins with a read may find, when it wants to write, that another has written meanwhile.
  db.exec('begin immediate')
  try {
    await work(db)
    db.exec('commit')
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

const dialect: Dialect = 'sqlite'

function executorOf(db: SqliteDatabase): SyncExecutor {
  return {
    dialect,
    check() {
      if ((db.isTransaction ?? db.inTransaction) === false) {
        throw notATransaction('no transaction is open on the database: run `begin` first')
      }
    },
    run(statement) {
      const values = statement.values as never[]
      const prepared = db.prepare(statement.text)
      if (returnsRows(statement)) return prepared.all(...values).length
      prepared.run(...values)
      return 1
    },
  }
}

function asynchronous(executor: SyncExecutor): Executor {
  return { ...executor, run: async (statement) => executor.run(statement) }
}
