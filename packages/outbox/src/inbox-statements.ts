import { type Dialect, placeholders, type Statement } from './dialect.ts'
import { outboxError } from './errors.ts'
import { quoteTable } from './identifier.ts'

/** Notes that a consumer handles an event; changes no row where it has done so. */
export function claimStatement(dialect: Dialect, table: string): (consumer: string, eventId: string) => Statement {
  const name = quoteTable(table, dialect)
  const text = placeholders(dialect, claimText[dialect](name))
  const undo = placeholders(dialect, `delete from ${name} where consumer = ? and event_id = ?`)
  return (consumer, eventId) => {
    if (dialect === 'mysql') checkLength(consumer, eventId)
    const values = [consumer, eventId]
    return { text, values, undo: { text: undo, values } }
  }
}

const claimText: Readonly<Record<Dialect, (table: string) => string>> = {
  postgres: (table) =>
    `insert into ${table} (consumer, event_id) values (?, ?) on conflict do nothing returning true as claimed`,
  // `on duplicate key update` would do, were its count not another one for clients that set CLIENT_FOUND_ROWS.
  mysql: (table) => `insert ignore into ${table} (consumer, event_id, handled_at) values (?, ?, utc_timestamp(6))`,
  sqlite: (table) =>
    `insert into ${table} (consumer, event_id, handled_at) values (?, ?, ${sqliteNowMs}) on conflict do nothing returning 1 as claimed`,
}

const sqliteNowMs = `cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`

const nameMaxBytes = 255

/** `insert ignore` would cut them off, and two long ids with the same beginning would pass for one event. */
function checkLength(consumer: string, eventId: string): void {
  if (Buffer.byteLength(consumer) <= nameMaxBytes && Buffer.byteLength(eventId) <= nameMaxBytes) return
  throw outboxError('OUTBOX_TOO_LONG', `consumer and event id must not exceed ${nameMaxBytes} bytes`, { consumer })
}

/** Deletes the oldest rows beyond the retention, a limited number of them. */
export function expireStatement(dialect: Dialect, table: string, retentionMs: number, maxRows: number): Statement {
  const name = quoteTable(table, dialect)
  const text = placeholders(dialect, expireText[dialect](name))
  // MySQL takes no parameter there; the number is an integer that was checked.
  return dialect === 'mysql'
    ? { text: `${text} limit ${maxRows}`, values: [String(retentionMs * 1000)] }
    : { text, values: [retentionMs, maxRows] }
}

const expireText: Readonly<Record<Dialect, (table: string) => string>> = {
  // Rows that another instance is deleting are left to it. Materialised, since a plan that asked the subquery again for
  // each row would get other rows each time.
  postgres: (table) => `with expired as materialized (
  select consumer, event_id from ${table} where handled_at < clock_timestamp() - ? * interval '1 millisecond'
  order by handled_at limit ? for update skip locked
) delete from ${table} as held using expired where held.consumer = expired.consumer and held.event_id = expired.event_id
returning true as expired`,
  mysql: (table) =>
    `delete from ${table} where handled_at < utc_timestamp(6) - interval cast(? as signed) microsecond order by handled_at`,
  sqlite: (table) =>
    `delete from ${table} where rowid in (select rowid from ${table} where handled_at < ${sqliteNowMs} - ? order by handled_at limit ?) returning 1 as expired`,
}
