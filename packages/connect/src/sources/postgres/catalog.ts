import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteTable, type TableName, tableText } from '../../postgres/identifiers.ts'
import type { CapturedTable } from './capture.ts'

interface ColumnRow {
  readonly oid: number
  readonly kind: string
  readonly identity: string
  readonly column: string
  readonly type_oid: number
  readonly in_primary_key: boolean
  readonly key_position: number | null
  readonly in_identity: boolean
  readonly generated: boolean
  readonly version: number
}

const columnsQuery = `
  select c.oid::int8::float8 as oid, c.relkind as kind, c.relreplident as identity, a.attname as column,
         a.atttypid::int8::float8 as type_oid, coalesce(a.attnum = any(p.indkey::int2[]), false) as in_primary_key,
         array_position(p.indkey::int2[], a.attnum) as key_position,
         a.attgenerated <> '' as generated, current_setting('server_version_num')::int as version,
         c.relreplident = 'f' or exists (
           select from pg_index i
            where i.indrelid = c.oid and a.attnum = any(i.indkey::int2[])
              and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
         ) as in_identity
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index p on p.indrelid = c.oid and p.indisprimary
   where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')
   order by a.attnum`

/** From this version on PostgreSQL refuses updates where it would not send all columns of a full replica identity. */
const wholeIdentityVersion = 180_000

/** A column of the replica identity that the log leaves out, because the database computes it. */
function unsentIdentity(rows: readonly ColumnRow[]): string | undefined {
  const { identity, version } = rows[0]!
  if (identity === 'f' && version < wholeIdentityVersion) return undefined
  return rows.find((row) => row.generated && row.in_identity)?.column
}

/** What the catalog says about a table. @throws POSTGRES_TABLE_MISSING */
export async function readTable(client: Client, table: TableName): Promise<CapturedTable> {
  const { rows } = await client.query<ColumnRow>(columnsQuery, [table.schema, table.name])
  const first = rows[0]
  if (!first) {
    throw connectError('POSTGRES_TABLE_MISSING', `there is no table ${tableText(table)}`, { table: tableText(table) })
  }
  const primaryKey = rows
    .filter((row) => row.in_primary_key)
    .sort((a, b) => (a.key_position ?? 0) - (b.key_position ?? 0))
    .map((row) => row.column)
  const unsent = unsentIdentity(rows)
  const sent = rows.filter((row) => !row.generated)
  return {
    relation: {
      oid: first.oid,
      ...table,
      replicaIdentity: first.identity,
      columns: sent.map((row) => ({ name: row.column, typeOid: row.type_oid, isKey: row.in_identity })),
    },
    primaryKey,
    isPartitioned: first.kind === 'p',
    hasReplicaIdentity: unsent === undefined && rows.some((row) => row.in_identity),
    ...(unsent !== undefined && { unsentIdentity: unsent }),
  }
}

/** The table in a statement, without tables that inherit from it: the stream shows their rows as theirs. */
export function ownRows({ relation, isPartitioned }: Pick<CapturedTable, 'relation' | 'isPartitioned'>): string {
  return isPartitioned ? quoteTable(relation) : `only ${quoteTable(relation)}`
}
