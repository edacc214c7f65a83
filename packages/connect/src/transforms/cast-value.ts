import { numberText } from '../data/java-text.ts'
import { kindOf } from '../data/kind-of.ts'
import { bigIntOf, decimalScale, decimalText, logicalNames, parseDecimal } from '../data/logical-types.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { temporalText } from '../data/value-text.ts'
import { failed } from './plugin-makers.ts'

/** Types that Cast can cast to. */
export const castTypes = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const

export type CastType = (typeof castTypes)[number]

const bits = { int8: 8, int16: 16, int32: 32, int64: 64 } as const

/** The value in another type, by Java's rules: integers are cut to their width, fractions to whole numbers. */
export function castValue({ schema, value }: SchemaAndValue, type: CastType): unknown {
  if (value === null || value === undefined) return null
  if (type === 'string') return castToString(schema, value)
  const plain = schema?.name === logicalNames.decimal ? wholeOrFraction(schema, value as Uint8Array) : value
  switch (typeof plain) {
    case 'number':
      if (schema?.type.startsWith('float') && type in bits) {
        const width = bits[type as keyof typeof bits]
        return integerValue(BigInt.asIntN(width, saturated(plain, width)), width, false)
      }
      return castNumber(plain, type, schema === undefined)
    case 'bigint':
      return castNumber(plain, type, schema === undefined)
    case 'boolean':
      return type === 'boolean' ? plain : castNumber(plain ? 1 : 0, type, schema === undefined)
    case 'string':
      return castText(plain, type, schema === undefined)
    default:
      throw failed(`Cast does not cast ${kindOf(value)} to ${type}`)
  }
}

function castNumber(value: number | bigint, type: Exclude<CastType, 'string'>, isSchemaless: boolean): unknown {
  switch (type) {
    case 'boolean':
      return typeof value === 'bigint' ? value !== 0n : Math.trunc(value) !== 0 && !Number.isNaN(value)
    case 'float32':
      return Math.fround(Number(value))
    case 'float64':
      return Number(value)
    default:
      return cutInteger(value, bits[type], isSchemaless)
  }
}

/** Java narrows a fraction to an int (or a long) first, which ends at the largest one, and an integer by cutting its bits. */
function cutInteger(value: number | bigint, width: number, isSchemaless: boolean): number | bigint {
  const integer = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : saturated(value, width)
  return integerValue(BigInt.asIntN(width, integer), width, isSchemaless)
}

function saturated(value: number, width: number): bigint {
  const bound = 2n ** BigInt(Math.max(width, 32) - 1)
  if (Number.isNaN(value)) return 0n
  if (!Number.isFinite(value)) return value > 0 ? bound - 1n : -bound
  const whole = BigInt(Math.trunc(value))
  if (whole >= bound) return bound - 1n
  return whole < -bound ? -bound : whole
}

function integerValue(value: bigint, width: number, isSchemaless: boolean): number | bigint {
  if (width < 64) return Number(value)
  const isSmall = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return isSchemaless && isSmall ? Number(value) : value
}

function castText(text: string, type: Exclude<CastType, 'string'>, isSchemaless: boolean): unknown {
  if (type === 'boolean') return text.toLowerCase() === 'true'
  if (type === 'float32' || type === 'float64') {
    const value = parseFloatText(text)
    return type === 'float32' ? Math.fround(value) : value
  }
  const value = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace('+', '')) : undefined
  if (value === undefined || BigInt.asIntN(bits[type], value) !== value)
    throw failed(`Cast: a text that is not an ${type}`)
  return integerValue(value, bits[type], isSchemaless)
}

/** What Java's `Double.parseDouble` reads, hexadecimal numbers aside. */
function parseFloatText(text: string): number {
  const trimmed = text.trim()
  const odd = /^([+-]?)(NaN|Infinity)$/.exec(trimmed)
  if (odd) return Number(`${odd[1]}${odd[2]}`.replace('+', ''))
  const plain = trimmed.replace(/[fFdD]$/, '')
  if (!parseDecimal(plain)) throw failed('Cast: a text that is not a number')
  return Number(plain)
}

function castToString(schema: ConnectSchema | undefined, value: unknown): string {
  const temporal = schema === undefined && value instanceof Date ? undefined : temporalText(schema, value)
  if (temporal !== undefined) return temporal
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (!(value instanceof Uint8Array)) throw failed(`Cast does not cast ${kindOf(value)} to a string`)
  if (schema?.name === logicalNames.decimal) return decimalText(schema, value)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
}

/** A decimal as a number: exact where it is whole. */
function wholeOrFraction(schema: ConnectSchema, bytes: Uint8Array): number | bigint {
  const scale = decimalScale(schema)
  const unscaled = bigIntOf(bytes)
  if (scale <= 0) return unscaled * 10n ** BigInt(-scale)
  const divisor = 10n ** BigInt(scale)
  return unscaled % divisor === 0n ? unscaled / divisor : Number(decimalText(schema, bytes))
}
