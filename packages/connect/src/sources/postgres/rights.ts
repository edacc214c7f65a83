import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable, tableText } from '../../postgres/identifiers.ts'
import type { CapturedTable, PublicationNeed } from './capture.ts'
import { asPublished } from './published-shape.ts'

interface TableRights {
  readonly user: string
  readonly owner: boolean
  readonly usage: boolean
  /** Columns that the user may not read. */
  readonly hidden: readonly string[]
}

const tableRightsQuery = `
  select current_user as user, pg_has_role(c.relowner, 'USAGE') as owner,
         has_schema_privilege(c.relnamespace, 'USAGE') as usage,
         array(select a.attname::text from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                  and not has_column_privilege(c.oid, a.attnum, 'SELECT')) as hidden
    from pg_class c where c.oid = $1`

async function rightsOf(client: Client, { relation }: CapturedTable): Promise<TableRights | undefined> {
  return (await client.query<TableRights>(tableRightsQuery, [relation.oid])).rows[0]
}

/** What a snapshot may not read of the tables as they are published; one error for all. */
export async function readProblems(
  client: Client,
  tables: readonly CapturedTable[],
  publications: readonly string[],
): Promise<MillraceError[]> {
  const lacking: string[] = []
  const grants = new Set<string>()
  for (const found of tables) {
    const rights = await rightsOf(client, found)
    if (!rights) continue
    const user = quoteIdentifier(rights.user)
    const { table } = await asPublished(client, found, publications)
    const { relation } = table
    const hidden = relation.columns.filter(({ name }) => rights.hidden.includes(name))
    if (!rights.usage) grants.add(`GRANT USAGE ON SCHEMA ${quoteIdentifier(relation.schema)} TO ${user}`)
    if (hidden.length > 0) grants.add(`GRANT SELECT ON ${quoteTable(relation)} TO ${user}`)
    if (hidden.length === relation.columns.length) lacking.push(tableText(relation))
    else if (hidden.length > 0) lacking.push(`${tableText(relation)} (${hidden.map(({ name }) => name).join(', ')})`)
    else if (!rights.usage) lacking.push(`tables of the schema ${relation.schema}`)
  }
  if (grants.size === 0) return []
  const message = `the rows of ${[...new Set(lacking)].join(', ')} may not be read; run: ${[...grants].join('; ')}`
  return [connectError('POSTGRES_NO_RIGHT', message)]
}

/** Why publications cannot be made, with the statements that make all of them. */
export async function publicationRightProblems(
  client: Client,
  missing: readonly PublicationNeed[],
  create: 'tables' | 'all-tables' | 'never',
  statementOf: (need: PublicationNeed) => string,
): Promise<MillraceError[]> {
  if (missing.length === 0) return []
  const names = missing.map(({ name }) => `"${name}"`).join(', ')
  const statements = missing.map(statementOf).join('; ')
  if (create === 'never') {
    const message = `there is no publication ${names}; run: ${statements}`
    return [connectError('POSTGRES_PUBLICATION_INCOMPLETE', message, { publication: missing[0]!.name })]
  }
  const { rows } = await client.query<{ user: string; database: string; may_create: boolean }>(
    `select current_user as user, current_database() as database, has_database_privilege(current_database(), 'CREATE') as may_create`,
  )
  const { user, database, may_create: mayCreate } = rows[0]!
  const lacking = mayCreate ? [] : [`GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}`]
  if (create === 'tables') {
    const tables = new Map(missing.flatMap((need) => need.tables.map((table) => [table.relation.oid, table])))
    for (const table of tables.values()) {
      const rights = await rightsOf(client, table)
      if (rights && !rights.owner) {
        lacking.push(`ALTER TABLE ${quoteTable(table.relation)} OWNER TO ${quoteIdentifier(user)}`)
      }
    }
  }
  if (lacking.length === 0) return []
  const message = `user ${quoteIdentifier(user)} may not create the publication ${names}; run as a superuser: ${statements}; or give the user the rights: ${lacking.join('; ')}`
  return [connectError('POSTGRES_NO_PUBLICATION_RIGHT', message, { publication: missing[0]!.name })]
}
