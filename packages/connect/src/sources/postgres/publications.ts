import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable, tableText } from '../../postgres/identifiers.ts'
import { codeOf, postgresError } from '../../postgres/postgres-errors.ts'
import type { PublicationNeed } from './capture.ts'
import { ownRows } from './catalog.ts'

const operationColumns = {
  insert: 'pubinsert',
  update: 'pubupdate',
  delete: 'pubdelete',
  truncate: 'pubtruncate',
} as const

/** Creates the publication when it is missing; an existing one is checked and left as it is. */
export async function ensurePublication(
  client: Client,
  need: PublicationNeed,
  create: 'tables' | 'all-tables' | 'never' = 'tables',
): Promise<void> {
  const problem = await publicationProblem(client, need)
  if (problem === 'missing') await createPublication(client, need, create)
  else if (problem) throw problem
}

/** A partitioned table is in it though only its partitions are listed, which stand for it. */
const publishedQuery = `
  select schemaname || '.' || tablename as name from pg_publication_tables where pubname = $1
  union
  select n.nspname || '.' || c.relname
    from pg_publication p join pg_publication_rel r on r.prpubid = p.oid
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
   where p.pubname = $1`

/** `missing` when there is no such publication yet. */
export async function publicationProblem(
  client: Client,
  need: PublicationNeed,
): Promise<MillraceError | 'missing' | undefined> {
  const name = quoteIdentifier(need.name)
  type Found = Record<(typeof operationColumns)[keyof typeof operationColumns] | 'puballtables', boolean>
  const found = await client.query<Found>(
    'select pubinsert, pubupdate, pubdelete, pubtruncate, puballtables from pg_publication where pubname = $1',
    [need.name],
  )
  const publication = found.rows[0]
  if (!publication) return 'missing'
  const lacking = need.operations.filter((operation) => !publication[operationColumns[operation]])
  if (lacking.length > 0) {
    const statement = `ALTER PUBLICATION ${name} SET (publish = '${need.operations.join(', ')}')`
    const message = `publication ${name} leaves out ${lacking.join(', ')}; run: ${statement}`
    return connectError('POSTGRES_PUBLICATION_INCOMPLETE', message, { publication: need.name })
  }
  if (publication.puballtables) return undefined
  const tables = await client.query<{ name: string }>(publishedQuery, [need.name])
  const published = new Set(tables.rows.map((row) => row.name))
  const missing = need.tables.filter(({ relation }) => !published.has(tableText(relation)))
  if (missing.length === 0) return undefined
  const list = missing.map(({ relation }) => quoteTable(relation)).join(', ')
  const message = `publication ${name} leaves out ${list}; run: ALTER PUBLICATION ${name} ADD TABLE ${list}`
  return connectError('POSTGRES_PUBLICATION_INCOMPLETE', message, { publication: need.name })
}

/** Identities of publications by their names; those that are missing are left out. */
export async function publicationIds(client: Client, names: readonly string[]): Promise<Record<string, number>> {
  const { rows } = await client.query<{ name: string; id: number }>(
    'select pubname as name, oid::int8::float8 as id from pg_publication where pubname = any($1)',
    [names],
  )
  return Object.fromEntries(rows.map(({ name, id }) => [name, id]))
}

/**
 * Whether the publications are still those that the stored position was read through. One that was dropped is a gap even
 * when there is another of its name by now: from version 18 on PostgreSQL passes over what was changed in between.
 *
 * @throws POSTGRES_PUBLICATION_LOST
 */
export async function checkPublications(client: Client, known: Readonly<Record<string, number>>): Promise<void> {
  const found = await publicationIds(client, Object.keys(known))
  for (const [name, id] of Object.entries(known)) {
    if (found[name] === id) continue
    const message = `publication "${name}" was dropped${found[name] === undefined ? '' : ' and created anew'}`
    throw connectError('POSTGRES_PUBLICATION_LOST', message, { publication: name })
  }
}

async function createPublication(
  client: Client,
  need: PublicationNeed,
  create: 'tables' | 'all-tables' | 'never',
): Promise<void> {
  const list = need.tables.map(ownRows).join(', ')
  // Rows of partitions come under the name of the table that the user named.
  const settings = `publish = '${need.operations.join(', ')}', publish_via_partition_root = ${need.viaRoot ?? true}`
  // Without tables it still is what messages in the log need to be decoded.
  const content = create === 'all-tables' ? 'FOR ALL TABLES' : list && `FOR TABLE ${list}`
  const statement = `CREATE PUBLICATION ${quoteIdentifier(need.name)} ${content} WITH (${settings})`
  if (create === 'never') {
    const message = `there is no publication "${need.name}"; run: ${statement}`
    throw connectError('POSTGRES_PUBLICATION_INCOMPLETE', message, { publication: need.name })
  }
  try {
    await client.query(statement)
  } catch (error) {
    // Another instance was quicker, before this one looked or at the same moment.
    if (codeOf(error) === '42710' || codeOf(error) === '23505') return
    if (codeOf(error) === '42501') {
      const message = `the publication could not be created (${(error as Error).message}); run: ${statement}`
      throw connectError('POSTGRES_NO_PUBLICATION_RIGHT', message, { publication: need.name }, error)
    }
    throw postgresError(error, `creating publication "${need.name}"`, { publication: need.name })
  }
}
