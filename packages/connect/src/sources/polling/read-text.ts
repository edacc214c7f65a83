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
  /**
   * How rows are looked up once it is known which. PostgreSQL joins by reading all of a table of which it has no statistics;
   * an array of ids it takes to the primary key.
   */
  readonly lookup: 'join on position' | 'array of ids'
}

/**
 * Rows in their order, until one limit is reached. Sizes are summed before any payload is sent: a thousand rows may be a
 * kilobyte or a gigabyte, and memory has to last for both.
 */
export function readText({ table, columns, where, length, maxRows, maxBytes, lookup }: ReadParts): string {
  const condition = where && `where ${where}`
  const size = `coalesce(${length('payload')}, 0) as size`
  const sized = `select position, id, ${size} from ${table} ${condition} order by position limit ${maxRows}`
  const summed = `select position, id, sum(size) over (order by position) - size as before_it from (${sized}) sized`
  if (lookup === 'array of ids') {
    const ids = `select id from (${summed}) summed where before_it < ${maxBytes}`
    return `select ${columns} from ${table} o where o.id = any(array(${ids})) order by o.position`
  }
  return `select ${columns} from ${table} o join (${summed}) summed on summed.position = o.position where summed.before_it < ${maxBytes} order by o.position`
}
