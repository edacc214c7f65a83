import type { JsonForm } from '@millrace/contracts'
import { contractError } from '@millrace/contracts/internal'
import avsc, { type Type } from 'avsc'

/** Values of a type in JSON as queries show them: long as string, bytes in base64, dates in ISO 8601. */
export function avroJson<T>(type: Type): JsonForm<T> {
  return {
    toJson: plain,
    fromJson(json) {
      const value = read(type, json)
      if (type.isValid(value)) return value as T
      throw contractError('CONTRACT_MISMATCH', 'the JSON is not what the Avro schema says')
    },
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

interface Parts {
  readonly fields: readonly { readonly name: string; readonly type: Type }[]
  readonly itemsType: Type
  readonly valuesType: Type
  readonly types: readonly Type[]
}

function read(type: Type, json: unknown): unknown {
  const parts = type as unknown as Parts
  if (avsc.Type.isType(type, 'logical')) return fromText(type, json)
  switch (type.typeName) {
    case 'record':
      return mapped(json, (object) => parts.fields.map(({ name, type: field }) => [name, read(field, object[name])]))
    case 'map':
      return mapped(json, (object) =>
        Object.entries(object).map(([key, value]) => [key, read(parts.valuesType, value)]),
      )
    case 'array':
      return Array.isArray(json) ? json.map((item) => read(parts.itemsType, item)) : json
    case 'union:unwrapped':
      return parts.types.map((branch) => read(branch, json)).find((value) => type.isValid(value)) ?? null
    case 'union:wrapped':
      return mapped(json, (object) =>
        Object.entries(object).map(([branch, value]) => {
          const chosen = parts.types.find(({ branchName }) => branchName === branch)
          return [branch, chosen === undefined ? value : read(chosen, value)]
        }),
      )
    case 'abstract:long':
      return typeof json === 'string' && /^-?\d{1,19}$/.test(json) ? BigInt(json) : json
    case 'bytes':
    case 'fixed':
      return typeof json === 'string' ? Buffer.from(json, 'base64') : json
    default:
      return json
  }
}

function fromText(type: Type, json: unknown): unknown {
  if (type.isValid(json)) return json
  const date = typeof json === 'string' ? new Date(json) : undefined
  return date !== undefined && type.isValid(date) ? date : json
}

function mapped(json: unknown, entries: (object: Record<string, unknown>) => (readonly [string, unknown])[]): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  return Object.fromEntries(entries(json as Record<string, unknown>))
}
