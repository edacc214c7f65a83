import { jsonString } from '../../../converters/json-text.ts'
import type { ConnectField, ConnectSchema } from '../../../data/schema.ts'
import { tableText } from '../../../postgres/identifiers.ts'
import type { Relation } from '../row.ts'
import { columnCodec, type PostgresType, rootOf, type ValueModes } from './column-codec.ts'
import { type ColumnConverter, convertedCodec } from './column-converter.ts'
import { type ColumnRule, jdbcSize, type RuledColumn } from './column-rules.ts'
import { dataJson, schemaJson } from './data-json.ts'
import { defaultValue } from './default-values.ts'
import { envelopeSchema } from './event-schemas.ts'
import { adjustFieldName, adjustSchemaName, type NameAdjustment } from './names.ts'
import type { TableDescription } from './table-description.ts'
import type { ValueCodec } from './values/value-codec.ts'

/** One field of a captured row, with what stands for the values that are not there. */
export interface ShapeColumn {
  /** In the table's rows. */
  readonly index: number
  readonly field: string
  /** `"name":`, as it precedes the value. */
  readonly label: string
  readonly value: (text: string) => unknown
  readonly json: (text: string) => string
  readonly nullValue: unknown
  readonly nullJson: string
  readonly unavailableValue: unknown
  readonly unavailableJson: string
}

/** How the rows of a table appear in events, at one state of its definition. */
export interface TableShape {
  readonly relation: Relation
  readonly topic: string
  readonly columns: readonly ShapeColumn[]
  /** Empty where events have no key. */
  readonly key: readonly ShapeColumn[]
  /** Places of the columns that name a row in its table, whatever the key of events is. */
  readonly rowKey: readonly number[]
  readonly keySchema: ConnectSchema | undefined
  readonly envelope: ConnectSchema
  /** What precedes the payload where events bring their schemas along. */
  readonly keySchemaJson: string
  readonly envelopeJson: string
  /** Schema and table as they stand in the block `source`. */
  readonly namesJson: string
}

export interface ShapeOptions {
  readonly modes: ValueModes
  readonly topicOf: (relation: Relation) => string
  /** By `schema.table.column`. */
  readonly includesColumn: (name: string) => boolean
  readonly rules: readonly ColumnRule[]
  /** By `schema.table.column`. */
  readonly converterOf?: (name: string) => ColumnConverter | undefined
  /** Columns of the key where they are configured. */
  readonly keyOf: (table: string) => readonly string[] | undefined
  readonly schemaNames: NameAdjustment
  readonly fieldNames: NameAdjustment
  /** Told about a column whose type nobody knows. */
  readonly onLeftOut: (table: string, column: string, type: string) => void
  /** Told about a column of the key whose values are hidden in the event: in the key they are not, as in Debezium's. */
  readonly onShownInKey: (table: string, column: string) => void
}

interface FoundColumn extends RuledColumn {
  readonly index: number
  readonly codec: ValueCodec
  readonly isOptional: boolean
  readonly default: unknown
}

/** @param typeOf types of the relation's columns, by their ids */
export function tableShape(
  relation: Relation,
  typeOf: (oid: number) => PostgresType,
  description: TableDescription | undefined,
  options: ShapeOptions,
): TableShape {
  const table = tableText(relation)
  const found = relation.columns.flatMap((_, i) => foundColumn(relation, i, typeOf, description, options) ?? [])
  const keyNames = (options.keyOf(table) ?? description?.key ?? []).filter((name) =>
    found.some((one) => one.name === name),
  )
  const keyColumns = keyNames.map((name) => shapeColumn(found.find((one) => one.name === name)!, undefined, options))
  for (const name of keyNames) {
    const column = found.find((one) => one.name === name)!
    if (ruleOf(table, column, options)?.change(column)) options.onShownInKey(table, name)
  }
  const columns = found
    .filter((one) => options.includesColumn(`${table}.${one.name}`))
    .map((one) => shapeColumn(one, ruleOf(table, one, options), options))
  const topic = options.topicOf(relation)
  const named = (suffix: string): string => adjustSchemaName(`${topic}.${suffix}`, options.schemaNames)
  const row: ConnectSchema = { type: 'struct', optional: true, name: named('Value'), fields: fieldsOf(columns) }
  const keySchema: ConnectSchema | undefined =
    keyColumns.length === 0 ? undefined : { type: 'struct', name: named('Key'), fields: fieldsOf(keyColumns) }
  const envelope = envelopeSchema(named('Envelope'), row)
  return {
    relation,
    topic,
    columns: columns.map(({ column }) => column),
    key: keyColumns.map(({ column }) => column),
    rowKey: rowKeyOf(relation, description),
    keySchema,
    envelope,
    keySchemaJson: keySchema ? `{"schema":${schemaJson(keySchema)},"payload":` : '',
    envelopeJson: `{"schema":${schemaJson(envelope)},"payload":`,
    namesJson: `"schema":${jsonString(relation.schema)},"table":${jsonString(relation.name)}`,
  }
}

function rowKeyOf({ columns }: Relation, description: TableDescription | undefined): number[] {
  const places = (description?.key ?? []).map((name) => columns.findIndex((column) => column.name === name))
  return places.includes(-1) ? [] : places
}

function foundColumn(
  relation: Relation,
  index: number,
  typeOf: (oid: number) => PostgresType,
  description: TableDescription | undefined,
  { modes, onLeftOut, converterOf }: ShapeOptions,
): FoundColumn | undefined {
  const { name, typeOid, modifier: logged } = relation.columns[index]!
  const described = description?.columns.find((one) => one.name === name)
  const type = typeOf(typeOid)
  const modifier = logged ?? described?.modifier ?? -1
  const converter = converterOf?.(`${tableText(relation)}.${name}`)
  const codec = converter ? convertedCodec(converter, modes.placeholder.toString()) : columnCodec(type, modifier, modes)
  if (!codec) {
    onLeftOut(tableText(relation), name, type.name)
    return undefined
  }
  const root = rootOf(type, modifier)
  return {
    name,
    index,
    type,
    codec,
    ...jdbcSize(root.type, root.modifier),
    isOptional: described?.isOptional ?? true,
    default: defaultValue(type, described?.defaultText, codec),
  }
}

function ruleOf(table: string, { name, type }: FoundColumn, { rules }: ShapeOptions): ColumnRule | undefined {
  return rules.find((rule) => rule.matches(`${table}.${rule.byType === true ? type.name : name}`))
}

interface BuiltColumn {
  readonly column: ShapeColumn
  readonly schema: ConnectSchema
}

function shapeColumn(found: FoundColumn, rule: ColumnRule | undefined, options: ShapeOptions): BuiltColumn {
  const { codec, isOptional, index } = found
  const parameters = { ...codec.schema.parameters, ...rule?.parameters(found) }
  const schema: ConnectSchema = {
    ...codec.schema,
    ...(isOptional && { optional: true }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(found.default !== undefined && { default: found.default }),
  }
  const change = rule?.change(found)
  const changed = (value: unknown): unknown => (change ? change(value) : value)
  const value = (text: string): unknown => changed(codec.value(text))
  const nullValue = changed(isOptional ? null : (found.default ?? codec.zero))
  const unavailable = codec.unavailable === undefined ? nullValue : changed(codec.unavailable)
  const field = adjustFieldName(found.name, options.fieldNames)
  const column: ShapeColumn = {
    index,
    field,
    label: `${jsonString(field)}:`,
    value,
    json: change ? (text) => dataJson(schema, value(text)) : codec.json,
    nullValue,
    nullJson: dataJson(schema, nullValue),
    unavailableValue: unavailable,
    unavailableJson: dataJson(schema, unavailable),
  }
  return { column, schema }
}

function fieldsOf(columns: readonly BuiltColumn[]): ConnectField[] {
  return columns.map(({ column, schema }) => ({ name: column.field, schema }))
}
