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

/** The key's columns may be large, too, so that the log has them in the old row only. */
export function keyJson(shape: TableShape, row: RowView, old: RowView | undefined): string {
  const { key } = shape
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
  return Object.fromEntries(shape.key.map((column) => [column.field, fieldData(column, row, old)]))
}

function fieldData(column: ShapeColumn, row: RowView, old: RowView | undefined): unknown {
  const { index } = column
  if (row.isNull(index)) return column.nullValue
  if (!row.isUnchanged(index)) return column.value(row.text(index))
  if (!old || old.isUnchanged(index) || old.isNull(index)) return column.unavailableValue
  return column.value(old.text(index))
}

function isBadValue(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof SyntaxError
}
