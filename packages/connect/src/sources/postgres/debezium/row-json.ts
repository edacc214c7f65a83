import { connectError } from '../../../errors.ts'
import { tableText } from '../../../postgres/identifiers.ts'
import type { RowView } from '../row.ts'
import type { ShapeColumn, TableShape } from './table-shape.ts'

/** Told about a value that its schema cannot express; returns when null may stand for it, throws when not. */
export type BadValueHandler = (shape: TableShape, column: ShapeColumn, error: Error) => void

/** A row as JSON; values that were not logged again come from `old`. */
export function rowJson(
  shape: TableShape,
  row: RowView,
  old: RowView | undefined,
  onBadValue: BadValueHandler,
): string {
  const { columns } = shape
  let text = '{'
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!
    if (i > 0) text += ','
    text += column.label
    try {
      text += fieldJson(column, row, old)
    } catch (error) {
      if (!isBadValue(error)) throw error
      onBadValue(shape, column, error)
      text += column.nullJson
    }
  }
  return `${text}}`
}

/** @throws POSTGRES_REPLICA_IDENTITY where a large value of the key is neither in the row nor in the old one */
export function keyJson(shape: TableShape, row: RowView, old: RowView | undefined): string {
  const { key } = shape
  for (const column of key) checkLogged(shape, column, row, old)
  if (key.length === 1) return `{${key[0]!.label}${fieldJson(key[0]!, row, old)}}`
  return `{${key.map((column) => column.label + fieldJson(column, row, old)).join(',')}}`
}

/** Whether the captured columns of both are the same. */
export function sameRow({ columns }: TableShape, row: RowView, old: RowView): boolean {
  return columns.every(({ index }) => {
    if (row.isUnchanged(index)) return true
    return row.isNull(index) ? old.isNull(index) : !old.isNull(index) && row.text(index) === old.text(index)
  })
}

function fieldJson(column: ShapeColumn, row: RowView, old: RowView | undefined): string {
  const { index } = column
  if (row.isNull(index)) return column.nullJson
  if (!row.isUnchanged(index)) return column.json(row.text(index))
  if (!old || old.isUnchanged(index) || old.isNull(index)) return column.unavailableJson
  return column.json(old.text(index))
}

/** The same as data, by field. */
export function rowData(
  shape: TableShape,
  row: RowView,
  old: RowView | undefined,
  onBadValue: BadValueHandler,
): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const column of shape.columns) {
    try {
      data[column.field] = fieldData(column, row, old)
    } catch (error) {
      if (!isBadValue(error)) throw error
      onBadValue(shape, column, error)
      data[column.field] = column.nullValue
    }
  }
  return data
}

export function keyData(shape: TableShape, row: RowView, old: RowView | undefined): Record<string, unknown> {
  for (const column of shape.key) checkLogged(shape, column, row, old)
  return Object.fromEntries(shape.key.map((column) => [column.field, fieldData(column, row, old)]))
}

function fieldData(column: ShapeColumn, row: RowView, old: RowView | undefined): unknown {
  const { index } = column
  if (row.isNull(index)) return column.nullValue
  if (!row.isUnchanged(index)) return column.value(row.text(index))
  if (!old || old.isUnchanged(index) || old.isNull(index)) return column.unavailableValue
  return column.value(old.text(index))
}

/** A placeholder in a key would make one record of many rows. */
function checkLogged({ relation }: TableShape, { index }: ShapeColumn, row: RowView, old: RowView | undefined): void {
  if (!row.isUnchanged(index) || (old && !old.isUnchanged(index) && !old.isNull(index))) return
  const table = tableText(relation)
  const message = `an update of ${table} does not say what its key column ${relation.columns[index]!.name} holds`
  throw connectError('POSTGRES_REPLICA_IDENTITY', message, { table })
}

function isBadValue(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof SyntaxError
}
