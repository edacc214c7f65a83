import type { MillraceError } from '@millrace/base'
import type { DecodedRecord } from '../record-decoder.ts'
import type { SqlConnection, SqlDialect, TableUse } from './dialect.ts'
import { bookNames } from './offset-rows.ts'
import type { SqlSinkSettings } from './settings.ts'
import { mismatch } from './table-plan.ts'

/** What stands in the way of a sink before its first record: tables that are missing and are not made, rights. */
export async function targetProblems(
  connection: SqlConnection,
  dialect: SqlDialect,
  settings: SqlSinkSettings,
  topics: readonly string[],
): Promise<MillraceError[]> {
  const problems: MillraceError[] = []
  const uses: TableUse[] = bookNames.map((name) => ({
    table: { schema: undefined, name },
    rights: ['SELECT', 'INSERT', 'UPDATE'],
    creates: true,
  }))
  for (const text of tableNames(settings, topics)) {
    const table = dialect.parseTable(text)
    const { mode, creates, deletes, truncates } = settings
    if (!creates && !(await dialect.readTable(connection, table))) {
      problems.push(mismatch(table, 'does not exist, and the sink is not to create it') as MillraceError)
    }
    const writes =
      mode === 'insert' ? ['INSERT'] : mode === 'update' ? ['SELECT', 'UPDATE'] : ['SELECT', 'INSERT', 'UPDATE']
    const rights = [...writes, ...(deletes ? ['SELECT', 'DELETE'] : []), ...(truncates ? ['TRUNCATE'] : [])]
    uses.push({ table, rights: [...new Set(rights)], creates })
  }
  problems.push(...((await dialect.rightProblems?.(connection, uses)) ?? []))
  return problems
}

/** As far as they do not depend on more of a record than its topic. */
function tableNames({ table, tableOf }: SqlSinkSettings, topics: readonly string[]): string[] {
  if (table !== undefined) return [table]
  return topics.flatMap((topic) => {
    try {
      return [tableOf({ topic } as DecodedRecord)]
    } catch {
      return []
    }
  })
}
