import { checkOptions } from '@millrace/base/internal'
import { quoteOwned, quoteTable } from './identifier.ts'
import { checkTransaction, run, type SqlTransaction } from './transaction.ts'

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

/** Of the table's layout; a comment on the table carries it. */
export const inboxVersion = 1

/**
 * How long handled events are remembered by default. A duplicate that comes later takes effect again, so the time has to
 * exceed that for which a topic can be read again from an older offset.
 */
export const inboxRetentionMs = 7 * 24 * 60 * 60 * 1000

/** How many rows one call of `expireInbox` deletes at most, so that it holds its locks briefly. */
export const inboxExpireMaxRows = 10_000

/**
 * Duplicate detection in the handler's own transaction.
 *
 * @example
 * await client.query('begin')
 * if (await inbox(client).claim('cancel-orders', eventId)) await cancelOrders(client, customerId)
 * await client.query('commit')
 */
export function inbox(tx: SqlTransaction, options: InboxOptions = {}): Inbox {
  checkOptions('inbox', options, { table: 'string' })
  const { table = 'inbox' } = options
  const insert = `insert into ${quoteTable(table)} (consumer, event_id) values ($1, $2) on conflict do nothing`
  return {
    async claim(consumer, eventId) {
      checkTransaction(tx)
      const { rowCount } = await run(tx, table, insert, [consumer, eventId])
      return rowCount === 1
    },
  }
}

/** SQL that creates the inbox table; it can be run again. */
export function inboxMigration(options: InboxOptions = {}): string {
  checkOptions('inboxMigration', options, { table: 'string' })
  const { table = 'inbox' } = options
  const name = quoteTable(table)
  return `create table if not exists ${name} (
  consumer text not null,
  event_id text not null,
  handled_at timestamptz not null default clock_timestamp(),
  primary key (consumer, event_id)
);

create index if not exists ${quoteOwned(table, 'handled_at')} on ${name} (handled_at);

comment on table ${name} is 'millrace inbox, version ${inboxVersion}';
`
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
export async function expireInbox(db: SqlTransaction, options: ExpireInboxOptions = {}): Promise<number> {
  checkOptions('expireInbox', options, {
    table: 'string',
    retentionMs: { min: 0 },
    maxRows: { min: 1, max: 1_000_000, integer: true },
  })
  const { table = 'inbox', retentionMs = inboxRetentionMs, maxRows = inboxExpireMaxRows } = options
  const name = quoteTable(table)
  // Rows that another instance is deleting are left to it. Materialised, since a plan that asked the subquery again for
  // each row would get other rows each time.
  const text = `with expired as materialized (
  select consumer, event_id from ${name} where handled_at < clock_timestamp() - $1 * interval '1 millisecond'
  order by handled_at limit $2 for update skip locked
) delete from ${name} as held using expired where held.consumer = expired.consumer and held.event_id = expired.event_id`
  const { rowCount } = await run(db, table, text, [retentionMs, maxRows])
  return rowCount ?? 0
}
