/** SQL dialects that have an outbox and an inbox. `mysql` is MariaDB as well. */
export type Dialect = 'postgres' | 'mysql' | 'sqlite'

/** One statement with its values in the order of their placeholders. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** Takes back what the statement did, where it turns out to have been committed on its own. */
  readonly undo?: Statement
}

/** Whether a statement gives rows, which some drivers want to know beforehand. */
export function returnsRows({ text }: Statement): boolean {
  return text.startsWith('select') || /\sreturning\s/.test(text)
}

/** Quotes a name. */
export function quoteName(dialect: Dialect, name: string): string {
  return dialect === 'mysql' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`
}

/** Replaces `?` by what the dialect calls a placeholder; none of our statements holds the sign otherwise. */
export function placeholders(dialect: Dialect, text: string): string {
  if (dialect !== 'postgres') return text
  let count = 0
  return text.replaceAll('?', () => `$${++count}`)
}
