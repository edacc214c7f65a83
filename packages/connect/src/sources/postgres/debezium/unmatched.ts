import type { Client } from 'pg'
import type { Properties } from '../../../config/config-def.ts'
import { nameMatcher, splitList } from './column-rules.ts'

/** What expressions may match. */
interface CatalogNames {
  readonly schemas: readonly string[]
  /** As `schema.table`, captured or not. */
  readonly tables: readonly string[]
  /** Of the captured tables, as `schema.table.column`, `schema.table.type` and `schema.table:column`. */
  readonly columns: readonly string[]
  readonly types: readonly string[]
  readonly places: readonly string[]
}

const namesQuery = `
  select n.nspname as schema, c.relname as name, a.attname as column, t.typname as type
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`

interface NameRow {
  readonly schema: string
  readonly name: string
  readonly column: string
  readonly type: string
}

async function readNames(client: Client, captured: readonly string[]): Promise<CatalogNames> {
  const { rows } = await client.query<NameRow>(namesQuery)
  const isCaptured = new Set(captured)
  const own = rows.filter(({ schema, name }) => isCaptured.has(`${schema}.${name}`))
  return {
    schemas: [...new Set(rows.map(({ schema }) => schema))],
    tables: [...new Set(rows.map(({ schema, name }) => `${schema}.${name}`))],
    columns: own.map(({ schema, name, column }) => `${schema}.${name}.${column}`),
    types: own.map(({ schema, name, type }) => `${schema}.${name}.${type}`),
    places: own.map(({ schema, name, column }) => `${schema}.${name}:${column}`),
  }
}

/** Lists of expressions by the end or the beginning of their property's name. */
const lists: readonly (readonly [property: RegExp, kind: keyof CatalogNames])[] = [
  [/^schema\.(include|exclude)\.list$/, 'schemas'],
  [/^table\.(include|exclude)\.list$/, 'tables'],
  [/^column\.(include\.list|exclude\.list|mask\..+|truncate\..+|propagate\.source\.type)$/, 'columns'],
  [/^datatype\.propagate\.source\.type$/, 'types'],
  [/\.reselect\.columns\.(include|exclude)\.list$/, 'places'],
]

/**
 * Sentences about expressions that match nothing, and key columns that are nowhere: a column that ought to be masked and is
 * misspelt would be published, and nobody would know. A table may still be created, so they are no errors.
 *
 * @param captured as `schema.table`
 */
export async function unmatched(
  client: Client,
  properties: Properties,
  captured: readonly string[],
): Promise<readonly string[]> {
  const given = Object.entries(properties).flatMap(([name, text]) => (text ? [[name, text] as const] : []))
  const wanted = given.flatMap(([name, text]) => {
    const kind = lists.find(([property]) => property.test(name))?.[1]
    return kind === undefined ? [] : splitList(text).map((expression) => ({ name, expression, kind }))
  })
  const keys = given.find(([name]) => name === 'message.key.columns')?.[1]
  if (wanted.length === 0 && keys === undefined) return []
  const names = await readNames(client, captured)
  const misses = wanted.filter(({ expression, kind }) => !names[kind].some(nameMatcher(expression)))
  const what = { schemas: 'schema', tables: 'table', columns: 'column', types: 'column', places: 'column' } as const
  return [
    ...misses.map(({ name, expression, kind }) => `${name}: ${expression} matches no ${what[kind]}`),
    ...missingKeys(keys ?? '', captured, names),
  ]
}

function missingKeys(text: string, captured: readonly string[], { columns }: CatalogNames): string[] {
  const known = new Set(columns)
  return text.split(';').flatMap((part) => {
    const colon = part.lastIndexOf(':')
    if (colon < 1) return []
    const tables = captured.filter(nameMatcher(part.slice(0, colon).trim()))
    if (tables.length === 0) return [`message.key.columns: ${part.slice(0, colon).trim()} matches no table`]
    const keys = part.slice(colon + 1).split(',')
    return tables.flatMap((table) =>
      keys
        .map((key) => key.trim())
        .filter((key) => !known.has(`${table}.${key}`))
        .map((key) => `message.key.columns: ${table} has no column ${key}`),
    )
  })
}
