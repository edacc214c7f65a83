import { connectError } from '../../errors.ts'
import { tableText } from '../../postgres/identifiers.ts'
import type { SourceOutput } from '../../runtime/connector.ts'
import type { CaptureMapper, ChangeSource } from './capture.ts'
import { type Int8Form, jsonEncoder } from './json-values.ts'
import { formatLsn } from './lsn.ts'
import type { RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'

/** What stands for a large value that PostgreSQL did not log because the statement did not touch it; Debezium's own. */
export const unavailableValue = '__debezium_unavailable_value'

/** One captured table as configured, its key settled. */
export interface TableRoute {
  readonly topic: string
  /** Columns of the record key; empty for none. */
  readonly key: readonly string[]
}

export interface TableMapperOptions {
  readonly connector: string
  readonly database: string
  /** By `schema.table`. */
  readonly routes: ReadonlyMap<string, TableRoute>
  readonly format: 'row' | 'debezium'
  readonly int8: Int8Form
  readonly truncate: 'fail' | 'skip'
}

interface Layout {
  readonly relation: Relation
  readonly route: TableRoute
  readonly key: readonly number[]
  readonly columns: readonly { name: string; encode: (row: RowView, column: number) => string }[]
}

/** Rows of captured tables as JSON, the key from the configured columns. A deleted row becomes a tombstone. */
export class TableMapper implements CaptureMapper {
  readonly #options: TableMapperOptions
  readonly #layouts = new Map<number, Layout>()

  constructor(options: TableMapperOptions) {
    this.#options = options
  }

  change(change: RowChange, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(change.relation)
    if (!layout) return
    const { row, old } = change
    const oldKey = old && keyOf(layout, old)
    if (!row) {
      if (old) this.#delete(layout, old, change.oldIsKey, source, output)
      return
    }
    const key = keyOf(layout, row, old)
    // A new key is another record: readers that keep rows by key would otherwise keep the old one for ever.
    if (old && oldKey !== key && oldKey !== null) this.#delete(layout, old, change.oldIsKey, source, output)
    const operation = change.operation === 'insert' || (old && oldKey !== key) ? 'c' : 'u'
    this.#write(layout, key, { before: change.oldIsKey ? undefined : old, after: row, operation }, source, output)
  }

  truncate(relation: Relation, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(relation)
    if (!layout) return
    if (this.#options.format === 'debezium') {
      this.#write(layout, null, { before: undefined, after: undefined, operation: 't' }, source, output)
    } else if (this.#options.truncate === 'fail') {
      const table = tableText(relation)
      throw connectError('POSTGRES_TRUNCATED', `table ${table} was truncated`, { table })
    }
  }

  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(relation)
    if (!layout) return
    this.#write(layout, keyOf(layout, row), { before: undefined, after: row, operation: 'r' }, source, output)
  }

  #write(
    layout: Layout,
    key: string | null,
    change: { before: RowView | undefined; after: RowView | undefined; operation: string },
    source: ChangeSource,
    output: SourceOutput,
  ): void {
    const value =
      this.#options.format === 'row' && change.after
        ? rowJson(layout, change.after, change.before)
        : this.#envelope(layout, change, source)
    output.append(
      layout.route.topic,
      source.commitTimeMs,
      key === null ? null : Buffer.from(key),
      Buffer.from(value),
      [],
    )
  }

  #delete(layout: Layout, old: RowView, oldIsKey: boolean, source: ChangeSource, output: SourceOutput): void {
    const text = keyOf(layout, old)
    const key = text === null ? null : Buffer.from(text)
    const { topic } = layout.route
    if (this.#options.format === 'debezium') {
      const before = oldIsKey ? keyOnly(layout, old) : rowJson(layout, old, undefined)
      const value = `{"before":${before},"after":null,${this.#origin(layout, 'd', source)}}`
      output.append(topic, source.commitTimeMs, key, Buffer.from(value), [])
    }
    if (key) output.append(topic, source.commitTimeMs, key, null, [])
  }

  #envelope(
    layout: Layout,
    change: { before: RowView | undefined; after: RowView | undefined; operation: string },
    source: ChangeSource,
  ): string {
    const before = change.before ? rowJson(layout, change.before, undefined) : 'null'
    const after = change.after ? rowJson(layout, change.after, change.before) : 'null'
    return `{"before":${before},"after":${after},${this.#origin(layout, change.operation, source)}}`
  }

  #origin(layout: Layout, operation: string, source: ChangeSource): string {
    const { connector, database } = this.#options
    const origin = {
      connector: 'postgresql',
      name: connector,
      ts_ms: source.commitTimeMs,
      snapshot: operation === 'r' ? 'true' : 'false',
      db: database,
      schema: layout.relation.schema,
      table: layout.relation.name,
      txId: source.xid,
      lsn: formatLsn(source.commitLsn),
    }
    return `"source":${JSON.stringify(origin)},"op":"${operation}","ts_ms":${source.commitTimeMs}`
  }

  /** Undefined for tables of the publication that were not asked for. */
  #layoutOf(relation: Relation): Layout | undefined {
    const known = this.#layouts.get(relation.oid)
    if (known?.relation === relation) return known
    const table = tableText(relation)
    const route = this.#options.routes.get(table)
    if (!route) return undefined
    const key = route.key.map((name) => relation.columns.findIndex((column) => column.name === name))
    if (key.includes(-1)) {
      const message = `table ${table} has not all of its key columns ${route.key.join(', ')} any more`
      throw connectError('POSTGRES_COLUMN_MISSING', message, { table })
    }
    const columns = relation.columns.map(({ name, typeOid }) => ({
      name: `${JSON.stringify(name)}:`,
      encode: jsonEncoder(typeOid, this.#options.int8),
    }))
    const layout = { relation, route, key, columns }
    this.#layouts.set(relation.oid, layout)
    return layout
  }
}

function rowJson(layout: Layout, row: RowView, before: RowView | undefined): string {
  const { columns } = layout
  let text = '{'
  for (let i = 0; i < columns.length; i++) {
    const { name, encode } = columns[i]!
    if (i > 0) text += ','
    text += name + valueJson(row, before, i, encode)
  }
  return `${text}}`
}

function valueJson(
  row: RowView,
  before: RowView | undefined,
  column: number,
  encode: (row: RowView, column: number) => string,
): string {
  if (row.isNull(column)) return 'null'
  if (!row.isUnchanged(column)) return encode(row, column)
  if (before === undefined || before.isUnchanged(column)) return `"${unavailableValue}"`
  return before.isNull(column) ? 'null' : encode(before, column)
}

/** The old row where PostgreSQL logged only its replica identity: the other columns are unknown, not null. */
function keyOnly(layout: Layout, old: RowView): string {
  const fields = layout.columns.flatMap(({ name, encode }, i) =>
    layout.relation.columns[i]?.isKey ? [name + (old.isNull(i) ? 'null' : encode(old, i))] : [],
  )
  return `{${fields.join(',')}}`
}

/**
 * One column: its text as PostgreSQL prints it, which for numbers is JSON too. Several: a JSON object in their order. A
 * large value that the statement did not touch is in the old row, which PostgreSQL logs then.
 */
function keyOf(layout: Layout, row: RowView, before?: RowView): string | null {
  const { key, columns } = layout
  if (key.length === 0) return null
  for (const column of key) {
    if (!row.isUnchanged(column)) continue
    // Null in an old row means here that it holds the identity's columns only: what was too large to log is not null.
    if (before && !before.isUnchanged(column) && !before.isNull(column)) continue
    const table = tableText(layout.relation)
    const message = `an update of ${table} does not say what its key column ${layout.relation.columns[column]!.name} holds`
    throw connectError('POSTGRES_REPLICA_IDENTITY', message, { table })
  }
  const [only] = key
  if (key.length === 1 && only !== undefined) {
    const from = row.isUnchanged(only) ? before! : row
    return from.isNull(only) ? null : from.text(only)
  }
  const fields = key.map((column) => columns[column]!.name + valueJson(row, before, column, columns[column]!.encode))
  return `{${fields.join(',')}}`
}
