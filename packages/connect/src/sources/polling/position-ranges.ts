import { createHash } from 'node:crypto'
import type { PositionRange, RowKey } from './polling-database.ts'

/** Rows that were published and may not be deleted yet: which, and a digest of their ids. */
export interface PublishedRows {
  readonly ranges: readonly PositionRange[]
  readonly digest: string
}

/**
 * Where rows stand, shorter than their ids. The digest tells them from others in the same places: a database that was
 * restored hands out positions again, and what it holds there then was never published.
 */
export function publishedRows(rows: readonly RowKey[]): PublishedRows {
  const ranges: [number, number][] = []
  for (const { position } of rows) {
    const last = ranges.at(-1)
    if (last && last[1] + 1 === position) last[1] = position
    else ranges.push([position, position])
  }
  return { ranges, digest: digestOf(rows) }
}

export function digestOf(rows: readonly RowKey[]): string {
  const hash = createHash('sha256')
  for (const { position, id } of rows) hash.update(`${position} ${id}\n`)
  return hash.digest('base64url')
}
