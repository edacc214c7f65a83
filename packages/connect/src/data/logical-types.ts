import type { ConnectSchema } from './schema.ts'

/** Names of Kafka Connect's own logical types. */
export const logicalNames = {
  decimal: 'org.apache.kafka.connect.data.Decimal',
  date: 'org.apache.kafka.connect.data.Date',
  time: 'org.apache.kafka.connect.data.Time',
  timestamp: 'org.apache.kafka.connect.data.Timestamp',
} as const

export const millisPerDay = 86_400_000

const scaleParameter = 'scale'

/** Days since the epoch. */
export const dateSchema: ConnectSchema = { type: 'int32', name: logicalNames.date, version: 1 }
/** Milliseconds since midnight. */
export const timeSchema: ConnectSchema = { type: 'int32', name: logicalNames.time, version: 1 }
/** Milliseconds since the epoch. */
export const timestampSchema: ConnectSchema = { type: 'int64', name: logicalNames.timestamp, version: 1 }

export function decimalSchema(scale: number): ConnectSchema {
  return { type: 'bytes', name: logicalNames.decimal, version: 1, parameters: { [scaleParameter]: String(scale) } }
}

/** The instant of a date, time or timestamp in epoch milliseconds; undefined for any other schema. */
export function epochMillis(schema: ConnectSchema | undefined, value: unknown): number | undefined {
  switch (schema?.name) {
    case logicalNames.date:
      return Number(value) * millisPerDay
    case logicalNames.time:
    case logicalNames.timestamp:
      return Number(value)
    default:
      return undefined
  }
}

/** The instant as a Date. @throws TypeError where a Date cannot hold it, which ends after 275,760 years */
export function dateOf(millis: number): Date {
  const date = new Date(millis)
  if (Number.isNaN(date.getTime())) throw new TypeError('a time that is out of range')
  return date
}

/** Digits after the point of a decimal schema. */
export function decimalScale(schema: ConnectSchema): number {
  const scale = Number(schema.parameters?.[scaleParameter])
  if (!Number.isInteger(scale)) throw new TypeError(`the decimal schema says no scale`)
  return scale
}

/** The decimal as Java's `BigDecimal.toString` prints it. */
export function decimalText(schema: ConnectSchema, bytes: Uint8Array): string {
  const scale = decimalScale(schema)
  const unscaled = bigIntOf(bytes)
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (scale === 0) return sign + digits
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, '0')
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits
  return `${sign}${mantissa}E${exponent >= 0 ? '+' : ''}${exponent}`
}

/** A decimal as number text, which may have an exponent. */
export interface ParsedDecimal {
  readonly unscaled: bigint
  readonly scale: number
}

const decimalPattern = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/
// What a text may ask for in digits: its exponent is a few characters, its value could be gigabytes.
const exponentMax = 10_000

/** Reads what Java's `new BigDecimal(text)` reads; undefined for anything else. */
export function parseDecimal(text: string): ParsedDecimal | undefined {
  const match = decimalPattern.exec(text)
  if (!match) return undefined
  const [, sign, digits = '', exponentText = '0'] = match
  const point = digits.indexOf('.')
  const exponent = Number(exponentText)
  if (Math.abs(exponent) > exponentMax) return undefined
  const fraction = point < 0 ? 0 : digits.length - point - 1
  const magnitude = BigInt(digits.replace('.', ''))
  return { unscaled: sign === '-' ? -magnitude : magnitude, scale: fraction - exponent }
}

/** The same value at another scale; undefined where digits would be lost. */
export function rescale({ unscaled, scale }: ParsedDecimal, target: number): bigint | undefined {
  if (target >= scale) return unscaled * 10n ** BigInt(target - scale)
  const divisor = 10n ** BigInt(scale - target)
  return unscaled % divisor === 0n ? unscaled / divisor : undefined
}

/** A big-endian two's complement integer, as Java's `BigInteger.toByteArray` writes it: as short as it can be. */
export function bytesOfBigInt(value: bigint): Uint8Array {
  const bits = (value < 0n ? ~value : value).toString(2).length + 1
  const length = value === 0n || value === -1n ? 1 : Math.ceil(bits / 8)
  const hex = BigInt.asUintN(length * 8, value).toString(16)
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex')
}

export function bigIntOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}
