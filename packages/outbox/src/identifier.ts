import { baseError } from '@millrace/base/internal'
import { type Dialect, quoteName } from './dialect.ts'

// PostgreSQL cuts longer names off, silently; part of the length is kept for suffixes of our own.
const nameMaxBytes = 50

/** Quotes a table name, given as `table` or `schema.table`. */
export function quoteTable(name: string, dialect: Dialect = 'postgres'): string {
  return partsOf(name)
    .map((part) => quoteName(dialect, part))
    .join('.')
}

/** Quotes the name of something that belongs to the table and stands in its schema. */
export function quoteBeside(name: string, suffix: string): string {
  const parts = partsOf(name)
  return [...parts.slice(0, -1), `${parts.at(-1)}_${suffix}`].map((part) => quoteName('postgres', part)).join('.')
}

/** Quotes the name of an index or trigger, which takes its schema from its table. */
export function quoteOwned(name: string, suffix: string, dialect: Dialect = 'postgres'): string {
  return quoteName(dialect, `${partsOf(name).at(-1)}_${suffix}`)
}

function partsOf(name: string): string[] {
  const parts = name.split('.')
  // A question mark is a placeholder to many clients, also within quotes.
  const isLegal = parts.length <= 2 && parts.every((part) => part !== '' && !/[\0?]/.test(part) && !isTooLong(part))
  if (isLegal) return parts
  throw baseError(
    'CONFIG_INVALID_OPTION',
    `"${name}" is not a table name: it must be "table" or "schema.table", at most ${nameMaxBytes} bytes each, without question marks`,
    { table: name },
  )
}

function isTooLong(part: string): boolean {
  return new TextEncoder().encode(part).length > nameMaxBytes
}

/** Quotes a text for SQL that takes no parameters. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
