import type { ConnectSchema } from '../../../../data/schema.ts'
import { dataJson } from '../data-json.ts'
import { codec, float64Codec, textCodec, type ValueCodec } from './value-codec.ts'

export type DecimalMode = 'precise' | 'double' | 'string'

interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

const decimalName = 'org.apache.kafka.connect.data.Decimal'

const variableScale: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.data.VariableScaleDecimal',
  version: 1,
  doc: 'Variable scaled decimal',
  fields: [
    { name: 'scale', schema: { type: 'int32' } },
    { name: 'value', schema: { type: 'bytes' } },
  ],
}

/** `numeric`; without precision and scale its values bring their own scale along. */
export function numericCodec(mode: DecimalMode, precision: number | undefined, scale: number): ValueCodec {
  if (mode === 'string') {
    const value = (text: string): string => specialTexts[text] ?? (precision === undefined ? text : padded(text, scale))
    return { ...textCodec(), value, json: (text) => `"${value(text)}"` }
  }
  if (mode === 'double') return float64Codec
  if (precision === undefined) return codec(variableScale, variableValue, variableValue('0'))
  return fixedScale(scale, { scale: String(scale), 'connect.decimal.precision': String(precision) }, parseDecimal)
}

/** `money`, whose text carries a currency. */
export function moneyCodec(mode: DecimalMode, fractionDigits: number): ValueCodec {
  if (mode === 'double') {
    return codec({ type: 'float64' }, (text) => Number(moneyDigits(text)), 0)
  }
  if (mode === 'string') {
    const zero = decimalText({ unscaled: 0n, scale: fractionDigits })
    return { ...textCodec(), value: moneyDigits, json: (text) => `"${moneyDigits(text)}"`, zero }
  }
  const parse = (text: string): Decimal => rounded(parseDecimal(moneyDigits(text)), fractionDigits)
  return fixedScale(fractionDigits, { scale: String(fractionDigits) }, parse)
}

function fixedScale(
  scale: number,
  parameters: Readonly<Record<string, string>>,
  parse: (text: string) => Decimal,
): ValueCodec {
  const schema: ConnectSchema = { type: 'bytes', name: decimalName, version: 1, parameters }
  const value = (text: string): Buffer => bigEndian(withScale(parse(text), scale).unscaled)
  const json = (text: string): string => {
    const small = parse === parseDecimal ? smallDecimal(text, scale) : undefined
    return small ?? dataJson(schema, value(text))
  }
  return { schema, value, json, zero: bigEndian(0n) }
}

const scratch = Buffer.alloc(6)
const smallDigits = 14

/** A decimal of as many digits as its column has and so few that six bytes hold them, as base64 without a detour. */
function smallDecimal(text: string, scale: number): string | undefined {
  const point = text.indexOf('.')
  if (text.length > smallDigits || (point < 0 ? 0 : text.length - point - 1) !== scale) return undefined
  const unscaled = Number(point < 0 ? text : text.slice(0, point) + text.slice(point + 1))
  if (!Number.isSafeInteger(unscaled)) return undefined
  let bytes = 1
  for (let bound = 0x80; unscaled >= bound || unscaled < -bound; bound *= 0x100) bytes++
  scratch.writeIntBE(unscaled, 0, bytes)
  return `"${scratch.toString('base64', 0, bytes)}"`
}

/** @throws RangeError for NaN and the infinities, which only texts and doubles can express. */
function parseDecimal(text: string): Decimal {
  const point = text.indexOf('.')
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1)
  if (!/^-?\d+$/.test(digits)) throw new RangeError(`${text} is no decimal`)
  return { unscaled: BigInt(digits), scale: point < 0 ? 0 : text.length - point - 1 }
}

function withScale({ unscaled, scale }: Decimal, wanted: number): Decimal {
  if (scale === wanted) return { unscaled, scale }
  if (scale < wanted) return { unscaled: unscaled * 10n ** BigInt(wanted - scale), scale: wanted }
  const factor = 10n ** BigInt(scale - wanted)
  if (unscaled % factor !== 0n) throw new RangeError(`a decimal has more than ${wanted} digits after its point`)
  return { unscaled: unscaled / factor, scale: wanted }
}

/** Half a unit is rounded away from zero. */
function rounded({ unscaled, scale }: Decimal, wanted: number): Decimal {
  if (scale <= wanted) return { unscaled, scale }
  const factor = 10n ** BigInt(scale - wanted)
  const half = (unscaled < 0n ? -factor : factor) / 2n
  return { unscaled: (unscaled + half) / factor, scale: wanted }
}

function variableValue(text: string): { scale: number; value: Buffer } {
  let { unscaled, scale } = parseDecimal(text)
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n
    scale--
  }
  return { scale, value: bigEndian(unscaled) }
}

/** Debezium names the special values in words of its own. */
const specialTexts: Readonly<Record<string, string>> = {
  NaN: 'NAN',
  Infinity: 'POSITIVE_INFINITY',
  '-Infinity': 'NEGATIVE_INFINITY',
}

/** Values have all digits of their column anyway, defaults may have fewer. */
function padded(text: string, scale: number): string {
  const point = text.indexOf('.')
  const digits = point < 0 ? 0 : text.length - point - 1
  return digits >= scale ? text : decimalText(withScale(parseDecimal(text), scale))
}

/** `-$1,234.50` and `($1,234.50)` as `-1234.50`. */
function moneyDigits(text: string): string {
  const isNegative = text.startsWith('-') || text.startsWith('(')
  const digits = text.replaceAll(/[^0-9.]/g, '')
  return isNegative ? `-${digits}` : digits
}

function decimalText({ unscaled, scale }: Decimal): string {
  if (unscaled < 0n) return `-${decimalText({ unscaled: -unscaled, scale })}`
  const digits = unscaled.toString().padStart(scale + 1, '0')
  return scale <= 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Two's complement in as few bytes as hold it, as Java's `BigInteger.toByteArray`. */
function bigEndian(value: bigint): Buffer {
  let length = 1
  while (BigInt.asIntN(length * 8, value) !== value) length++
  const hex = BigInt.asUintN(length * 8, value).toString(16)
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex')
}
