import type { Encoder } from '../sql/dialect.ts'
import { plainJson } from '../sql/plain-json.ts'

const binary = /^(tiny|medium|long)?blob|^(var)?binary|^geometry|^point/
const times = /^(datetime|timestamp)/
const iso = /^(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d(?::?\d\d)?)?$/

/** The encoder for a column, by its type as `information_schema` prints it. */
export function encoder(type: string): Encoder {
  const base = type.toLowerCase()
  if (base.startsWith('json')) return plainJson
  if (base.startsWith('bit')) return bits
  if (binary.test(base)) return (value) => (value instanceof Uint8Array ? asBuffer(value) : plain(value))
  if (times.test(base)) return (value) => (typeof value === 'string' ? dateTime(value) : plain(value))
  return plain
}

function plain(value: unknown): string | Buffer {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? '1' : '0'
    default:
      if (value instanceof Date) return dateTime(value.toISOString())
      return value instanceof Uint8Array ? asBuffer(value) : plainJson(value)
  }
}

/** The server would take a text for its bytes, whatever it says. @throws TypeError */
function bits(value: unknown): Buffer {
  if (value instanceof Uint8Array) return asBuffer(value)
  const isDigits = typeof value === 'string' && /^[01]+$/.test(value)
  const isNumber = typeof value === 'boolean' || typeof value === 'bigint' || Number.isSafeInteger(value)
  const number = isDigits || isNumber ? BigInt(isDigits ? `0b${value}` : (value as boolean | number | bigint)) : -1n
  if (number < 0n) throw new TypeError(`${plain(value)} cannot be read as bits`)
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** MariaDB reads no zones: a time with one becomes UTC, which is the session's. */
function dateTime(text: string): string {
  const parts = iso.exec(text)
  if (!parts) return text
  const [, day, time, zone] = parts
  if (zone === undefined || zone === 'Z' || /^[+-]00(:?00)?$/.test(zone)) return `${day} ${time}`
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = (zone[0] === '-' ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)))
  const fraction = /\.\d+$/.exec(time!)?.[0] ?? ''
  const whole = new Date(`${day}T${time!.slice(0, time!.length - fraction.length)}Z`)
  const utc = new Date(whole.getTime() - minutes * 60_000).toISOString()
  return `${utc.slice(0, 10)} ${utc.slice(11, 19)}${fraction}`
}
