import type { Client } from 'pg'
import { tableText } from '../../../postgres/identifiers.ts'
import type { CapturedTable, PublicationNeed } from '../capture.ts'
import { nameMatcher, splitList } from './column-rules.ts'

/** Lists of expressions; where one is for inclusion, the other of its kind is not given. */
export interface TableSelection {
  readonly includedSchemas?: string | undefined
  readonly excludedSchemas?: string | undefined
  readonly includedTables?: string | undefined
  readonly excludedTables?: string | undefined
}

/** Of a table as `schema.table`. */
export function tableFilter(selection: TableSelection): (table: string) => boolean {
  const { includedSchemas, excludedSchemas, includedTables, excludedTables } = selection
  const schemas = listFilter(includedSchemas, excludedSchemas)
  const tables = listFilter(includedTables, excludedTables)
  return (table) => schemas(table.slice(0, table.indexOf('.'))) && tables(table)
}

export function listFilter(included: string | undefined, excluded: string | undefined): (name: string) => boolean {
  if (included !== undefined && included !== '') return nameMatcher(included)
  if (excluded === undefined || excluded === '') return () => true
  const isExcluded = nameMatcher(excluded)
  return (name) => !isExcluded(name)
}

const tablesQuery = `
  select n.nspname as schema, c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and c.relpersistence = 'p'
     and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
   order by n.nspname collate "C", c.relname collate "C"`

/** The tables of the database that are captured, in the order in which they are read: of the list, then of their names. */
export async function findTables(
  client: Client,
  includes: (table: string) => boolean,
  order: string | undefined,
): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(tablesQuery)
  const found = rows.map(tableText).filter(includes)
  if (order === undefined) return found
  const expressions = splitList(order).map(nameMatcher)
  const placeOf = (table: string): number => expressions.findIndex((matches) => matches(table))
  return found.sort((a, b) => placeOf(a) - placeOf(b))
}

const letters = { insert: 'c', update: 'u', delete: 'd', truncate: 't' } as const

/** One publication for all, as Debezium has it; tables without replica identity are in it as well. */
export function wholePublication(
  tables: readonly CapturedTable[],
  name: string,
  viaRoot: boolean,
  skipped: ReadonlySet<string>,
): readonly PublicationNeed[] {
  const operations = (['insert', 'update', 'delete', 'truncate'] as const).filter((name) => !skipped.has(letters[name]))
  return [{ name, tables, operations, viaRoot }]
}
