import { configDef } from '../config/config-def.ts'
import { fieldValue, perSchema } from '../data/schemas.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, isNothing, isObject, keyAndValue } from './plugin-makers.ts'

const keys = {
  'schema.name': { type: 'string', default: null, importance: 'high', doc: 'The new name.' },
  'schema.version': { type: 'int', default: null, importance: 'high', doc: 'The new version.' },
  ...replaceNullWithDefault,
} as const

const definition = configDef(keys, {
  rules: [
    {
      name: 'schema.name',
      problem: (values) => {
        const isNeither = values['schema.name'] === undefined && values['schema.version'] === undefined
        return isNeither ? 'neither it nor schema.version is given' : undefined
      },
    },
  ],
})

/** Gives a schema another name or version. */
export const setSchemaMetadataPlugins = keyAndValue('SetSchemaMetadata', definition, (config) => {
  const name = config['schema.name']
  const version = config['schema.version']
  const withDefault = config['replace.null.with.default']
  const schemaOf = perSchema((schema) => {
    return { ...schema, ...(name !== undefined && { name }), ...(version !== undefined && { version }) }
  })
  return (data) => {
    const { schema, value } = data
    if (schema === undefined && isNothing(data)) return data
    if (schema === undefined) throw failed('SetSchemaMetadata needs a schema')
    if (schema.type !== 'struct' || !isObject(value)) return { schema: schemaOf(schema), value }
    const fields = (schema.fields ?? []).map((field) => [field.name, fieldValue(value, field, withDefault)])
    return { schema: schemaOf(schema), value: Object.fromEntries(fields) }
  }
})
