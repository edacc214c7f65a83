import type { Client } from 'pg'
import type { CapturedTable } from './capture.ts'

interface Published {
  /** Names; all that the table has where the publication lists none. */
  readonly columns: readonly string[] | null
  readonly filter: string | null
}

export interface PublishedTable {
  readonly table: CapturedTable
  /** Condition on the rows that are published; undefined for all. */
  readonly filter: string | undefined
}

/**
 * A table as its publications show it (column lists and row filters, PostgreSQL 15): what the stream leaves out must not
 * come by way of a snapshot. Without any publication of the table it is as it is.
 */
export async function asPublished(
  client: Client,
  table: CapturedTable,
  publications: readonly string[],
): Promise<PublishedTable> {
  const { schema, name } = table.relation
  // The columns of the view differ by version.
  const { rows } = await client.query<Published>(
    `select to_jsonb(t) -> 'attnames' as columns, to_jsonb(t) ->> 'rowfilter' as filter
       from pg_publication_tables t where pubname = any($1) and schemaname = $2 and tablename = $3`,
    [publications, schema, name],
  )
  const listed = rows.flatMap(({ columns }) => columns ?? [])
  const isListed = rows.length > 0 && rows.every(({ columns }) => columns !== null)
  const columns = table.relation.columns.filter((column) => !isListed || listed.includes(column.name))
  // Several publications show a row that one of them shows.
  const filters = rows.map(({ filter }) => filter)
  const isFiltered = filters.length > 0 && filters.every((filter) => filter !== null)
  return {
    table: { ...table, relation: { ...table.relation, columns } },
    filter: isFiltered ? filters.map((filter) => `(${filter})`).join(' or ') : undefined,
  }
}

/** Both conditions, where there are two. */
export function both(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return `(${one}) and (${other})`
}
