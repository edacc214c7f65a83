import type { RowView } from './row.ts'
import { typeOids } from './type-oids.ts'

/** How 64-bit integers appear in JSON. Their digits are exact either way; JavaScript's JSON.parse rounds beyond 2^53. */
export type Int8Form = 'string' | 'number'

type Encoder = (row: RowView, column: number) => string

const digits: Encoder = (row, column) => row.text(column)
const quoted: Encoder = (row, column) => JSON.stringify(row.text(column))
const boolean: Encoder = (row, column) => (row.text(column).startsWith('t') ? 'true' : 'false')
const base64: Encoder = (row, column) => `"${Buffer.from(row.text(column).slice(2), 'hex').toString('base64')}"`
// Quotes and backslashes cannot occur in what PostgreSQL prints for these, so nothing needs escaping.
const float: Encoder = (row, column) => {
  const text = row.text(column)
  return /^-?[0-9.]/.test(text) ? text : `"${text}"`
}
const timestamp: Encoder = (row, column) => `"${isoTimestamp(row.text(column))}"`

/** The encoder of a column: the JSON text of a value that is not null. Types not listed become strings as PostgreSQL prints them. */
export function jsonEncoder(typeOid: number, int8: Int8Form): Encoder {
  switch (typeOid) {
    case typeOids.int2:
    case typeOids.int4:
    case typeOids.oid:
    case typeOids.json:
    case typeOids.jsonb:
      return digits
    case typeOids.int8:
      return int8 === 'number' ? digits : (row, column) => `"${row.text(column)}"`
    case typeOids.bool:
      return boolean
    case typeOids.float4:
    case typeOids.float8:
      return float
    case typeOids.timestamp:
    case typeOids.timestamptz:
      return timestamp
    case typeOids.bytea:
      return base64
    default:
      return quoted
  }
}

/** `2026-01-31 10:00:00.123456+00` as ISO 8601, to the microsecond; the session's time zone is UTC. */
export function isoTimestamp(text: string): string {
  if (text.charCodeAt(10) !== 0x20) return text
  const iso = `${text.slice(0, 10)}T${text.slice(11)}`
  return iso.endsWith('+00') ? `${iso.slice(0, -3)}Z` : iso
}

/** Milliseconds since the epoch of a timestamp as PostgreSQL prints it; undefined for `infinity` and the like. */
export function timestampMs(text: string): number | undefined {
  const iso = isoTimestamp(text)
  const ms = Date.parse(iso.endsWith('Z') ? iso : `${iso}Z`)
  return Number.isNaN(ms) ? undefined : ms
}
