import { digitsOf } from '../exact-json.ts'

/** Turns a value that is neither null nor undefined into the text that PostgreSQL reads for a column. */
export type TextEncoder = (value: unknown) => string

/** The encoder for a type as `format_type` prints it. */
export function textEncoder(type: string): TextEncoder {
  const base = type.toLowerCase()
  if (base === 'json' || base === 'jsonb') return jsonText
  if (base.endsWith('[]')) return (value) => (Array.isArray(value) ? nestedArray(value) : plainText(value))
  return plainText
}

function plainText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value instanceof Date) return value.toISOString()
      if (value instanceof Uint8Array)
        return `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`
      return jsonText(value)
  }
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, bigintAsText)
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function nestedArray(values: readonly unknown[]): string {
  const elements = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return nestedArray(value)
    return `"${plainText(value).replaceAll(/["\\]/g, '\\$&')}"`
  })
  return `{${elements.join(',')}}`
}

/** The column type for a first value where nobody named one. */
export function inferredType(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return 'double precision'
    case 'bigint':
      return 'bigint'
    case 'boolean':
      return 'boolean'
    case 'string':
      return 'text'
    default:
      if (digitsOf(value) !== undefined) return 'numeric'
      if (value instanceof Date) return 'timestamptz'
      return value instanceof Uint8Array ? 'bytea' : 'jsonb'
  }
}
