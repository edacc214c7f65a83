import { affectedRows } from '../affected-rows.ts'
import type { Dialect } from '../dialect.ts'
import { outboxError } from '../errors.ts'
import { type Executor, notATransaction } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type Inbox, type InboxOptions, inboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'
import { splitAtPlaceholders } from '../split-at-placeholders.ts'

/** `Knex` and `Knex.Transaction`. */
export interface KnexDatabase {
  raw(sql: string, bindings: readonly unknown[]): PromiseLike<unknown>
  readonly client: { readonly dialect?: string }
  readonly isTransaction?: boolean
}

/** `Knex` with the transactions that it hands out. */
export interface KnexRoot<Tx extends KnexDatabase> extends KnexDatabase {
  transaction(work: (trx: Tx) => Promise<void>): Promise<void>
}

/**
 * The outbox in a transaction of Knex, on PostgreSQL, MySQL, MariaDB or SQLite.
 *
 * @example
 * await knex.transaction(async (trx) => {
 *   await trx('orders').insert(row)
 *   await outbox(trx).append(order, row.id, row)
 * })
 */
export function outbox(trx: KnexDatabase, options: OutboxOptions = {}): Outbox {
  return outboxOn(executorOf(trx, true), options)
}

/** The inbox in a transaction of Knex. */
export function inbox(trx: KnexDatabase, options: InboxOptions = {}): Inbox {
  return inboxOn(executorOf(trx, true), options)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox(db: KnexDatabase, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(executorOf(db, false), options)
}

/** For `consume` of `@millrace/handlers`: handlers get a transaction of Knex. */
export function inboxStore<Tx extends KnexDatabase>(db: KnexRoot<Tx>, options: InboxStoreOptions = {}): InboxStore<Tx> {
  return inboxStoreOn(
    {
      transaction: (work) => db.transaction(work),
      executorOf: (trx) => executorOf(trx, true),
      executor: executorOf(db, false),
    },
    options,
  )
}

function executorOf(db: KnexDatabase, isTransactionDue: boolean): Executor {
  return {
    dialect: dialectOf(db),
    check() {
      if (isTransactionDue && db.isTransaction !== true) {
        throw notATransaction('Knex itself was given where the `trx` of `knex.transaction` is needed')
      }
    },
    // Knex numbers the placeholders itself.
    run: async ({ text, values }) => affectedRows(await db.raw(splitAtPlaceholders(text).join('?'), values)),
  }
}

const dialects: Readonly<Record<string, Dialect>> = { postgresql: 'postgres', mysql: 'mysql', sqlite3: 'sqlite' }

function dialectOf({ client }: KnexDatabase): Dialect {
  const dialect = dialects[client.dialect ?? '']
  if (dialect) return dialect
  throw outboxError('OUTBOX_DIALECT_UNKNOWN', `Knex's dialect is ${client.dialect ?? 'not told'}`)
}
