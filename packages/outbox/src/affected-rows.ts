/** How many rows a statement changed or returned, in the shape of whichever driver ran it. */
export function affectedRows(result: unknown): number {
  if (typeof result === 'number' || typeof result === 'bigint') return Number(result)
  if (Array.isArray(result)) return ofArray(result)
  if (typeof result !== 'object' || result === null) return 0
  const { rowCount, numAffectedRows, affectedRows, rowsAffected, changes, count, rows } = result as Record<
    string,
    unknown
  >
  for (const known of [rowCount, numAffectedRows, affectedRows, rowsAffected, changes, count]) {
    if (typeof known === 'number' || typeof known === 'bigint') return Number(known)
  }
  return Array.isArray(rows) ? rows.length : 0
}

/** `mysql2` and what builds on it return the result and the fields; TypeORM the rows and their number; others the rows. */
function ofArray(result: readonly unknown[]): number {
  const [first, second] = result
  if (isHeader(first)) return affectedRows(first)
  if (Array.isArray(first) && typeof second === 'number') return second
  const { count } = result as { count?: unknown }
  return typeof count === 'number' ? count : result.length
}

function isHeader(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'affectedRows' in value
}
