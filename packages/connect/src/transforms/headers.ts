import { configDef } from '../config/config-def.ts'
import { nonEmpty } from '../config/config-key.ts'
import { copyBasics, fieldOf, fieldValue, ownValue, perSchema } from '../data/schemas.ts'
import { parseValueText } from '../data/value-parser.ts'
import { replaceNullWithDefault, sameLength } from './common-keys.ts'
import { failed, keyAndValue, ofRecords, requireObject, requireStruct } from './plugin-makers.ts'

const dropDefinition = configDef({
  headers: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Names of the headers to remove.' },
})

/** Removes headers. */
export const dropHeaders = ofRecords('DropHeaders', dropDefinition, ({ headers }) => {
  const dropped = new Set(headers)
  return (record) => ({ ...record, headers: record.headers.filter(({ key }) => !dropped.has(key)) })
})

const insertDefinition = configDef({
  header: { type: 'string', importance: 'high', doc: 'The name of the header.' },
  'value.literal': { type: 'string', importance: 'high', doc: 'Its value; the type is guessed from the text.' },
})

/** Adds a header with the same value to each record. */
export const insertHeader = ofRecords('InsertHeader', insertDefinition, (config) => {
  const header = { key: config.header, ...parseValueText(config['value.literal']) }
  return (record) => ({ ...record, headers: [...record.headers, header] })
})

const fromKeys = {
  fields: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Names of the fields.' },
  headers: {
    type: 'list',
    valid: nonEmpty,
    importance: 'high',
    doc: 'Names of the headers, in the order of the fields.',
  },
  operation: {
    type: 'string',
    oneOf: ['move', 'copy'],
    importance: 'high',
    doc: 'Whether the fields leave the key or value (move) or stay in it (copy).',
  },
  ...replaceNullWithDefault,
} as const

const fromDefinition = configDef(fromKeys, { rules: [sameLength('headers', 'fields')] })

/** Moves or copies fields to headers. */
export const headerFromPlugins = keyAndValue('HeaderFrom', fromDefinition, (config) => {
  const { fields, headers, operation } = config
  const withDefault = config['replace.null.with.default']
  const purpose = `HeaderFrom (${operation})`
  const kept = perSchema((schema) => {
    if (operation === 'copy') return schema
    const rest = (schema.fields ?? []).filter(({ name }) => !fields.includes(name))
    return { type: 'struct' as const, ...copyBasics(schema), fields: rest }
  })
  return (data, record) => {
    const { schema } = data
    const value = schema === undefined ? requireObject(data.value, purpose) : requireStruct(data, purpose)
    const added = fields.map((name, index) => {
      const key = headers[index]!
      if (schema === undefined) return { key, schema, value: ownValue(value, name) }
      const field = fieldOf(schema, name)
      if (!field) throw failed(`${purpose}: there is no field ${name}`)
      return { key, schema: field.schema, value: fieldValue(value, field, withDefault) }
    })
    const result = { headers: [...record.headers, ...added] }
    if (operation === 'copy') return { ...data, ...result }
    if (schema !== undefined) {
      const rest = kept(schema)
      const own = (rest.fields ?? []).map((field) => [field.name, fieldValue(value, field, withDefault)])
      return { schema: rest, value: Object.fromEntries(own), ...result }
    }
    const rest = Object.entries(value).filter(([name]) => !fields.includes(name))
    return { schema, value: Object.fromEntries(rest), ...result }
  }
})
