import { connectError } from '../../errors.ts'
import { tableText } from '../../postgres/identifiers.ts'
import type { SourceOutput } from '../../runtime/connector.ts'
import type { CaptureMapper, ChangeSource } from './capture.ts'
import { type Int8Form, jsonEncoder } from './json-values.ts'
import type { RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'
import { unlogged } from './table-marks.ts'
import { TextScratch } from './text-scratch.ts'

/** What stands for a large value that PostgreSQL did not log because the statement did not touch it; Debezium's own. */
export const unavailableValue = '__debezium_unavailable_value'

/** One captured table as configured, its key settled. */
export interface TableRoute {
  readonly topic: string
  /** Columns of the record key; empty for none. */
  readonly key: readonly string[]
}

export interface TableMapperOptions {
  /** By `schema.table`. */
  readonly routes: ReadonlyMap<string, TableRoute>
  readonly int8: Int8Form
  readonly truncate: 'fail' | 'skip'
}

interface Layout {
  readonly relation: Relation
  readonly route: TableRoute
  readonly key: readonly number[]
  /** A key column that the log of updates and deletes leaves out. */
  readonly unlogged: string | undefined
  readonly columns: readonly { name: string; encode: (row: RowView, column: number) => string }[]
}

/** Rows of captured tables as JSON, the key from the configured columns. A deleted row becomes a tombstone. */
export class TableMapper implements CaptureMapper {
  readonly #options: TableMapperOptions
  readonly #layouts = new Map<number, Layout>()
  readonly #key = new TextScratch()
  readonly #value = new TextScratch()

  constructor(options: TableMapperOptions) {
    this.#options = options
  }

  change({ operation, relation, row, old, oldIsKey }: RowChange, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(relation)
    if (!layout) return
    if (operation !== 'insert' && layout.unlogged !== undefined) throw unlogged(relation, layout.unlogged)
    // A new key is another record: readers that keep rows by key would otherwise keep the old one for ever.
    const key = row ? keyOf(layout, row, old) : undefined
    if (old && keyOf(layout, old) !== key) this.#delete(layout, old, source, output)
    if (row) this.#write(layout, key ?? null, rowJson(layout, row, oldIsKey ? undefined : old), source, output)
  }

  truncate(relation: Relation): void {
    if (!this.#layoutOf(relation) || this.#options.truncate !== 'fail') return
    const table = tableText(relation)
    throw connectError('POSTGRES_TRUNCATED', `table ${table} was truncated`, { table })
  }

  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(relation)
    if (layout) this.#write(layout, keyOf(layout, row), rowJson(layout, row, undefined), source, output)
  }

  #write(layout: Layout, key: string | null, value: string, source: ChangeSource, output: SourceOutput): void {
    const { topic } = layout.route
    const keyBytes = key === null ? null : this.#key.encode(key)
    output.append(topic, source.commitTimeMs, keyBytes, this.#value.encode(value), [])
  }

  #delete(layout: Layout, old: RowView, source: ChangeSource, output: SourceOutput): void {
    const key = keyOf(layout, old)
    if (key !== null) output.append(layout.route.topic, source.commitTimeMs, this.#key.encode(key), null, [])
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
    const logged = new Set(relation.columns.filter((column) => column.isKey).map(({ name }) => name))
    const layout = { relation, route, key, columns, unlogged: route.key.find((name) => !logged.has(name)) }
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
