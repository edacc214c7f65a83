import { kindOf } from '../data/kind-of.ts'
import type { ConnectField, ConnectSchema, SchemaType } from '../data/schema.ts'
import { ownValue, perSchema } from '../data/schemas.ts'
import { connectError } from '../errors.ts'
import type { JsonReader } from './json-reader.ts'
import { jsonString } from './json-text.ts'
import type { JsonWriter } from './json-writer.ts'

/** Types by their names in JSON; only the floats are called differently. */
const jsonNames: Readonly<Record<SchemaType, string>> = {
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
  array: 'array',
  map: 'map',
  struct: 'struct',
}
const typesByName = new Map(Object.entries(jsonNames).map(([type, name]) => [name, type as SchemaType]))

/** Schemas as JSON text, each written once; members in the order in which Java writes them. */
export function schemaTexts(values: JsonWriter): (schema: ConnectSchema) => string {
  const members = perSchema((schema): string => {
    const list: string[] = [`"type":"${jsonNames[schema.type]}"`]
    if (schema.type === 'array') list.push(`"items":${partText(schema.valueSchema)}`)
    if (schema.type === 'map') {
      list.push(`"keys":${partText(schema.keySchema)}`, `"values":${partText(schema.valueSchema)}`)
    }
    if (schema.type === 'struct') list.push(`"fields":[${(schema.fields ?? []).map(fieldText).join(',')}]`)
    list.push(`"optional":${schema.optional === true}`)
    if (schema.name !== undefined) list.push(`"name":${jsonString(schema.name)}`)
    if (schema.version !== undefined) list.push(`"version":${schema.version}`)
    if (schema.doc !== undefined) list.push(`"doc":${jsonString(schema.doc)}`)
    if (schema.parameters !== undefined) list.push(`"parameters":${JSON.stringify(schema.parameters)}`)
    if (schema.default !== undefined) list.push(`"default":${values.writer(schema)(schema.default)}`)
    return list.join(',')
  })
  const fieldText = ({ name, schema }: ConnectField) => `{${members(schema)},"field":${jsonString(name)}}`
  const partText = (schema: ConnectSchema | undefined) => (schema === undefined ? 'null' : `{${members(schema)}}`)
  return (schema) => `{${members(schema)}}`
}

/** A schema from its JSON; undefined from null. */
export function readSchema(json: unknown, values: JsonReader): ConnectSchema | undefined {
  if (json === null) return undefined
  const node = objectOf(json, 'a schema')
  const type = typesByName.get(ownValue(node, 'type') as string)
  if (type === undefined) throw refused(`a schema whose "type" is ${kindOf(ownValue(node, 'type'))} or not known`)
  const schema: ConnectSchema = { type, ...partsOf(type, node, values), ...propertiesOf(node) }
  const value = ownValue(node, 'default')
  return value === null ? schema : { ...schema, default: values.reader(schema)(value) }
}

function partsOf(type: SchemaType, node: object, values: JsonReader): Partial<ConnectSchema> {
  if (type === 'array') return { valueSchema: partOf(node, 'items', values) }
  if (type === 'map') return { keySchema: partOf(node, 'keys', values), valueSchema: partOf(node, 'values', values) }
  if (type !== 'struct') return {}
  const fields = ownValue(node, 'fields')
  if (!Array.isArray(fields)) throw refused('the schema of a struct without an array of "fields"')
  return {
    fields: fields.map((json) => {
      const name = ownValue(objectOf(json, 'a field'), 'field')
      if (typeof name !== 'string') throw refused('the schema of a field without its name as "field"')
      return { name, schema: readSchema(json, values)! }
    }),
  }
}

function partOf(node: object, name: string, values: JsonReader): ConnectSchema {
  const schema = readSchema(ownValue(node, name), values)
  if (!schema) throw refused(`the schema of an array or map without "${name}"`)
  return schema
}

function propertiesOf(node: object): Partial<ConnectSchema> {
  const [name, version, doc] = [ownValue(node, 'name'), ownValue(node, 'version'), ownValue(node, 'doc')]
  const parameters = ownValue(node, 'parameters')
  return {
    ...(ownValue(node, 'optional') === true && { optional: true }),
    ...(typeof name === 'string' && { name }),
    ...(Number.isInteger(version) && { version: version as number }),
    ...(typeof doc === 'string' && { doc }),
    ...(parameters !== null && { parameters: parametersOf(parameters) }),
  }
}

function parametersOf(json: unknown): Record<string, string> {
  const node = objectOf(json, 'parameters')
  if (!Object.values(node).every((value) => typeof value === 'string'))
    throw refused('a parameter that is not a string')
  return node as Record<string, string>
}

function objectOf(json: unknown, what: string): object {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw refused(`${what} that is ${kindOf(json)}`)
}

function refused(what: string): Error {
  return connectError('CONNECT_CONVERT_FAILED', `not a schema of Connect: ${what}`)
}
