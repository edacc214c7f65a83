import type { ConnectSchema, SchemaType } from '../../data/schema.ts'
import { digitsOf } from '../exact-json.ts'
import { plainJson } from '../sql/plain-json.ts'

const types: Readonly<Record<SchemaType, string>> = {
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  float32: 'real',
  float64: 'real',
  boolean: 'integer',
  string: 'text',
  bytes: 'blob',
  array: 'text',
  map: 'text',
  struct: 'text',
}

/** SQLite has four types; decimals, dates, times and nested values are texts, which keep every digit. */
export function columnType(schema: ConnectSchema): string {
  const isText = /Decimal$|\.Bits$|\.time\.|\.data\.(Date|Time|Timestamp)$/.test(schema.name ?? '')
  return isText ? 'text' : types[schema.type]
}

/** The column type for a first value where nobody named one: `numeric` keeps integers as they are and takes fractions. */
export function inferredType(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 'numeric'
    case 'boolean':
      return 'integer'
    default:
      if (digitsOf(value) !== undefined) return 'numeric'
      return value instanceof Uint8Array ? 'blob' : 'text'
  }
}

/** A value as the driver takes it. */
export function encode(value: unknown): string | number | bigint | Uint8Array {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value
    case 'number':
      // SQLite makes NULL of it, which is another value.
      if (Number.isNaN(value)) throw new TypeError('SQLite has no NaN')
      return Number.isSafeInteger(value) ? BigInt(value) : value
    case 'boolean':
      return value ? 1n : 0n
    default: {
      if (value instanceof Uint8Array) return value
      const digits = digitsOf(value)
      // An integer beyond 64 bits is refused by the driver; as a text the column would make a double of it.
      if (digits !== undefined) return /^-?\d+$/.test(digits) ? BigInt(digits) : digits
      return value instanceof Date ? value.toISOString() : plainJson(value)
    }
  }
}
