import { configDef } from '../config/config-def.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { FieldPath, fieldSyntaxVersion, validPath } from './field-path.ts'
import { failed, isNothing, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

const keys = {
  field: { type: 'string', importance: 'medium', doc: 'The field to extract.' },
  ...replaceNullWithDefault,
  ...fieldSyntaxVersion,
} as const

const definition = configDef(keys, { rules: [validPath('field')] })

const purpose = 'ExtractField'

/** Replaces a key or value by one of its fields. */
export const extractFieldPlugins = keyAndValue('ExtractField', definition, (config) => {
  const path = new FieldPath(config.field, config['field.syntax.version'])
  return (data) => {
    const { schema } = data
    if (schema === undefined) {
      const value = isNothing(data) ? null : path.ofObject(requireObject(data.value, purpose))
      return { schema, value }
    }
    const field = path.fieldOf(schema)
    if (!isNothing(data)) requireStruct(data, purpose)
    if (!field) throw failed(`${purpose}: there is no field ${config.field}`)
    const value = isNothing(data) ? null : path.ofStruct(data, config['replace.null.with.default'])
    return { schema: field.schema, value }
  }
})
