import { numberText } from './java-text.ts'
import { kindOf } from './kind-of.ts'
import { dateOf, decimalText, epochMillis, logicalNames, millisPerDay } from './logical-types.ts'
import type { ConnectSchema } from './schema.ts'
import { fieldValue } from './schemas.ts'

/**
 * A value as text in the form of Connect's headers (`Values.convertToString`): JSON-like, with dates in ISO 8601. A date,
 * time or timestamp is written as what its schema says; Java's guesses that from the number, so that it writes dates before
 * 1970-01-02 as times of day.
 */
export function valueText(schema: ConnectSchema | undefined, value: unknown): string {
  return write(schema, value, false)
}

/** A date, time or timestamp in ISO 8601; undefined for any other schema. */
export function temporalText(schema: ConnectSchema | undefined, value: unknown): string | undefined {
  const millis = epochMillis(schema, value)
  if (millis !== undefined) return isoText(schema?.name, millis)
  return value instanceof Date ? isoText(logicalNames.timestamp, value.getTime()) : undefined
}

function isoText(name: string | undefined, millis: number): string {
  const text = dateOf(millis).toISOString()
  if (name === logicalNames.time) return text.slice(text.indexOf('T') + 1)
  return name === logicalNames.date || millis % millisPerDay === 0 ? text.slice(0, text.indexOf('T')) : text
}

function write(schema: ConnectSchema | undefined, value: unknown, isEmbedded: boolean): string {
  if (value === null || value === undefined) return 'null'
  const temporal = temporalText(schema, value)
  if (temporal !== undefined) return temporal
  if (typeof value === 'string') return isEmbedded ? quoted(value) : value
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return writeBytes(schema, value, isEmbedded)
  if (Array.isArray(value)) return `[${value.map((item) => write(schema?.valueSchema, item, true)).join(',')}]`
  if (value instanceof Map) return writeMap(schema, value)
  if (typeof value !== 'object') throw new TypeError(`${kindOf(value)} has no text form`)
  if (schema?.type !== 'struct') return writeMap(undefined, new Map(Object.entries(value)))
  const fields = (schema.fields ?? []).map((field) => {
    return `${quoted(field.name)}:${write(field.schema, fieldValue(value, field, true), true)}`
  })
  return `{${fields.join(',')}}`
}

function writeBytes(schema: ConnectSchema | undefined, value: Uint8Array, isEmbedded: boolean): string {
  if (schema?.name === logicalNames.decimal) return decimalText(schema, value)
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  return isEmbedded ? quoted(text) : text
}

function writeMap(schema: ConnectSchema | undefined, map: ReadonlyMap<unknown, unknown>): string {
  const entries = Array.from(map, ([key, value]) => {
    return `${write(schema?.keySchema, key, true)}:${write(schema?.valueSchema, value, true)}`
  })
  return `{${entries.join(',')}}`
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
