import { digitsOf } from '../exact-json.ts'
import type { Encoder } from '../sql/dialect.ts'

const json = JSON.stringify
const integerForm = /^[+-]?\d+$/
const decimalForm = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,5}))?$/

/** A number in whatever form it comes. @throws TypeError */
export function numberText(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? '1' : '0'
    case 'string':
      return value.trim()
    default: {
      const digits = digitsOf(value)
      if (digits !== undefined) return digits
      throw new TypeError('the value is neither a number nor a text')
    }
  }
}

export function integerEncoder(type: string, bits: number, isSigned: boolean): Encoder {
  const min = isSigned ? -(2n ** BigInt(bits - 1)) : 0n
  const max = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n
  const [low, high] = [Math.max(Number(min), Number.MIN_SAFE_INTEGER), Math.min(Number(max), Number.MAX_SAFE_INTEGER)]
  return (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return String(value)
    const number = integerOf(value)
    if (number === undefined) throw new TypeError(`${numberText(value)} cannot be read as ${type}`)
    if (number < min || number > max) throw new TypeError(`${number} is out of range of ${type}`)
    return `"${number}"`
  }
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  const text = numberText(value)
  return integerForm.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
}

export function decimalEncoder(type: string, precision: number, scale: number): Encoder {
  return (value) => {
    const text = numberText(value)
    const [match, sign = '', integer = '', fraction = '', exponent = '0'] = decimalForm.exec(text) ?? []
    if (match === undefined || integer + fraction === '') throw new TypeError(`${text} cannot be read as ${type}`)
    const digits = (integer + fraction).replace(/0+$/, '')
    const pointAt = integer.length + Number(exponent)
    if (digits.length - pointAt > scale) throw new TypeError(`${text} has more digits behind the point than ${type}`)
    const isZero = /^0*$/.test(digits)
    if (!isZero && pointAt - /^0*/.exec(digits)![0].length > precision - scale) {
      throw new TypeError(`${text} is out of range of ${type}`)
    }
    return json(isZero ? '0' : plainDecimal(sign === '-' ? '-' : '', digits, pointAt))
  }
}

/** Without an exponent. */
function plainDecimal(sign: string, digits: string, pointAt: number): string {
  if (pointAt <= 0) return `${sign}0.${'0'.repeat(-pointAt)}${digits}`
  const whole = digits.slice(0, pointAt).padEnd(pointAt, '0')
  return digits.length > pointAt ? `${sign}${whole}.${digits.slice(pointAt)}` : `${sign}${whole}`
}

export function floatEncoder(type: string): Encoder {
  const isWide = type === 'Float64'
  return (value) => {
    const text = numberText(value)
    const number = Number(text)
    if (typeof value === 'number' && !Number.isFinite(number)) {
      // JSON has no word for these, ClickHouse has.
      return Number.isNaN(number) ? 'nan' : number < 0 ? '-inf' : 'inf'
    }
    const fits = Number.isFinite(isWide ? number : Math.fround(number))
    if (!fits && !/^[+-]?(inf|infinity|nan)$/i.test(text)) throw new TypeError(`${text} is out of range of ${type}`)
    return typeof value === 'string' || typeof value === 'bigint' ? json(text) : text
  }
}
