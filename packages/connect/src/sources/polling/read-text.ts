/** Pieces of the statement that reads, in one dialect. */
export interface ReadParts {
  /** Quoted. */
  readonly table: string
  /** What is selected, as `o`. */
  readonly columns: string
  /** Over the table's columns; may be empty. */
  readonly where: string
  readonly length: (column: string) => string
  readonly maxRows: string
  readonly maxBytes: string
}

/**
 * Rows in their order, until one limit is reached. Sizes are summed before any payload is sent: a thousand rows may be a
 * kilobyte or a gigabyte, and memory has to last for both.
 */
export function readText({ table, columns, where, length, maxRows, maxBytes }: ReadParts): string {
  const sized = `select position, coalesce(${length('payload')}, 0) as size from ${table} ${where && `where ${where}`} order by position limit ${maxRows}`
  const summed = `select position, sum(size) over (order by position) - size as before_it from (${sized}) sized`
  return `select ${columns} from ${table} o join (${summed}) summed on summed.position = o.position where summed.before_it < ${maxBytes} order by o.position`
}
