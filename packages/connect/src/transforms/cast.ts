import { configDef } from '../config/config-def.ts'
import { nonEmpty, type Validator } from '../config/config-key.ts'
import { logicalNames } from '../data/logical-types.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema, SchemaType } from '../data/schema.ts'
import { copyBasics, fieldValue, ownValue, perSchema, setField, structValue } from '../data/schemas.ts'
import { type CastType, castTypes, castValue } from './cast-value.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { isNothing, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

interface CastSpec {
  /** Undefined casts the whole key or value. */
  readonly field: string | undefined
  readonly type: CastType
}

function parseSpec(text: string): CastSpec | undefined {
  const parts = text.split(':').map((part) => part.trim())
  const type = parts.at(-1)!.toLowerCase() as CastType
  if (parts.length > 2 || !castTypes.includes(type)) return undefined
  return { field: parts.length === 1 ? undefined : parts[0], type }
}

const validSpec = ((items: readonly string[]) => {
  const wrong = items.find((item) => parseSpec(item) === undefined)
  if (wrong !== undefined) return `${wrong} is not a field and one of ${castTypes.join(', ')}, separated by a colon`
  const isWhole = items.some((item) => parseSpec(item)!.field === undefined)
  return isWhole && items.length > 1 ? 'a type for the whole key or value must be the only one' : undefined
}) as Validator

const definition = configDef({
  spec: {
    type: 'list',
    valid: [nonEmpty, validSpec],
    importance: 'high',
    doc: `Fields and their new types as field:type, or one type for the whole key or value: ${castTypes.join(', ')}.`,
  },
  ...replaceNullWithDefault,
})

const purpose = 'Cast'

/** Gives fields, or the whole key or value, another type. */
export const castPlugins = keyAndValue('Cast', definition, (config) => {
  const specs = config.spec.map((item) => parseSpec(item)!)
  const whole = specs.find(({ field }) => field === undefined)?.type
  const types = new Map(specs.map(({ field, type }) => [field, type]))
  const withDefault = config['replace.null.with.default']
  const schemaOf = perSchema((schema) => (whole ? wholeSchema(schema, whole) : fieldsSchema(schema, types)))
  return (data) => {
    if (isNothing(data)) return data
    if (whole) {
      const value = castValue(data, whole)
      return { schema: data.schema && schemaOf(data.schema), value }
    }
    if (data.schema === undefined) return { schema: undefined, value: castFields(data.value, types) }
    const value = requireStruct(data, purpose)
    const cast = structValue(data.schema.fields, (field) => {
      const own = fieldValue(value, field, withDefault)
      const type = types.get(field.name)
      return type ? castValue({ schema: field.schema, value: own }, type) : own
    })
    return { schema: schemaOf(data.schema), value: cast }
  }
})

function castFields(value: unknown, types: ReadonlyMap<string | undefined, CastType>): unknown {
  const fields = requireObject(value, purpose)
  const cast = { ...fields }
  for (const [name, type] of types) {
    setField(cast, name!, castValue({ schema: undefined, value: ownValue(fields, name!) }, type))
  }
  return cast
}

function wholeSchema(schema: ConnectSchema, type: SchemaType): ConnectSchema {
  // The name of a logical type is that of its old type; Kafka's keeps it, and its converters then refuse the value.
  const isLogical = Object.values<string | undefined>(logicalNames).includes(schema.name)
  return { ...castSchema(schema, type as CastType), ...(!isLogical && copyBasics(schema)) }
}

function fieldsSchema(schema: ConnectSchema, types: ReadonlyMap<string | undefined, CastType>): ConnectSchema {
  const fields = (schema.fields ?? []).map((field) => {
    const type = types.get(field.name)
    return type ? { name: field.name, schema: castSchema(field.schema, type) } : field
  })
  return { type: 'struct', ...copyBasics(schema), ...(schema.optional && { optional: true }), fields }
}

/** The new type, as optional as the old one, with its default cast. */
function castSchema(schema: ConnectSchema, type: CastType): ConnectSchema {
  const data: SchemaAndValue = { schema, value: schema.default }
  return {
    type,
    ...(schema.optional && { optional: true }),
    ...(schema.default !== undefined && { default: castValue(data, type) }),
  }
}
