import { placeholders, type Statement } from './dialect.ts'
import type { MessageRow } from './message-row.ts'

/** Prefix of our messages in PostgreSQL's log. */
export const logMessagePrefix = 'millrace.outbox'

/**
 * The row's columns as a JSON object, which is what Debezium's transform for outbox messages in the log reads as well. A
 * value that is not text travels as base64 in a field of its own.
 */
function contentOf(row: MessageRow): string {
  const payload = row.value === null ? null : textOf(row.value)
  return JSON.stringify({
    id: row.id,
    aggregatetype: row.topic,
    aggregateid: row.key,
    type: row.type,
    payload: payload ?? null,
    ...(payload === undefined && { payload_base64: Buffer.from(row.value!).toString('base64') }),
    ...(row.headers !== null && { headers: JSON.parse(row.headers) as unknown }),
    ...(row.timestamp && { timestamp: row.timestamp.toISOString() }),
  })
}

/** Undefined where the bytes are no UTF-8, or would not come back the same. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return Buffer.from(text).equals(bytes) ? text : undefined
}

/**
 * Changes no row where nothing captures the outbox: a message that no slot reads exists nowhere. The condition is that of
 * the outbox table's trigger: a slot that is being created misses transactions which commit before it is consistent, and
 * one of captured tables, whose publication has updates, leaves messages out.
 */
export function logMessage(row: MessageRow, slot: string | undefined): Statement {
  return {
    text: slot === undefined ? anySlot : namedSlot,
    values: [logMessagePrefix, contentOf(row), slot ?? 'millrace\\_%'],
  }
}

const text = (condition: string): string =>
  placeholders(
    'postgres',
    `select pg_logical_emit_message(true, ?::text, ?::text) where exists (select from pg_catalog.pg_replication_slots s
  where slot_type = 'logical' and confirmed_flush_lsn is not null and wal_status is distinct from 'lost'
    and database = current_database() and slot_name ${condition})`,
  )
const anySlot = text(
  'like ?::text and exists (select from pg_catalog.pg_publication where pubname = s.slot_name and pubinsert and not pubupdate)',
)
const namedSlot = text('= ?::text')
