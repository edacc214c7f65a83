import type { Client } from 'pg'
import { connectError } from '../../../errors.ts'
import { parseTableName, tableText } from '../../../postgres/identifiers.ts'
import type { PublicationNeed } from '../capture.ts'
import { readTable } from '../catalog.ts'

const columns = ['id', 'type', 'data']

/**
 * The same publications, with the table of signals in the first one. It gets none of its own: a publication that is younger
 * than the slot ends decoding, since the log before it does not know it.
 *
 * @throws POSTGRES_COLUMN_MISSING
 */
export async function withSignalTable(
  client: Client,
  needs: readonly PublicationNeed[],
  signalTable: string | undefined,
  publication: string,
): Promise<PublicationNeed[]> {
  if (signalTable === undefined) return [...needs]
  const table = await readTable(client, parseTableName(signalTable))
  const { relation } = table
  const missing = columns.filter((name) => !relation.columns.some((column) => column.name === name))
  if (missing.length > 0) {
    const text = tableText(relation)
    const message = `the table of signals ${text} has no column ${missing.join(', ')}`
    throw connectError('POSTGRES_COLUMN_MISSING', message, { table: text })
  }
  if (needs.some((need) => need.tables.some((known) => known.relation.oid === relation.oid))) return [...needs]
  const [first, ...others] = needs
  if (!first) return [{ name: publication, tables: [table], operations: ['insert'] }]
  return [{ ...first, tables: [...first.tables, table] }, ...others]
}
