import { createHash } from 'node:crypto'
import type { ReadRecord } from '../../packages/connect/test/support/topic-reader.ts'
import type { Captured } from './scenario.ts'

type Json = Record<string, unknown>

/** A record without what is different in each run of the same connector on the same statements. */
export interface ComparedRecord {
  readonly key: unknown
  readonly value: unknown
  readonly headers: Readonly<Record<string, string | null>>
}

export type ComparedTopics = Readonly<Record<string, readonly ComparedRecord[]>>

const clockFields = ['ts_ms', 'ts_us', 'ts_ns']
/** Of columns whose defaults are computed. */
const volatileColumns = new Set(['now', 'u', 'cd'])
const longText = 120

/**
 * Records of two connectors on the same database are the same but for the time at which they were made, and in a snapshot
 * for when that was.
 */
export function sameDatabase(captured: Captured): ComparedTopics {
  return mapTopics(captured, (value) => {
    const payload = payloadOf(value)
    if (!payload) return value
    if ('op' in payload) for (const field of clockFields) if (field in payload) payload[field] = 0
    const source = payload.source as Json | undefined
    if (source && source.snapshot !== 'false') hide(source, [...clockFields, 'txId', 'lsn', 'sequence'])
    // Each slot has its own.
    if (source) hide(source, ['xmin'])
    // The log has no time for a message outside of a transaction.
    if (source && payload.op === 'm' && source.txId === null) hide(source, clockFields)
    return value
  })
}

/** Records of any run: also without positions, transaction ids and times. */
export function anyDatabase(captured: Captured): ComparedTopics {
  return mapTopics(captured, (value) => {
    const payload = payloadOf(value)
    if (!payload) return value
    hide(payload, clockFields)
    if (payload.source) hide(payload.source as Json, [...clockFields, 'txId', 'lsn', 'sequence', 'xmin'])
    if (payload.transaction) hide(payload.transaction as Json, ['id'])
    if ('status' in payload) hide(payload, ['id'])
    for (const row of [payload.before, payload.after]) if (row) shorten(row as Json)
    return value
  })
}

function hide(object: Json, fields: readonly string[]): void {
  for (const field of fields) if (object[field] !== undefined && object[field] !== null) object[field] = '*'
}

/** Large values by their length and hash. */
function shorten(row: Json): void {
  for (const [name, value] of Object.entries(row)) {
    if (volatileColumns.has(name) && value !== null) row[name] = '*'
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (text.length > longText)
      row[name] = `${text.length} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
  }
}

function mapTopics(captured: Captured, change: (value: unknown) => unknown): ComparedTopics {
  return Object.fromEntries(
    [...captured].map(([topic, records]) => [topic, records.map((one) => compared(one, change))]),
  )
}

function compared(record: ReadRecord, change: (value: unknown) => unknown): ComparedRecord {
  const { '__debezium.context.runId': _, ...headers } = record.headers
  const key: unknown = record.key === null ? null : JSON.parse(record.key)
  const id = payloadOf(key)
  const value = change(record.value === null ? null : parseExact(record.value))
  // The key of an event about a transaction is its id.
  const isTransaction = id && 'id' in id && typeof id.id === 'string' && /^\d+:\d+$/.test(id.id)
  if (isTransaction && payloadOf(value)?.id === '*') id.id = '*'
  return { key, value, headers }
}

/** Integers that a double rounds stay texts. */
function parseExact(text: string): unknown {
  return JSON.parse(text, ((_: string, value: unknown, context?: { source: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? context!.source
      : value) as (key: string, value: unknown) => unknown)
}

function payloadOf(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return 'schema' in value && 'payload' in value ? ((value.payload ?? undefined) as Json | undefined) : (value as Json)
}
