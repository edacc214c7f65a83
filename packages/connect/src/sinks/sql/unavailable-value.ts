const text = '__debezium_unavailable_value'
const base64 = Buffer.from(text).toString('base64')

/**
 * Whether a change event says of a column that the database's log did not hold its value, since it is large and was not
 * changed: Debezium's default placeholder, of columns of bytes in bytes, which JSON has in base64, and of arrays in an array.
 */
export function isUnavailable(value: unknown): boolean {
  if (typeof value === 'string') return value === text || value === base64
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.length === 1 && value[0] === text
  return value instanceof Uint8Array && value.length === text.length && Buffer.from(value).toString() === text
}

/** The table has no row from which to keep what the change event does not hold. */
export class RowMissing extends Error {
  constructor(missing: number) {
    super(
      `the change event does not hold all columns, and ${missing === 1 ? 'its row is' : 'their rows are'} not in the table; set REPLICA IDENTITY FULL on the source's table, or take a snapshot of it`,
    )
    this.name = 'RowMissing'
  }
}
