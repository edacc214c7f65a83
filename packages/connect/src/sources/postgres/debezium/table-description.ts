import type { Client } from 'pg'
import type { PostgresType } from './column-codec.ts'

export interface DescribedColumn {
  readonly name: string
  readonly type: PostgresType
  readonly modifier: number
  readonly isOptional: boolean
  /** As PostgreSQL prints the expression; undefined where there is none. */
  readonly defaultText: string | undefined
}

/** What the replication stream does not say about a table. */
export interface TableDescription {
  readonly schema: string
  readonly name: string
  readonly columns: readonly DescribedColumn[]
  /** The primary key, or else the columns of a unique index. */
  readonly key: readonly string[]
}

interface ColumnRow {
  readonly name: string
  readonly type_oid: number
  readonly modifier: number
  readonly is_optional: boolean
  readonly default_text: string | null
}

interface TypeRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly element_oid: number
  readonly base_oid: number
  readonly base_modifier: number
  readonly labels: string[] | null
}

const columnsQuery = `
  select a.attname as name, a.atttypid::int8::float8 as type_oid, a.atttypmod as modifier,
         not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)) as is_optional,
         case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as default_text
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
   order by a.attnum`

/** Whole columns only: an index over a part of the rows or over expressions names no row. */
const keyQuery = `
  select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                where k.place <= i.indnkeyatts order by k.place) as columns
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
   where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
   order by i.indisprimary desc, c.relname
   limit 1`

const typesQuery = `
  with recursive wanted as (
    select t.* from pg_type t where t.oid = any($1::oid[])
    union
    select t.* from wanted w join pg_type t on t.oid in (w.typelem, w.typbasetype)
  )
  select w.oid::int8::float8 as oid, n.nspname as schema, w.typname as name,
         (case when w.typcategory = 'A' and w.typtype = 'b' then w.typelem else 0 end)::int8::float8 as element_oid,
         w.typbasetype::int8::float8 as base_oid, w.typtypmod as base_modifier,
         case when w.typtype = 'e'
              then array(select e.enumlabel::text from pg_enum e where e.enumtypid = w.oid order by e.enumsortorder) end as labels
    from wanted w join pg_namespace n on n.oid = w.typnamespace`

/** Undefined where the table is gone by now. */
export async function describeTable(
  client: Client,
  relation: { readonly oid: number; readonly schema: string; readonly name: string },
): Promise<TableDescription | undefined> {
  const { rows } = await client.query<ColumnRow>(columnsQuery, [relation.oid])
  if (rows.length === 0) return undefined
  const keys = await client.query<{ columns: string[] }>(keyQuery, [relation.oid])
  const types = await readTypes(client, [...new Set(rows.map((row) => row.type_oid))])
  return {
    schema: relation.schema,
    name: relation.name,
    columns: rows.map((row) => ({
      name: row.name,
      type: types(row.type_oid),
      modifier: row.modifier,
      isOptional: row.is_optional,
      defaultText: row.default_text ?? undefined,
    })),
    key: keys.rows[0]?.columns ?? [],
  }
}

/** Types with what they are made of. */
export async function readTypes(client: Client, oids: readonly number[]): Promise<(oid: number) => PostgresType> {
  const { rows } = await client.query<TypeRow>(typesQuery, [oids])
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const typeOf = (oid: number): PostgresType => {
    const row = byOid.get(oid)
    if (!row) return { oid, schema: '', name: `oid ${oid}` }
    return {
      oid,
      schema: row.schema,
      name: row.name,
      ...(row.element_oid !== 0 && { element: typeOf(row.element_oid) }),
      ...(row.base_oid !== 0 && { base: typeOf(row.base_oid), baseModifier: row.base_modifier }),
      ...(row.labels && { labels: row.labels }),
    }
  }
  return typeOf
}
