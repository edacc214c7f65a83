import { NumberText } from '../../converters/json-text.ts'
import type { SchemaAndValue } from '../../data/record.ts'
import type { ConnectField, ConnectSchema } from '../../data/schema.ts'
import { sameSchema, schemaPool } from '../../data/schemas.ts'

export interface ExpandOptions {
  readonly nulls: 'ignore' | 'optional_bytes'
  readonly emptyArrays: 'ignore' | 'optional_string'
}

/** Why a text stays a text. */
class NotExpandable extends Error {}

/**
 * A JSON object in a text as data with a schema that follows from it: every field optional, integers int32 or int64 as they
 * need, other numbers float64, arrays of one type. Undefined where Debezium leaves the text as it is: it is no object, or
 * one that holds an array of several types.
 */
export function expandJson(text: string, name: string, options: ExpandOptions): SchemaAndValue | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const parsed: unknown = digitsMatter.test(text)
      ? JSON.parse(text, withDigits as (key: string, value: unknown) => unknown)
      : JSON.parse(text)
    const schema = schemaOf(parsed, name, options)
    return schema && { schema: pooled(schema), value: expanded(parsed, schema) }
  } catch (error) {
    if (error instanceof NotExpandable || error instanceof SyntaxError) return undefined
    throw error
  }
}

// Converters make much of a schema once; rows of one kind bring the same one again and again.
const pooled = schemaPool()

/** Whether a number may be another one, or of another type, than a double tells. */
const digitsMatter = /\.0+(?!\d)|\d[eE]|-0|[\d.]{16}/

/** Numbers as they stand: 1.0 is no integer. */
function withDigits(_: string, value: unknown, { source = '' }: { source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(source) : value
}

type Kind = 'string' | 'boolean' | 'number' | 'array' | 'object' | 'null'

function kindOf(value: unknown): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof NumberText) return 'number'
  return typeof value as 'string' | 'boolean' | 'object' | 'number'
}

function schemaOf(value: unknown, name: string | undefined, options: ExpandOptions): ConnectSchema | undefined {
  switch (kindOf(value)) {
    case 'string':
      return { type: 'string', optional: true }
    case 'boolean':
      return { type: 'boolean', optional: true }
    case 'number':
      return { type: numberType(value as NumberText | number), optional: true }
    case 'array':
      return arraySchema(value as unknown[], name, options)
    case 'object':
      return objectSchema(value as object, name, options)
    case 'null':
      return options.nulls === 'optional_bytes' ? { type: 'bytes', optional: true } : undefined
  }
}

const int32Max = 2 ** 31
const int64Max = 2n ** 63n

function numberType(number: NumberText | number): 'int32' | 'int64' | 'float64' {
  if (typeof number === 'number') {
    if (!Number.isInteger(number)) return 'float64'
    return number >= -int32Max && number < int32Max ? 'int32' : 'int64'
  }
  const { text } = number
  if (!/^-?\d+$/.test(text)) return 'float64'
  const whole = BigInt(text)
  // Debezium gives it a schema of float64 and then a value that this schema refuses.
  if (whole < -int64Max || whole >= int64Max) throw new NotExpandable()
  return whole >= -int32Max && whole < int32Max ? 'int32' : 'int64'
}

function objectSchema(value: object, name: string | undefined, options: ExpandOptions): ConnectSchema {
  const fields: ConnectField[] = []
  for (const [field, inner] of Object.entries(value)) {
    // Kafka Connect has no fields without a name.
    if (field === '') throw new NotExpandable()
    const schema = schemaOf(inner, name ? `${name}.${field}` : field, options)
    if (schema) fields.push({ name: field, schema })
  }
  return { type: 'struct', optional: true, ...(name !== undefined && { name }), fields }
}

function arraySchema(
  items: readonly unknown[],
  name: string | undefined,
  options: ExpandOptions,
): ConnectSchema | undefined {
  if (items.length === 0) {
    if (options.emptyArrays === 'ignore') return undefined
    return { type: 'array', optional: true, valueSchema: { type: 'string', optional: true } }
  }
  const sample = sampleOf(items, options)
  if (kindOf(sample) !== 'object') {
    const valueSchema = schemaOf(sample, undefined, options)
    if (!valueSchema) throw new NotExpandable()
    return { type: 'array', optional: true, valueSchema }
  }
  const objects = items.filter((item) => item !== null) as object[]
  return {
    type: 'array',
    optional: true,
    valueSchema: merged(objects.map((item) => objectSchema(item, name, options))),
  }
}

/** The first item that is not null; all others must be of its type, numbers of the same one. */
function sampleOf(items: readonly unknown[], options: ExpandOptions): unknown {
  const present = items.filter((item) => item !== null)
  const [first = null] = present
  for (const item of present) {
    if (kindOf(item) !== kindOf(first)) throw new NotExpandable()
    const isNumber = kindOf(item) === 'number'
    if (isNumber && !sameSchema(schemaOf(first, undefined, options), schemaOf(item, undefined, options))) {
      throw new NotExpandable()
    }
  }
  return first
}

/** All fields of all objects; one that is null in the first and something in another is what it is in the other. */
function merged(schemas: readonly ConnectSchema[]): ConnectSchema {
  const different = schemas.filter((schema, i) => schemas.findIndex((other) => sameSchema(other, schema)) === i)
  if (different.length === 1) return different[0]!
  const fields = new Map<string, ConnectField>()
  for (const schema of different) {
    for (const field of schema.fields ?? []) {
      const known = fields.get(field.name)
      if (!known || (known.schema.type === 'bytes' && field.schema.type !== 'bytes')) fields.set(field.name, field)
    }
  }
  const { name } = different[0]!
  return { type: 'struct', ...(name !== undefined && { name }), fields: [...fields.values()] }
}

function expanded(value: unknown, schema: ConnectSchema): unknown {
  switch (kindOf(value)) {
    case 'number': {
      const digits = value instanceof NumberText ? value.text : (value as number)
      if (schema.type === 'int64') return BigInt(digits)
      if (schema.type === 'int32' || schema.type === 'float64') return Number(digits)
      throw new NotExpandable()
    }
    case 'array':
      if (schema.type !== 'array') throw new NotExpandable()
      return (value as unknown[]).map((item) => checked(expanded(item, schema.valueSchema!), schema.valueSchema!))
    case 'object':
      if (schema.type !== 'struct') throw new NotExpandable()
      return Object.fromEntries(
        schema.fields!.map(({ name, schema: inner }) => {
          const own = Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : null
          return [name, checked(expanded(own, inner), inner)]
        }),
      )
    case 'null':
      return null
    case 'string':
    case 'boolean':
      if (schema.type !== kindOf(value)) throw new NotExpandable()
      return value
  }
}

/** A struct refuses null where its schema does: such as the objects of an array that were merged. */
function checked(value: unknown, schema: ConnectSchema): unknown {
  if (value === null && !schema.optional) throw new NotExpandable()
  return value
}
