import { is, type SQL, sql } from 'drizzle-orm'
import { MySqlDatabase, MySqlTransaction } from 'drizzle-orm/mysql-core'
import { PgDatabase, PgTransaction } from 'drizzle-orm/pg-core'
import { BaseSQLiteDatabase, SQLiteTransaction } from 'drizzle-orm/sqlite-core'
import { affectedRows } from '../affected-rows.ts'
import { type Dialect, returnsRows, type Statement } from '../dialect.ts'
import { outboxError } from '../errors.ts'
import { type Executor, notATransaction, type SyncExecutor } from '../executor.ts'
import {
  type ExpireInboxOptions,
  expireInboxOn,
  type Inbox,
  type InboxOptions,
  inboxOn,
  type SyncInbox,
  syncInboxOn,
} from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn, type SyncOutbox, syncOutboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'
import { splitAtPlaceholders } from '../split-at-placeholders.ts'

/** What `db.transaction` hands out on PostgreSQL, MySQL and the asynchronous drivers of SQLite, and the database itself. */
export type DrizzleDatabase = { execute(query: SQL): PromiseLike<unknown> } | { all(query: SQL): PromiseLike<unknown> }

/** The same with a driver of SQLite whose calls return results, such as `better-sqlite3`. */
export interface DrizzleSyncDatabase {
  all(query: SQL): unknown[]
  run(query: SQL): unknown
}

/** A Drizzle database with the transactions that it hands out. */
export type DrizzleRoot<Tx extends DrizzleDatabase> = DrizzleDatabase & {
  transaction(work: (tx: Tx) => Promise<void>): Promise<void>
}

/**
 * The outbox in a transaction of Drizzle, on PostgreSQL, MySQL, MariaDB or SQLite.
 *
 * @example
 * await db.transaction(async (tx) => {
 *   await tx.insert(orders).values(row)
 *   await outbox(tx).append(order, row.id, row)
 * })
 */
export function outbox(tx: DrizzleDatabase, options: OutboxOptions = {}): Outbox {
  return outboxOn(executorOf(tx, true), options)
}

/** The inbox in a transaction of Drizzle. */
export function inbox(tx: DrizzleDatabase, options: InboxOptions = {}): Inbox {
  return inboxOn(executorOf(tx, true), options)
}

/** The outbox in a synchronous transaction, such as that of `better-sqlite3`. */
export function outboxSync(tx: DrizzleSyncDatabase, options: OutboxOptions = {}): SyncOutbox {
  return syncOutboxOn(syncExecutorOf(tx), options)
}

/** The inbox in a synchronous transaction. */
export function inboxSync(tx: DrizzleSyncDatabase, options: InboxOptions = {}): SyncInbox {
  return syncInboxOn(syncExecutorOf(tx), options)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox(db: DrizzleDatabase, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(executorOf(db, false), options)
}

/** For `consume` of `@millrace/handlers`: handlers get a transaction of Drizzle. */
export function inboxStore<Tx extends DrizzleDatabase>(
  db: DrizzleRoot<Tx>,
  options: InboxStoreOptions = {},
): InboxStore<Tx> {
  return inboxStoreOn(
    {
      transaction: (work) => db.transaction(work),
      executorOf: (tx) => executorOf(tx, true),
      executor: executorOf(db, false),
    },
    options,
  )
}

function executorOf(db: DrizzleDatabase, isTransactionDue: boolean): Executor {
  const dialect = dialectOf(db)
  const run = (query: SQL): PromiseLike<unknown> => ('execute' in db ? db.execute(query) : db.all(query))
  return {
    dialect,
    check: () => (isTransactionDue ? checkTransaction(db) : undefined),
    run: async (statement) => affectedRows(await run(queryOf(statement))),
  }
}

function syncExecutorOf(db: DrizzleSyncDatabase): SyncExecutor {
  return {
    dialect: dialectOf(db),
    check: () => checkTransaction(db),
    // `better-sqlite3` refuses each of them for what is the other's.
    run: (statement) => affectedRows(returnsRows(statement) ? db.all(queryOf(statement)) : db.run(queryOf(statement))),
  }
}

function queryOf(statement: Statement): SQL {
  const parts = splitAtPlaceholders(statement.text)
  const chunks = parts.flatMap((part, i) =>
    (i === 0 ? [] : [sql.param(statement.values[i - 1])]).concat(sql.raw(part) as never),
  )
  return sql.join(chunks)
}

function dialectOf(db: object): Dialect {
  if (is(db, PgDatabase)) return 'postgres'
  if (is(db, MySqlDatabase)) return 'mysql'
  if (is(db, BaseSQLiteDatabase)) return 'sqlite'
  throw outboxError('OUTBOX_DIALECT_UNKNOWN', "Drizzle's database is none of PostgreSQL, MySQL and SQLite")
}

function checkTransaction(db: object): void {
  if (is(db, PgTransaction) || is(db, MySqlTransaction) || is(db, SQLiteTransaction)) return
  throw notATransaction('the database itself was given where the `tx` of `db.transaction` is needed')
}
