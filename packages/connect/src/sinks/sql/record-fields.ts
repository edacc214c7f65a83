import type { ConnectSchema } from '../../data/schema.ts'
import { digitsOf } from '../exact-json.ts'
import type { SqlSinkSettings } from './settings.ts'
import type { RecordField, RecordPlace, Wanting } from './table-plan.ts'

const offsetColumns = ['__connect_topic', '__connect_partition', '__connect_offset'] as const
const offsetSchemas: readonly ConnectSchema[] = [{ type: 'string' }, { type: 'int32' }, { type: 'int64' }]
const offsetReaders: readonly RecordField['read'][] = [
  (_value, _key, { topic }) => topic,
  (_value, _key, { partition }) => partition,
  (_value, _key, { offset }) => offset,
]

/** The columns of the key, as the settings say and as far as this record shows them. */
export function keyFields(settings: SqlSinkSettings, wanting: Wanting): RecordField[] {
  const { from, columns } = settings.key
  const { record, mutation } = wanting
  switch (from) {
    case 'none':
      return []
    case 'offset':
      return offsetColumns.map((name, i) =>
        keyField(settings, columns[i] ?? name, offsetSchemas[i], undefined, offsetReaders[i]!),
      )
    case 'headers':
      return columns.map((name) => {
        const header = record.headers.find(({ key }) => key === name)
        return keyField(settings, name, header?.schema, header?.value, (_value, _key, place) => headerOf(place, name))
      })
    case 'value': {
      const read = (name: string) => (value: unknown) => fieldOf(value, name)
      return namesOf(mutation.value, mutation.schema, columns).map((name) =>
        keyField(settings, name, memberSchema(mutation.schema, name), fieldOf(mutation.value, name), read(name)),
      )
    }
    case 'key':
      return fieldsOfKey(settings, record.key, record.keySchema)
  }
}

function fieldsOfKey(settings: SqlSinkSettings, key: unknown, schema: ConnectSchema | undefined): RecordField[] {
  const { columns, isWhole } = settings.key
  const isObject = schema ? schema.type === 'struct' : typeof key === 'object' && key !== null
  if (isWhole === true || (isWhole === 'auto' && !isObject)) {
    return [keyField(settings, columns[0] ?? 'key', schema, key, (_value, whole) => whole)]
  }
  return namesOf(key, schema, columns).map((name) =>
    keyField(settings, name, memberSchema(schema, name), fieldOf(key, name), (_value, whole) => fieldOf(whole, name)),
  )
}

function keyField(
  settings: SqlSinkSettings,
  name: string,
  schema: ConnectSchema | undefined,
  sample: unknown,
  read: RecordField['read'],
): RecordField {
  const declared = settings.columns?.[name]
  return {
    column: settings.columnName(name),
    isKey: true,
    schema: declared === undefined ? schema : undefined,
    type: typeOf(declared),
    sample,
    read: typeof declared === 'object' ? declared.value : read,
  }
}

/** The columns of the value that are not the key's: those that were declared, or the fields of this record. */
export function valueFields(settings: SqlSinkSettings, { record, mutation }: Wanting): RecordField[] | undefined {
  if (settings.columns) return declaredFields(settings)
  const { value, schema } = mutation
  const isObject = schema ? schema.type === 'struct' : isPlainObject(value)
  if (!isObject) return undefined
  return namesOf(value, schema, [])
    .filter((name) => settings.isIncluded(record.topic, name))
    .map((name) => plainField(settings, name, memberSchema(schema, name), fieldOf(value, name)))
}

function declaredFields(settings: SqlSinkSettings): RecordField[] {
  return Object.entries(settings.columns ?? {}).map(([name, declared]) => ({
    column: name,
    isKey: false,
    schema: undefined,
    type: typeOf(declared),
    sample: undefined,
    read: typeof declared === 'object' ? declared.value : (value) => fieldOf(value, name),
  }))
}

export function plainField(
  settings: SqlSinkSettings,
  name: string,
  schema: ConnectSchema | undefined,
  sample: unknown,
): RecordField {
  const column = settings.columnName(name)
  return { column, isKey: false, schema, sample, read: (value) => fieldOf(value, name) }
}

function typeOf(declared: string | { readonly type: string } | undefined): string | undefined {
  return typeof declared === 'object' ? declared.type : declared
}

function namesOf(value: unknown, schema: ConnectSchema | undefined, chosen: readonly string[]): readonly string[] {
  if (chosen.length > 0) return chosen
  if (schema) return (schema.fields ?? []).map(({ name }) => name)
  return isPlainObject(value) ? Object.keys(value) : []
}

function memberSchema(schema: ConnectSchema | undefined, name: string): ConnectSchema | undefined {
  return schema?.fields?.find((field) => field.name === name)?.schema
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Uint8Array) && digitsOf(value) === undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null)?.[name]
}

function headerOf({ record }: RecordPlace, name: string): unknown {
  // The last one counts, as in Kafka's `Headers.lastHeader`.
  return record.headers.findLast(({ key }) => key === name)?.value
}
