import { javaDouble, javaFloat } from './java-numbers.ts'
import { kindOf } from './kind-of.ts'
import { dateOf, decimalText, epochMillis, logicalNames } from './logical-types.ts'
import type { SchemaAndValue } from './record.ts'
import type { ConnectSchema } from './schema.ts'
import { ownValue } from './schemas.ts'

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * What Java's `toString` makes of a value, which is what Connect's StringConverter and Cast write. Bytes have no such form
 * (Java prints an address): they throw a TypeError.
 */
export function javaText({ schema, value }: SchemaAndValue): string {
  if (value === null || value === undefined) return 'null'
  const millis = epochMillis(schema, value) ?? (value instanceof Date ? value.getTime() : undefined)
  if (millis !== undefined) return javaDate(dateOf(millis))
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return bytesText(schema, value)
  if (Array.isArray(value)) return `[${value.map((item) => javaText(part(schema?.valueSchema, item))).join(', ')}]`
  if (value instanceof Map) return mapText(schema, value)
  return schema === undefined ? mapText(undefined, new Map(Object.entries(value))) : structText(schema, value)
}

/** A number without a schema is a long where it is whole, as Connect's JsonConverter reads it. */
export function numberText(schema: ConnectSchema | undefined, value: number): string {
  if (schema?.type === 'float32') return javaFloat(value)
  const isFloat = schema === undefined ? !Number.isInteger(value) : schema.type === 'float64'
  return isFloat ? javaDouble(value) : String(value)
}

function part(schema: ConnectSchema | undefined, value: unknown): SchemaAndValue {
  return { schema, value }
}

function bytesText(schema: ConnectSchema | undefined, value: Uint8Array): string {
  if (schema?.name === logicalNames.decimal) return decimalText(schema, value)
  throw new TypeError(`${kindOf(value)} are not text`)
}

function mapText(schema: ConnectSchema | undefined, map: ReadonlyMap<unknown, unknown>): string {
  const entries = Array.from(map, ([key, value]) => {
    return `${javaText(part(schema?.keySchema, key))}=${javaText(part(schema?.valueSchema, value))}`
  })
  return `{${entries.join(', ')}}`
}

function structText(schema: ConnectSchema, value: object): string {
  const fields = (schema.fields ?? []).flatMap(({ name, schema: own }) => {
    const field = ownValue(value, name)
    return field === null ? [] : [`${name}=${javaText(part(own, field))}`]
  })
  return `Struct{${fields.join(',')}}`
}

function javaDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const day = `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${two(date.getUTCDate())}`
  return `${day} ${time} UTC ${date.getUTCFullYear()}`
}
