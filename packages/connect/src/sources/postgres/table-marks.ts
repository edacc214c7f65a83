import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteTable, tableText } from '../../postgres/identifiers.ts'
import type { CapturedTable } from './capture.ts'
import type { PostgresPosition } from './position.ts'
import type { Relation } from './row.ts'
import { isKnown } from './snapshots/known-tables.ts'

/**
 * By `schema.table`, a short text that stays the same as long as the stream shows every change of the table: it comes of
 * the table's own identity, and of its place in each publication and that publication's settings. Whoever renames, replaces or
 * leaves out a table, and puts everything back, leaves another one behind.
 */
export type TableMarks = ReadonlyMap<string, string>

export async function tableMarks(
  client: Client,
  tables: readonly CapturedTable[],
  publications: readonly string[],
): Promise<TableMarks> {
  const { rows } = await client.query<{ schema: string; name: string; mark: string }>(
    `select n.nspname as schema, c.relname as name,
            concat_ws('/', c.oid, string_agg(concat_ws('.', p.oid, p.xmin, r.oid), '/' order by p.oid)) as mark
       from unnest($1::text[], $2::text[]) as wanted (schema, name)
       join pg_namespace n on n.nspname = wanted.schema
       join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
       left join (pg_publication p left join pg_publication_rel r on r.prpubid = p.oid and not p.puballtables)
         on p.pubname = any($3) and (p.puballtables or r.prrelid = c.oid)
      group by n.nspname, c.relname, c.oid`,
    [tables.map(({ relation }) => relation.schema), tables.map(({ relation }) => relation.name), publications],
  )
  return new Map(
    rows.map(({ schema, name, mark }) => [tableText({ schema, name }), digestOf(`${schema}.${name} ${mark}`)]),
  )
}

/** Compares the catalog with what it was when the position was stored. @throws POSTGRES_CHANGES_UNSEEN */
export async function checkTableMarks(
  client: Client,
  position: PostgresPosition,
  captured: readonly CapturedTable[],
): Promise<void> {
  const table = await changedTable(client, position, captured)
  if (table !== undefined) throw unseen(table, replaced)
}

/** The same comparison as a question. */
export async function isMarkedOtherwise(
  client: Client,
  position: PostgresPosition,
  captured: readonly CapturedTable[],
): Promise<boolean> {
  return (await changedTable(client, position, captured)) !== undefined
}

async function changedTable(
  client: Client,
  { tables, marks, publications }: PostgresPosition,
  captured: readonly CapturedTable[],
): Promise<string | undefined> {
  if (tables === undefined || marks === undefined) return undefined
  const known = new Set(tables)
  const old = new Set(marks)
  const now = await tableMarks(client, captured, Object.keys(publications ?? {}))
  return [...now].find(([table, mark]) => isKnown(known, table) && !old.has(mark))?.[0]
}

/** Compares the catalog with what it was when the stream began. @throws POSTGRES_CHANGES_UNSEEN */
export async function checkStreamedTables(
  client: Client,
  captured: readonly CapturedTable[],
  { marks, publications }: { readonly marks: TableMarks; readonly publications: readonly string[] },
): Promise<void> {
  const now = await tableMarks(client, captured, publications)
  for (const [table, mark] of marks) {
    // One that is gone changes no more; should it come back, it is another.
    if (now.has(table) && now.get(table) !== mark) throw unseen(table, replaced)
  }
}

/** Refuses rows of a captured table that has another name by now, and of another table that has its name. */
export class CapturedNames {
  readonly #oids = new Map<string, number>()
  readonly #names = new Map<number, string>()

  /** @param options `replaceable`: the name counts, since rows are only ever inserted */
  constructor(captured: readonly CapturedTable[], options: { readonly replaceable: boolean }) {
    for (const { relation } of captured) {
      if (!options.replaceable) this.#oids.set(tableText(relation), relation.oid)
      this.#names.set(relation.oid, tableText(relation))
    }
  }

  /** @throws POSTGRES_CHANGES_UNSEEN */
  check(relation: Relation): void {
    const text = tableText(relation)
    const name = this.#names.get(relation.oid)
    if (name !== undefined && name !== text) throw unseen(name, `was renamed to ${text}`)
    const oid = this.#oids.get(text)
    if (oid !== undefined && oid !== relation.oid) throw unseen(text, 'was replaced by another of its name')
  }
}

const replaced = 'was renamed, replaced, or left out of its publication, or the publication was altered'

/** The record key has a column that the log of updates and deletes leaves out. */
export function unlogged(relation: Relation, column: string): Error {
  const remedy = `ALTER TABLE ${quoteTable(relation)} REPLICA IDENTITY FULL`
  return unseen(tableText(relation), `does not log its key column ${column}; run: ${remedy}`)
}

/** Changes of the table went by that the stream does not show. */
function unseen(table: string, what: string): Error {
  return connectError('POSTGRES_CHANGES_UNSEEN', `table ${table} ${what}; changes of it may be missing`, { table })
}

/** Nine characters: positions are stored with every transaction. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 9)
}
