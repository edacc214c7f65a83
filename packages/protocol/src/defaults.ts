import type { FieldSchema } from './schema.ts'
import { ZERO_UUID } from './uuid.ts'

export type Fields = Record<PropertyKey, unknown>

/** The default of a field that is no object, or null. */
function plainDefault(field: FieldSchema): unknown {
  const text = field.defaultText
  if (text === 'null') return null
  switch (field.type) {
    case 'string':
      return text ?? ''
    case 'bool':
      return text === 'true'
    case 'uuid':
      return ZERO_UUID
    default:
      return text === undefined ? 0 : Number(text)
  }
}

/** Makes what a field holds when nobody set it. Objects are made anew each time: no two messages share one. */
export function defaultMaker(field: FieldSchema): () => unknown {
  if (field.defaultText !== 'null') {
    if (field.isArray) return () => []
    if (field.type === '{}') return structDefaultMaker(field.fields)
    if (field.type === 'bytes' || field.type === 'records') return () => Buffer.alloc(0)
  }
  const value = plainDefault(field)
  return () => value
}

/**
 * Makes objects that hold every field of all versions at its default, all of one hidden class. Fields named in
 * `filled` are left undefined, for the caller to fill.
 */
export function structDefaultMaker(fields: readonly FieldSchema[], filled?: ReadonlySet<FieldSchema>): () => Fields {
  const template: Fields = {}
  const fresh: { readonly name: string; readonly make: () => unknown }[] = []
  for (const field of fields) {
    const make = defaultMaker(field)
    const value = filled?.has(field) ? undefined : make()
    template[field.name] = value
    if (typeof value === 'object' && value !== null) fresh.push({ name: field.name, make })
  }
  if (fresh.length === 0) return () => ({ ...template })
  return () => {
    const value = { ...template }
    for (const { name, make } of fresh) value[name] = make()
    return value
  }
}

/** Tells whether a value says nothing that the default does not say: what lets a tagged field be left out. */
export function defaultTest(field: FieldSchema): (value: unknown) => boolean {
  if (field.defaultText === 'null') return (value) => value === null || value === undefined
  if (field.isArray || field.type === 'bytes' || field.type === 'records') {
    return (value) => value === undefined || (value !== null && (value as { length: number }).length === 0)
  }
  if (field.type === '{}') {
    const tests = field.fields.map((inner) => ({ name: inner.name, test: defaultTest(inner) }))
    return (value) => {
      if (value === undefined || value === null) return value === undefined
      return tests.every(({ name, test }) => test((value as Fields)[name]))
    }
  }
  const plain = plainDefault(field)
  return (value) => value === undefined || value === plain
}
