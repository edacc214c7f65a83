import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable, tableText } from '../../postgres/identifiers.ts'
import { codeOf, postgresError } from '../../postgres/postgres-errors.ts'
import type { CapturedTable, PublicationNeed } from './capture.ts'
import { ownRows } from './catalog.ts'
import { publicationRightProblems } from './rights.ts'

const operationColumns = {
  insert: 'pubinsert',
  update: 'pubupdate',
  delete: 'pubdelete',
  truncate: 'pubtruncate',
} as const

export interface PublicationMaking {
  readonly create?: 'tables' | 'all-tables' | 'never' | undefined
  /** Whether a table may be added to a publication that is there: one that is the source's own, and a table that is new to it. */
  readonly extends?: (table: CapturedTable) => boolean
}

/**
 * What is to be made of publications, and what stands in the way of that. An existing one is left as it is but for tables that are
 * new to the source.
 */
export async function planPublications(
  client: Client,
  needs: readonly PublicationNeed[],
  { create = 'tables', extends: mayExtend = () => false }: PublicationMaking,
): Promise<{ readonly problems: MillraceError[]; readonly missing: PublicationNeed[]; readonly statements: string[] }> {
  const problems: MillraceError[] = []
  const missing: PublicationNeed[] = []
  const statements: string[] = []
  for (const need of needs) {
    const problem = await publicationProblem(client, need)
    if (problem === 'missing') missing.push(need)
    else if (problem instanceof TablesMissing && create === 'tables' && problem.tables.every(mayExtend)) {
      statements.push(problem.statement)
    } else if (problem) problems.push(problem instanceof TablesMissing ? problem.error() : problem)
  }
  problems.push(...(await publicationRightProblems(client, missing, create, (need) => createStatement(need, create))))
  return { problems, missing, statements }
}

/** Creates publications that are missing. @throws POSTGRES_NO_PUBLICATION_RIGHT, POSTGRES_PUBLICATION_INCOMPLETE */
export async function ensurePublications(
  client: Client,
  needs: readonly PublicationNeed[],
  making: PublicationMaking,
): Promise<void> {
  const { problems, missing, statements } = await planPublications(client, needs, making)
  if (problems[0]) throw problems[0]
  for (const need of missing) await runStatement(client, need.name, createStatement(need, making.create ?? 'tables'))
  for (const statement of statements) await runStatement(client, needs[0]!.name, statement)
}

/** A publication is there and leaves out tables. */
class TablesMissing {
  readonly tables: readonly CapturedTable[]
  readonly statement: string
  readonly #need: PublicationNeed

  constructor(need: PublicationNeed, tables: readonly CapturedTable[]) {
    this.#need = need
    this.tables = tables
    this.statement = `ALTER PUBLICATION ${quoteIdentifier(need.name)} ADD TABLE ${tables.map(ownRows).join(', ')}`
  }

  error(): MillraceError {
    const list = this.tables.map(({ relation }) => quoteTable(relation)).join(', ')
    const message = `publication ${quoteIdentifier(this.#need.name)} leaves out ${list}; run: ${this.statement}`
    return connectError('POSTGRES_PUBLICATION_INCOMPLETE', message, { publication: this.#need.name })
  }
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
async function publicationProblem(
  client: Client,
  need: PublicationNeed,
): Promise<MillraceError | TablesMissing | 'missing' | undefined> {
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
  return missing.length === 0 ? undefined : new TablesMissing(need, missing)
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

function createStatement(need: PublicationNeed, create: 'tables' | 'all-tables' | 'never'): string {
  const list = need.tables.map(ownRows).join(', ')
  // Rows of partitions come under the name of the table that the user named.
  const settings = `publish = '${need.operations.join(', ')}', publish_via_partition_root = ${need.viaRoot ?? true}`
  // Without tables it still is what messages in the log need to be decoded.
  const content = create === 'all-tables' ? 'FOR ALL TABLES' : list && `FOR TABLE ${list}`
  return `CREATE PUBLICATION ${quoteIdentifier(need.name)} ${content} WITH (${settings})`
}

async function runStatement(client: Client, publication: string, statement: string): Promise<void> {
  try {
    await client.query(statement)
  } catch (error) {
    // Another instance was quicker, before this one looked or at the same moment.
    if (codeOf(error) === '42710' || codeOf(error) === '23505') return
    if (codeOf(error) === '42501') {
      const message = `the publication could not be made (${(error as Error).message}); run: ${statement}`
      throw connectError('POSTGRES_NO_PUBLICATION_RIGHT', message, { publication }, error)
    }
    throw postgresError(error, `making publication "${publication}"`, { publication })
  }
}
