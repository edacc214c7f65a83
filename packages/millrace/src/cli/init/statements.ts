import type { Dialect } from '@millrace/outbox'
import { inboxStatements, outboxStatements, outboxUpgrade } from '@millrace/outbox/internal'
import type { Migration } from './project.ts'

/** What creates the outbox and the inbox, a statement each. */
export function createStatements(dialect: Dialect): string[] {
  return [...outboxStatements({ dialect }), ...inboxStatements({ dialect })]
}

/** What brings a project up to date whose migrations make the outbox in layout `from`. */
export function migrationFrom(from: number | undefined, dialect: Dialect): Migration {
  if (from === undefined) return { from, up: createStatements(dialect), down: dropStatements(dialect) }
  const up = outboxUpgrade(from, dialect)
  return { from, up, down: up.length > 0 ? ['drop index if exists outbox_position;'] : [] }
}

/** What takes them away again. */
function dropStatements(dialect: Dialect): string[] {
  const tables = ['drop table if exists inbox;', 'drop table if exists outbox;']
  return dialect === 'postgres' ? [...tables, 'drop function if exists outbox_delete_captured();'] : tables
}

/** A text as the inside of a template literal. */
export function templateText(text: string): string {
  return text.replace(/\\|`|\$\{/g, (sign) => `\\${sign}`)
}

/** `20260102030405` in UTC, as most tools begin the names of migrations. */
export function stamp(now: Date): string {
  return now.toISOString().replace(/\D/g, '').slice(0, 14)
}
