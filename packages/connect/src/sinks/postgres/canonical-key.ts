import type { CanonicalKey, ExistingColumn } from '../sql/dialect.ts'

const integer = /^(smallint|integer|bigint)$/
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Texts that are equal exactly where the keys are equal to the table; undefined where only the table can tell. */
export function canonicalKey({ type, collation }: ExistingColumn): CanonicalKey | undefined {
  // `readTable` names the collations that take different texts for one.
  if (type === 'text' || type === 'character varying') return collation ? undefined : String
  if (integer.test(type)) return (key) => (/^(0|-?[1-9]\d*)$/.test(String(key)) ? String(key) : undefined)
  if (type === 'uuid') return (key) => (uuid.test(String(key)) ? String(key).toLowerCase() : undefined)
  if (type === 'date') return (key) => (/^\d{4}-\d\d-\d\d$/.test(String(key)) ? String(key) : undefined)
  if (type === 'numeric') return numeric
  return undefined
}

function numeric(key: unknown): string | undefined {
  const text = String(key)
  if (!/^(0|-?[1-9]\d*|-?(0|[1-9]\d*)\.\d+)$/.test(text)) return undefined
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return short === '-0' ? '0' : short
}
