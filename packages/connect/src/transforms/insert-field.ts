import { configDef } from '../config/config-def.ts'
import { timestampSchema } from '../data/logical-types.ts'
import type { ConnectRecord } from '../data/record.ts'
import type { ConnectField, ConnectSchema } from '../data/schema.ts'
import { copyBasics, fieldOf, fieldValue, perSchema, setField, structValue } from '../data/schemas.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, isNothing, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

function fieldKey(what: string) {
  const doc = `Name of the field for ${what}, followed by ! where it is to be required or ? where optional (the default).`
  return { type: 'string', default: null, importance: 'medium', doc } as const
}

const fieldNames = ['topic.field', 'partition.field', 'offset.field', 'timestamp.field', 'static.field']

const keys = {
  'topic.field': fieldKey('the topic'),
  'partition.field': fieldKey('the partition'),
  'offset.field': fieldKey('the offset, which only sinks have'),
  'timestamp.field': fieldKey("the record's timestamp"),
  'static.field': fieldKey('a value that is always the same'),
  'static.value': { type: 'string', default: null, importance: 'medium', doc: 'That value.' },
  ...replaceNullWithDefault,
} as const

const definition = configDef(keys, {
  rules: [
    {
      name: 'topic.field',
      problem: (values) => {
        return fieldNames.some((name) => values[name] !== undefined)
          ? undefined
          : 'no field is given that should be inserted'
      },
    },
    {
      name: 'static.value',
      problem: (values) => {
        const isMissing = values['static.field'] !== undefined && values['static.value'] === undefined
        return isMissing ? 'it is missing beside static.field' : undefined
      },
    },
  ],
})

const purpose = 'InsertField'

interface Insertion {
  readonly name: string
  readonly schema: ConnectSchema
  /** Undefined inserts nothing. */
  readonly value: (record: ConnectRecord, hasSchema: boolean) => unknown
}

/** Adds fields with where a record comes from, when it was made, or a fixed value. */
export const insertFieldPlugins = keyAndValue('InsertField', definition, (config) => {
  const staticValue = config['static.value']
  const insertions = [
    insertion(config['topic.field'], { type: 'string' }, ({ topic }) => topic),
    insertion(config['partition.field'], { type: 'int32' }, ({ partition }) => partition),
    insertion(config['offset.field'], { type: 'int64' }, offsetOf),
    insertion(config['timestamp.field'], timestampSchema, timestampOf),
    insertion(config['static.field'], { type: 'string' }, () => staticValue),
  ].filter((each) => each !== undefined)
  const withDefault = config['replace.null.with.default']
  const schemaOf = perSchema((schema) => withFields(schema, insertions))
  return (data, record) => {
    const { schema } = data
    if (isNothing(data)) return data
    const value = schema === undefined ? requireObject(data.value, purpose) : requireStruct(data, purpose)
    const fields = schema ? structValue(schema.fields, (field) => fieldValue(value, field, withDefault)) : { ...value }
    for (const each of insertions) {
      const inserted = each.value(record, schema !== undefined)
      if (inserted !== undefined) setField(fields, each.name, inserted)
    }
    return { schema: schema && schemaOf(schema), value: fields }
  }
})

function insertion(text: string | undefined, schema: ConnectSchema, value: Insertion['value']): Insertion | undefined {
  if (text === undefined) return undefined
  const name = text.replace(/[?!]$/, '')
  return { name, schema: text.endsWith('!') ? schema : { ...schema, optional: true }, value }
}

function withFields(schema: ConnectSchema, insertions: readonly Insertion[]): ConnectSchema {
  const added: ConnectField[] = insertions.map(({ name, schema: own }) => ({ name, schema: own }))
  const taken = added.find(({ name }) => fieldOf(schema, name))
  if (taken) throw failed(`${purpose}: there is a field ${taken.name} already`)
  return { type: 'struct', ...copyBasics(schema), fields: [...(schema.fields ?? []), ...added] }
}

function offsetOf({ offset }: ConnectRecord, hasSchema: boolean): unknown {
  if (offset === undefined) throw failed(`${purpose}: the records of a source have no offset yet`)
  return hasSchema ? BigInt(offset) : offset
}

function timestampOf({ timestampMs }: ConnectRecord, hasSchema: boolean): unknown {
  if (timestampMs === undefined) return undefined
  return hasSchema ? BigInt(timestampMs) : timestampMs
}
