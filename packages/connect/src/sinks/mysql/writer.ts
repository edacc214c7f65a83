import type { ExistingTable, RowValues, SqlConnection, TableWriter, WriteMode, WrittenColumn } from '../sql/dialect.ts'
import type { MysqlConnection } from './connection.ts'
import { StatementTooLong } from './mysql-errors.ts'

/** Statements are texts with the values in them: beyond this a batch goes into several, well below `max_allowed_packet`. */
const maxStatementChars = 1024 * 1024
/** Left for what is around the values, names of columns and all. */
const statementBytes = 64 * 1024
/** A list of rows to look up; the optimizer gives up on ranges that are longer. */
const maxKeysPerStatement = 1_000

export function mysqlWriter(
  table: string,
  columns: readonly WrittenColumn[],
  mode: WriteMode,
  existing: ExistingTable,
): TableWriter {
  const names = columns.map(({ name }) => quote(name))
  const insert = `insert into ${table} (${names.join(', ')}) values ?`
  const others = columns.filter(({ isKey }) => !isKey).map(({ name }) => quote(name))
  const sets = others.map((name) => `${name} = values(${name})`)
  // A row that is all key has nothing to update.
  const upsert = `${insert} on duplicate key update ${sets.length > 0 ? sets.join(', ') : `${names[0]} = ${names[0]}`}`
  const inserts = (sql: string) => async (connection: SqlConnection, rows: readonly RowValues[]) => {
    for (const part of parts(rows, connection)) await connection.query(sql, [part.map(({ values }) => values)])
    return rows.length
  }
  const isAmbiguous = mode === 'upsert' && existing.uniqueKeys.length > 1
  const write = mode === 'insert' ? inserts(insert) : isAmbiguous || mode === 'update' ? joined() : inserts(upsert)
  return { write, remove: removal(table, columns) }

  /**
   * Updates the rows that are there by the key alone. `on duplicate key` would take any unique index for the key, and so
   * change another row than the record's.
   */
  function joined(): TableWriter['write'] {
    const first = columns.map((column, i) => `${placeholder(column)} as c${i}`).join(', ')
    const next = columns.map(() => '?').join(', ')
    const on = columns.flatMap(({ name, isKey }, i) => (isKey ? [`t.${quote(name)} = u.c${i}`] : [])).join(' and ')
    const changes = columns.flatMap(({ name, isKey }, i) => (isKey ? [] : [`t.${quote(name)} = u.c${i}`])).join(', ')
    // A row that is all key has nothing to update, and still has to be found.
    const same = columns.filter(({ isKey }) => isKey).map(({ name }) => `t.${quote(name)} = t.${quote(name)}`)
    return async (connection, rows) => {
      let found = 0
      for (const part of parts(rows, connection, maxKeysPerStatement)) {
        const derived = `(select ${first}${` union all select ${next}`.repeat(part.length - 1)}) u`
        const values = part.flatMap((row) => row.values)
        // The driver asks for the rows that were found, not for those that are different now.
        if (changes !== '' || mode === 'update') {
          const sets = changes === '' ? same[0] : changes
          found += (await connection.query(`update ${table} t join ${derived} on ${on} set ${sets}`, values)).affected
        }
        if (mode === 'update') continue
        const picked = columns.map((_, i) => `u.c${i}`).join(', ')
        await connection.query(
          `insert into ${table} (${names.join(', ')}) select ${picked} from ${derived}
            where not exists (select 1 from ${table} t where ${on})`,
          values,
        )
      }
      return found
    }
  }
}

/** Texts of a key are compared as the column compares them, whatever the connection's collation. */
function placeholder({ isKey, collation }: WrittenColumn): string {
  // A column of another character set is converted by the server; converting the value instead could make a '?' of it.
  return isKey && collation?.startsWith('utf8mb4') ? `convert(? using utf8mb4) collate ${collation}` : '?'
}

function removal(table: string, columns: readonly WrittenColumn[]): TableWriter['remove'] {
  const keys = columns.filter(({ isKey }) => isKey).map(({ name }) => quote(name))
  const [only] = keys
  const one = `(${keys.map((key) => `${key} = ?`).join(' and ')})`
  return async (connection, rows) => {
    for (const part of parts(rows, connection, maxKeysPerStatement)) {
      const values = part.flatMap((row) => row.values)
      const where = keys.length === 1 ? `${only} in (?)` : part.map(() => one).join(' or ')
      await connection.query(`delete from ${table} where ${where}`, keys.length === 1 ? [values] : values)
    }
  }
}

/** @throws StatementTooLong where a row does not fit into a statement */
function* parts(
  rows: readonly RowValues[],
  connection: SqlConnection,
  maxRows = Number.POSITIVE_INFINITY,
): Iterable<readonly RowValues[]> {
  const maxBytes = (connection as MysqlConnection).maxBytes - statementBytes
  // Sizes are of characters, of which a byte may be one and a half.
  const maxChars = Math.min(maxStatementChars, maxBytes / 1.5)
  let first = 0
  let chars = 0
  for (let i = 0; i < rows.length; i++) {
    const size = sizeOf(rows[i]!)
    if (size > maxChars && bytesOf(rows[i]!) > maxBytes) throw new StatementTooLong(bytesOf(rows[i]!), maxBytes)
    if (i > first && (chars + size > maxChars || i - first >= maxRows)) {
      yield rows.slice(first, i)
      first = i
      chars = 0
    }
    chars += size
  }
  if (first < rows.length) yield first === 0 ? rows : rows.slice(first)
}

function sizeOf({ values }: RowValues): number {
  let size = 0
  // Bytes are written in hexadecimal.
  for (const value of values) size += 4 + (value === null ? 4 : 2 * (value as string | Buffer).length)
  return size
}

/** As the driver writes them. */
function bytesOf({ values }: RowValues): number {
  let bytes = 0
  for (const value of values) {
    if (typeof value === 'string')
      bytes += Buffer.byteLength(value) + (value.match(/["'\\]|[^ -\uffff]/g)?.length ?? 0) + 4
    else bytes += value === null ? 6 : 2 * (value as Buffer).length + 5
  }
  return bytes
}

export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
