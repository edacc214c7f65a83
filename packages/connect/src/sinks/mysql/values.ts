import type { Encoder } from '../sql/dialect.ts'
import { plainJson } from '../sql/plain-json.ts'

const binary = /^(tiny|medium|long)?blob|^(var)?binary|^geometry|^point|^bit/
const times = /^(datetime|timestamp)/
const iso = /^(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d(?::?\d\d)?)?$/

/** The encoder for a column, by its type as `information_schema` prints it. */
export function encoder(type: string): Encoder {
  const base = type.toLowerCase()
  if (base.startsWith('json')) return plainJson
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
