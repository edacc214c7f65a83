import { baseError, checkOptions } from '@millrace/base/internal'
import { decodeText } from '@millrace/contracts/internal'
import { type Dialect, placeholders, type Statement } from './dialect.ts'
import { outboxError } from './errors.ts'
import { quoteTable } from './identifier.ts'
import { logMessage } from './log-message.ts'
import type { MessageRow } from './message-row.ts'
import type { PayloadType } from './outbox-migration.ts'

export interface OutboxOptions {
  /** Table, or schema and table. Default `outbox`. */
  readonly table?: string
  /** The type of the column `payload`, as given to `outboxMigration`. Default `bytea`. */
  readonly payload?: PayloadType
  /**
   * Where messages are written. `log` needs no table: the message goes into PostgreSQL's write-ahead log alone
   * (`pg_logical_emit_message`), where only capture sees it. Default `table`.
   */
  readonly via?: 'table' | 'log'
  /** With `via: 'log'`: the replication slot that captures the messages. Default: any whose name begins with `millrace_`. */
  readonly slot?: string
}

/** Writes one message in the transaction that is open. */
export type MakeStatement = (row: MessageRow) => Statement

/** How messages are written with these options. */
export function statementFor(dialect: Dialect, options: OutboxOptions): MakeStatement {
  checkOptions('outbox', options, {
    table: 'string',
    payload: { oneOf: ['bytea', 'jsonb', 'json', 'text'] },
    via: { oneOf: ['table', 'log'] },
    slot: 'string',
  })
  const { table = 'outbox', payload = 'bytea', via = 'table' } = options
  if (via === 'log') {
    if (dialect === 'postgres') return (row) => logMessage(row, options.slot)
    throw baseError('CONFIG_INVALID_OPTION', `outbox: \`via: 'log'\` is for PostgreSQL alone`, { option: 'via' })
  }
  const name = quoteTable(table, dialect)
  const text = insertText(dialect, name, payload)
  const undo = placeholders(dialect, `delete from ${name} where id = ?`)
  return (row) => {
    if (dialect === 'mysql') checkLengths(row)
    return { text, values: valuesOf(dialect, row, payload), undo: { text: undo, values: [row.id] } }
  }
}

// Each value is cast from text where the column is none: drivers that ask for the types of parameters would otherwise apply
// their own idea of them, and print a JSON text as a JSON string.
const postgresValues = {
  bytea: '?',
  jsonb: '?::text::jsonb',
  json: '?::text::json',
  text: '?',
} as const

// In UTC whatever the session's time zone: now() would be the local time, which is ambiguous for one hour a year.
const nowMs = {
  mysql: `timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000`,
  sqlite: `cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`,
} as const

function insertText(dialect: Dialect, table: string, payload: PayloadType): string {
  if (dialect === 'postgres') {
    const columns = `id, aggregatetype, aggregateid, type, payload, headers, "timestamp"`
    const values = `?::text::uuid, ?, ?, ?, ${postgresValues[payload]}, ?::text::jsonb, coalesce(?::text::timestamptz, clock_timestamp())`
    return placeholders(dialect, `insert into ${table} (${columns}) values (${values})`)
  }
  const columns = 'id, aggregatetype, aggregateid, type, payload, headers, timestamp'
  const whole = dialect === 'mysql' ? 'signed' : 'integer'
  return `insert into ${table} (${columns}) values (?, ?, ?, ?, ?, ?, coalesce(cast(? as ${whole}), ${nowMs[dialect]}))`
}

function valuesOf(dialect: Dialect, row: MessageRow, payload: PayloadType): unknown[] {
  const at = dialect === 'postgres' ? row.timestamp?.toISOString() : row.timestamp?.getTime().toString()
  const value = row.value === null ? null : column(row.value, payload)
  return [row.id, row.topic, row.key, row.type, value, row.headers, at ?? null]
}

/** Bytes go to the database as they are; the textual types take text. */
function column(bytes: Uint8Array, type: PayloadType): Buffer | string {
  if (type !== 'bytea') return decodeText(bytes, 'the value')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const typeMaxLength = 255
const keyMaxBytes = 65_535

/** Without its strict mode MySQL cuts off what is too long, and says so in a warning that nobody reads. */
function checkLengths({ type, key, topic }: MessageRow): void {
  const refuse = (what: string, max: string): Error =>
    outboxError('OUTBOX_TOO_LONG', `the ${what} of a message for ${topic} is longer than ${max}`, { topic })
  if (type.length > typeMaxLength) throw refuse('type', `${typeMaxLength} characters`)
  if (Buffer.byteLength(key) > keyMaxBytes) throw refuse('key', `${keyMaxBytes} bytes`)
}
