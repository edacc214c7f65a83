import type { ConnectField, ConnectSchema } from './schema.ts'

const indexes = new WeakMap<ConnectSchema, ReadonlyMap<string, ConnectField>>()

/** The field of a struct; undefined when there is none of that name. */
export function fieldOf(schema: ConnectSchema, name: string): ConnectField | undefined {
  let index = indexes.get(schema)
  if (!index) {
    index = new Map((schema.fields ?? []).map((field) => [field.name, field]))
    indexes.set(schema, index)
  }
  return index.get(name)
}

/**
 * A struct's value under a name, null where it has none. With `withDefault` the schema's default stands in for null, as it
 * does in Java's `Struct.get`.
 */
export function fieldValue(value: object, field: ConnectField, withDefault: boolean): unknown {
  const own = ownValue(value, field.name)
  return own === null && withDefault && field.schema.default !== undefined ? field.schema.default : own
}

/** Reads one field of many values, as `ownValue` does: a plain property where no object inherits one of the name. */
export function fieldGetter(name: string): (value: object) => unknown {
  if (name in Object.prototype) return (value) => ownValue(value, name)
  return (value) => (value as Record<string, unknown>)[name] ?? null
}

/** The object's own value, null where it has none: a field may be called `constructor`. */
export function ownValue(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? ((value as Record<string, unknown>)[name] ?? null) : null
}

/** Sets a field of a struct's value, whatever it is called. */
export function setField(value: Record<string, unknown>, name: string, field: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(value, name, { value: field, enumerable: true, writable: true, configurable: true })
  else value[name] = field
}

/** A struct's value, field by field. Pairs for `Object.fromEntries` would cost more than what is done with the fields. */
export function structValue(
  fields: readonly ConnectField[] | undefined,
  read: (field: ConnectField) => unknown,
): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const field of fields ?? []) setField(value, field.name, read(field))
  return value
}

/** What a transform keeps of a struct's schema when it changes its fields: optionality and default value are not among it. */
export function copyBasics(source: ConnectSchema): Omit<ConnectSchema, 'type'> {
  const { name, version, doc, parameters } = source
  return {
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(doc !== undefined && { doc }),
    ...(parameters !== undefined && { parameters }),
  }
}

/** Remembers what was made of a schema as long as the schema lives: transforms see the same few again and again. */
export function perSchema<T>(make: (schema: ConnectSchema) => T): (schema: ConnectSchema) => T {
  const made = new WeakMap<ConnectSchema, { readonly value: T }>()
  return (schema) => {
    const known = made.get(schema)
    if (known) return known.value
    const value = make(schema)
    made.set(schema, { value })
    return value
  }
}

/**
 * One object for all schemas of the same content, for those that are made record by record: what is remembered of a schema
 * would be of no use to the next one. Of very many the oldest is forgotten. They have no default values but plain ones.
 */
export function schemaPool(max = 1_000): (schema: ConnectSchema) => ConnectSchema {
  const known = new Map<string, ConnectSchema>()
  return (schema) => {
    const text = JSON.stringify(schema)
    const found = known.get(text)
    if (found) return found
    known.set(text, schema)
    if (known.size > max) known.delete(known.keys().next().value!)
    return schema
  }
}

/** Schemas that compare by content, as Java's do: converters make a new object for each. */
export function sameSchema(a: ConnectSchema | undefined, b: ConnectSchema | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b
  return JSON.stringify(a, comparable) === JSON.stringify(b, comparable)
}

function comparable(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  return value instanceof Map ? [...value] : value
}
