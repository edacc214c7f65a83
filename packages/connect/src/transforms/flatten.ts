import { configDef } from '../config/config-def.ts'
import type { ConnectField, ConnectSchema } from '../data/schema.ts'
import { copyBasics, fieldValue, ownValue, perSchema } from '../data/schemas.ts'
import { failed, isNothing, isObject, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

const definition = configDef({
  delimiter: {
    type: 'string',
    default: '.',
    importance: 'medium',
    doc: 'What stands between the names of nested fields.',
  },
})

const purpose = 'Flatten'

/** Makes the fields of nested structs fields of the key or value. */
export const flattenPlugins = keyAndValue('Flatten', definition, ({ delimiter }) => {
  const join = (prefix: string, name: string) => (prefix === '' ? name : prefix + delimiter + name)
  const schemaOf = perSchema((schema): ConnectSchema => {
    const fields = flatFields(schema, '', join, schema.optional === true, schema.default)
    return { type: 'struct', ...copyBasics(schema), fields }
  })
  return (data) => {
    const { schema } = data
    if (isNothing(data)) return data
    if (schema === undefined) {
      return { schema, value: Object.fromEntries(flatObject(requireObject(data.value, purpose), '', join)) }
    }
    const value = requireStruct(data, purpose)
    return { schema: schemaOf(schema), value: Object.fromEntries(flatStruct(schema, value, '', join)) }
  }
})

type Join = (prefix: string, name: string) => string
type Entry = readonly [name: string, value: unknown]

function flatObject(value: object, prefix: string, join: Join): Entry[] {
  return Object.entries(value).flatMap(([name, own]): Entry[] => {
    const path = join(prefix, name)
    if (isObject(own)) return flatObject(own, path, join)
    if (own instanceof Date) throw failed(`${purpose} does not take a date without schema (field ${path})`)
    return [[path, own]]
  })
}

/** A nested field is optional where any struct around it is; its default may come from theirs. */
function flatFields(
  schema: ConnectSchema,
  prefix: string,
  join: Join,
  isOptional: boolean,
  parentDefault: unknown,
): ConnectField[] {
  return (schema.fields ?? []).flatMap((field): ConnectField[] => {
    const path = join(prefix, field.name)
    const own = field.schema
    const optional = isOptional || own.optional === true
    const value = own.default ?? (isObject(parentDefault) ? fieldValue(parentDefault, field, true) : null)
    if (own.type === 'struct') return flatFields(own, path, join, optional, value)
    if (own.type === 'map') throw failed(`${purpose} does not take maps (field ${path})`)
    const { type, valueSchema } = own
    return [
      {
        name: path,
        schema: {
          type,
          ...(valueSchema && { valueSchema }),
          ...copyBasics(own),
          ...(optional && { optional }),
          ...(value !== null && value !== undefined && { default: value }),
        },
      },
    ]
  })
}

/** Fields of structs that are null stay away: the new struct has null or a default in their place. */
function flatStruct(schema: ConnectSchema, value: object, prefix: string, join: Join): Entry[] {
  return (schema.fields ?? []).flatMap((field): Entry[] => {
    const path = join(prefix, field.name)
    if (field.schema.type !== 'struct') return [[path, fieldValue(value, field, true)]]
    const own = ownValue(value, field.name) ?? field.schema.default
    return isObject(own) ? flatStruct(field.schema, own, path, join) : []
  })
}
