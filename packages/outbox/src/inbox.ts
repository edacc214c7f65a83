import { checkOptions } from '@millrace/base/internal'
import type { Dialect, Statement } from './dialect.ts'
import { type Executor, execute, executeSync, executeUnchecked, type SyncExecutor } from './executor.ts'
import { claimStatement, expireStatement } from './inbox-statements.ts'
import { pgExecutor, type SqlTransaction } from './transaction.ts'

export interface InboxOptions {
  /** Table, or schema and table. Default `inbox`. */
  readonly table?: string
}

export interface Inbox {
  /**
   * Notes in the caller's transaction that `consumer` handles the event. False when it has done so already: then the
   * effect is in the database, and the handler must not run. A transaction that handles the same event at the same time
   * waits for this one to end.
   *
   * @throws OUTBOX_NOT_A_TRANSACTION, OUTBOX_TABLE_MISSING
   */
  claim(consumer: string, eventId: string): Promise<boolean>
}

/** The same over a driver whose calls return results instead of promises. */
export interface SyncInbox {
  claim(consumer: string, eventId: string): boolean
}

/**
 * How long handled events are remembered by default. A duplicate that comes later takes effect again, so the time has to
 * exceed that for which a topic can be read again from an older offset.
 */
export const inboxRetentionMs = 7 * 24 * 60 * 60 * 1000

/** How many rows one call of `expireInbox` deletes at most, so that it holds its locks briefly. */
export const inboxExpireMaxRows = 10_000

/**
 * Duplicate detection in the handler's own transaction, with `pg`. For other clients see `@millrace/outbox/kysely` and its
 * siblings.
 *
 * @example
 * await client.query('begin')
 * if (await inbox(client).claim('cancel-orders', eventId)) await cancelOrders(client, customerId)
 * await client.query('commit')
 */
export function inbox(tx: SqlTransaction, options: InboxOptions = {}): Inbox {
  return inboxOn(pgExecutor(tx), options)
}

export function inboxOn(executor: Executor, options: InboxOptions): Inbox {
  const { table, statement } = claims(executor.dialect, options)
  return {
    claim: async (consumer, eventId) => (await execute(executor, table, statement(consumer, eventId))) > 0,
  }
}

export function syncInboxOn(executor: SyncExecutor, options: InboxOptions): SyncInbox {
  const { table, statement } = claims(executor.dialect, options)
  return { claim: (consumer, eventId) => executeSync(executor, table, statement(consumer, eventId)) > 0 }
}

function claims(
  dialect: Dialect,
  options: InboxOptions,
): { table: string; statement: (consumer: string, eventId: string) => Statement } {
  checkOptions('inbox', options, { table: 'string' })
  const { table = 'inbox' } = options
  return { table, statement: claimStatement(dialect, table) }
}

export interface ExpireInboxOptions extends InboxOptions {
  /** Rows older than this go. Default `inboxRetentionMs`, seven days. */
  readonly retentionMs?: number
  /** At most so many rows in this call. Default `inboxExpireMaxRows`, 10 000. */
  readonly maxRows?: number
}

/**
 * Forgets events that were handled long ago; `consume` calls it now and then. Outside of it, call it until it returns
 * less than `maxRows`. Takes a pool as well as a client: it is a statement of its own.
 *
 * @returns how many rows went
 */
export function expireInbox(db: SqlTransaction, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(pgExecutor(db), options)
}

export async function expireInboxOn(executor: Executor, options: ExpireInboxOptions): Promise<number> {
  checkOptions('expireInbox', options, {
    table: 'string',
    retentionMs: { min: 0 },
    maxRows: { min: 1, max: 1_000_000, integer: true },
  })
  const { table = 'inbox', retentionMs = inboxRetentionMs, maxRows = inboxExpireMaxRows } = options
  return executeUnchecked(executor, table, expireStatement(executor.dialect, table, retentionMs, maxRows))
}
