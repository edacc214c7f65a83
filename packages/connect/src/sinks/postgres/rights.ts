import type { MillraceError } from '@millrace/base'
import type { PoolClient } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable } from '../../postgres/identifiers.ts'
import type { TableUse } from '../sql/dialect.ts'

interface Found {
  readonly user: string
  readonly schema_there: boolean
  readonly may_use: boolean
  readonly may_create: boolean
  readonly is_table: boolean
  readonly lacking: readonly string[]
}

const query = `
  select current_user as user, n.oid is not null as schema_there,
         coalesce(has_schema_privilege(n.oid, 'USAGE'), false) as may_use,
         coalesce(has_schema_privilege(n.oid, 'CREATE'), false) as may_create, c.oid is not null as is_table,
         array(select p from unnest($3::text[]) as p where c.oid is not null and not has_table_privilege(c.oid, p)
               and not (p <> 'DELETE' and p <> 'TRUNCATE' and has_any_column_privilege(c.oid, p))) as lacking
    from (select coalesce($1, current_schema()) as schema) w
    left join pg_namespace n on n.nspname = w.schema
    left join pg_class c on c.relnamespace = n.oid and c.relname = $2`

/** What the user may not do that the sink is to do, with the statements that grant it; one error for all. */
export async function sinkRightProblems(client: PoolClient, uses: readonly TableUse[]): Promise<MillraceError[]> {
  const grants = new Set<string>()
  for (const { table, rights, creates } of uses) {
    const schema = table.schema ?? null
    const { rows } = await client.query<Found>(query, [schema, table.name, rights])
    const found = rows[0]!
    const user = quoteIdentifier(found.user)
    const schemaText = quoteIdentifier(schema ?? 'public')
    if (!found.schema_there) {
      grants.add(`CREATE SCHEMA ${schemaText} AUTHORIZATION ${user}`)
      continue
    }
    if (!found.may_use) grants.add(`GRANT USAGE ON SCHEMA ${schemaText} TO ${user}`)
    if (!found.is_table && creates && !found.may_create) grants.add(`GRANT CREATE ON SCHEMA ${schemaText} TO ${user}`)
    if (found.lacking.length > 0) {
      const name = quoteTable({ schema: schema ?? 'public', name: table.name })
      grants.add(`GRANT ${found.lacking.join(', ')} ON ${name} TO ${user}`)
    }
  }
  if (grants.size === 0) return []
  const statements = [...grants].join('; ')
  return [connectError('POSTGRES_NO_RIGHT', `the user lacks rights that the sink needs; run: ${statements}`)]
}
