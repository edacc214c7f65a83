import { isMillraceError } from '@millrace/base'
import { pc } from './colours.ts'

/** Prints an error for people: what, code, cause chain, remedy. Goes to standard error. */
export function printError(error: unknown): void {
  if (isMillraceError(error)) {
    // Asking what would happen is no mistake, although nothing was done.
    const label = error.code === 'CONFIRMATION_NEEDED' ? pc.yellow(pc.bold('preview')) : pc.red(pc.bold('error'))
    console.error(`${label} ${error.message} ${pc.dim(`[${error.code}]`)}`)
    printCauses(error.cause)
    console.error(`  ${pc.bold('remedy')} ${error.remedy}`)
    return
  }
  console.error(
    `${pc.red(pc.bold('error'))} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  if (error instanceof Error) printCauses(error.cause)
}

function printCauses(cause: unknown): void {
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    const message = cause instanceof Error ? cause.message : String(cause)
    console.error(`  ${pc.bold('cause')} ${message.replaceAll('\n', '\n        ')}`)
    cause = cause instanceof Error ? cause.cause : undefined
  }
}

/** One JSON document on standard output; bigint becomes a string, as the wire formats have it. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item)))
}

/** Rows under a header, columns aligned, for people. */
export function printTable(
  header: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): void {
  const cells = rows.map((row) => row.map((cell) => (cell === undefined ? '' : String(cell))))
  const widths = header.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  console.log(pc.bold(line(header.map((name) => name.toUpperCase()))))
  for (const row of cells) console.log(line(row))
}

/** `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
