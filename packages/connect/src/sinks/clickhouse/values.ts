import type { Encoder } from '../sql/dialect.ts'
import { plainJson } from '../sql/plain-json.ts'

const json = JSON.stringify

/** The encoder for a column: JSON as the format `JSONEachRow` has it, 64-bit integers and decimals in quotes. */
export function encoder(type: string): Encoder {
  const base = type.replace(/^(?:LowCardinality\()?(?:Nullable\()?/, '')
  if (/^(String|FixedString|Enum|UUID|IPv)/.test(base)) return textJson
  if (/^(U?Int|Float|Decimal|Bool)/.test(base)) return scalarJson
  if (/^Date/.test(base)) return dateJson
  // Arrays, maps, tuples, nested and JSON columns.
  return (value) =>
    typeof value === 'string' ? value : plainJson(value instanceof Map ? Object.fromEntries(value) : value)
}

function textJson(value: unknown): string {
  if (typeof value === 'string') return json(value)
  if (value instanceof Date) return json(value.toISOString())
  if (value instanceof Uint8Array) return json(Buffer.from(value).toString('base64'))
  return typeof value === 'object' ? json(plainJson(value)) : json(String(value))
}

function scalarJson(value: unknown): string {
  switch (typeof value) {
    case 'number':
      // JSON has no word for these, ClickHouse has.
      return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf'
    case 'boolean':
      return String(value)
    case 'bigint':
      return `"${value}"`
    case 'string':
      return json(value)
    default:
      throw new TypeError('the value is neither a number nor a text')
  }
}

function dateJson(value: unknown): string {
  if (value instanceof Date) return json(value.toISOString())
  return typeof value === 'string' ? json(value) : scalarJson(value)
}
