import { CompiledQuery, type Kysely, sql, type Transaction } from 'kysely'
import { affectedRows } from '../affected-rows.ts'
import type { Dialect } from '../dialect.ts'
import { outboxError } from '../errors.ts'
import { type Executor, notATransaction } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type Inbox, type InboxOptions, inboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'

/**
 * The outbox in a transaction of Kysely, on PostgreSQL, MySQL, MariaDB or SQLite.
 *
 * @example
 * await db.transaction().execute(async (trx) => {
 *   await trx.insertInto('orders').values(row).execute()
 *   await outbox(trx).append(order, row.id, row)
 * })
 */
export function outbox<DB>(trx: Transaction<DB>, options: OutboxOptions = {}): Outbox {
  return outboxOn(executorOf(trx, true), options)
}

/** The inbox in a transaction of Kysely. */
export function inbox<DB>(trx: Transaction<DB>, options: InboxOptions = {}): Inbox {
  return inboxOn(executorOf(trx, true), options)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox<DB>(db: Kysely<DB>, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(executorOf(db, false), options)
}

/** For `consume` of `@millrace/handlers`: handlers get a transaction of Kysely. */
export function inboxStore<DB>(db: Kysely<DB>, options: InboxStoreOptions = {}): InboxStore<Transaction<DB>> {
  return inboxStoreOn(
    {
      transaction: (work) => db.transaction().execute(work),
      executorOf: (trx) => executorOf(trx, true),
      executor: executorOf(db, false),
    },
    options,
  )
}

function executorOf<DB>(db: Kysely<DB>, isTransactionDue: boolean): Executor {
  return {
    dialect: dialectOf(db),
    check() {
      if (isTransactionDue && !db.isTransaction) {
        throw notATransaction('Kysely itself was given where the `trx` of `db.transaction().execute` is needed')
      }
    },
    run: async ({ text, values }) => affectedRows(await db.executeQuery(CompiledQuery.raw(text, [...values]))),
  }
}

/** Dialects tell what they are by what they print. */
function dialectOf<DB>(db: Kysely<DB>): Dialect {
  const printed = sql`${sql.id('a')} ${1}`.compile(db).sql
  if (printed === '"a" $1') return 'postgres'
  if (printed === '`a` ?') return 'mysql'
  if (printed === '"a" ?') return 'sqlite'
  throw outboxError('OUTBOX_DIALECT_UNKNOWN', "Kysely's dialect is none of PostgreSQL, MySQL and SQLite")
}
