import { configDef } from '../../config/config-def.ts'
import { nonEmpty } from '../../config/config-key.ts'
import type { ConnectHeader } from '../../data/record.ts'
import type { ConnectField, ConnectSchema } from '../../data/schema.ts'
import { copyBasics, fieldOf, fieldValue, perSchema } from '../../data/schemas.ts'
import { sameLength } from '../common-keys.ts'
import { failed, isNothing, isObject, plugin, requireStruct } from '../plugin-makers.ts'
import { debeziumPackage } from './envelope.ts'

const keys = {
  headers: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Names of the headers.' },
  fields: {
    type: 'list',
    valid: nonEmpty,
    importance: 'high',
    doc: 'Names of the fields, in the order of the headers; dots lead to nested ones.',
  },
  operation: {
    type: 'string',
    oneOf: ['move', 'copy'],
    importance: 'high',
    doc: 'Whether the headers leave the record (move) or stay (copy).',
  },
} as const

const definition = configDef(keys, { rules: [sameLength('headers', 'fields')] })

interface Entry {
  readonly path: readonly string[]
  readonly header: ConnectHeader
}

/** Makes fields of the value from headers. */
export const headerToValue = plugin(`${debeziumPackage}.HeaderToValue`, definition, (config) => {
  const { headers: names, fields, operation } = config
  const paths = new Map(names.map((name, index) => [name, fields[index]!.split('.')]))
  const schemas = perSchema((_schema) => new Map<string, ConnectSchema>())
  return (record) => {
    if (isNothing(record.value)) return record
    const value = requireStruct(record.value, 'HeaderToValue')
    const entries = record.headers.flatMap((header): Entry[] => {
      const path = paths.get(header.key)
      return path ? [{ path, header }] : []
    })
    if (entries.length === 0) return record
    const known = schemas(record.value.schema!)
    // The same headers nearly always have the same schemas.
    const signature = JSON.stringify(entries.map(({ path, header }) => [path, header.schema]))
    let schema = known.get(signature)
    if (!schema) {
      schema = withFields(record.value.schema!, entries)
      known.set(signature, schema)
    }
    const headers = operation === 'move' ? record.headers.filter(({ key }) => !paths.has(key)) : record.headers
    return { ...record, headers, value: { schema, value: withValues(schema, value, entries) } }
  }
})

/** The struct with the fields that the headers make, in it and in structs in it; new structs are optional. */
function withFields(schema: ConnectSchema, entries: readonly Entry[]): ConnectSchema {
  const fields = (schema.fields ?? []).map((field): ConnectField => {
    const nested = below(entries, field.name)
    if (nested.length === 0) return field
    if (field.schema.type !== 'struct') throw failed(`HeaderToValue: ${field.name} is no struct`)
    return { name: field.name, schema: withFields(field.schema, nested) }
  })
  for (const name of new Set(entries.map(({ path }) => path[0]!))) {
    if (fieldOf(schema, name)) continue
    const own = entries.findLast(({ path }) => path.length === 1 && path[0] === name)
    const made = { type: 'struct', fields: [] } as const
    fields.push({ name, schema: own ? schemaOf(own) : { ...withFields(made, below(entries, name)), optional: true } })
  }
  return { type: 'struct', ...copyBasics(schema), fields }
}

/** What the entries say of fields of a struct. */
function below(entries: readonly Entry[], name: string): Entry[] {
  return entries.flatMap(({ path, header }) => {
    return path.length > 1 && path[0] === name ? [{ path: path.slice(1), header }] : []
  })
}

function schemaOf({ header }: Entry): ConnectSchema {
  if (header.schema) return header.schema
  throw failed(`HeaderToValue: the header ${header.key} has no schema`)
}

function withValues(schema: ConnectSchema, value: object, entries: readonly Entry[]): Record<string, unknown> {
  const fields = (schema.fields ?? []).map((field) => {
    const { name } = field
    const own = entries.findLast(({ path }) => path.length === 1 && path[0] === name)
    if (own) return [name, own.header.value]
    const nested = below(entries, name)
    const old = fieldValue(value, field, true)
    // A struct that is null stays null; one that is not there yet is made.
    if (nested.length === 0 || (old === null && Object.hasOwn(value, name))) return [name, old]
    return [name, withValues(field.schema, isObject(old) ? old : {}, nested)]
  })
  return Object.fromEntries(fields)
}
