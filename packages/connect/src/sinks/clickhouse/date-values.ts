import { digitsOf } from '../exact-json.ts'
import type { Encoder } from '../sql/dialect.ts'
import { numberText } from './number-values.ts'

const json = JSON.stringify
const isoDate = /^([+-]?\d{4,6}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?$/

interface Range {
  /** The first and the last moment, in UTC. */
  readonly first: string
  readonly last: string
}

const ranges: Readonly<Record<string, Range>> = {
  Date: { first: '1970-01-01T00:00:00Z', last: '2149-06-06T23:59:59Z' },
  Date32: { first: '1900-01-01T00:00:00Z', last: '2299-12-31T23:59:59Z' },
  DateTime: { first: '1970-01-01T00:00:00Z', last: '2106-02-07T06:28:15Z' },
  DateTime64: { first: '1900-01-01T00:00:00Z', last: '2299-12-31T23:59:59Z' },
}
/** Of 64 bits of nanoseconds. */
const nanoseconds: Range = { first: '1900-01-01T00:00:00Z', last: '2262-04-11T23:47:16Z' }

/** Dates and times, as ISO 8601 or seconds. What the type cannot hold, the server would make its nearest end of. */
export function dateEncoder(name: string, args: readonly string[]): Encoder {
  const { first, last } = name === 'DateTime64' && args[0] === '9' ? nanoseconds : (ranges[name] ?? ranges.DateTime64!)
  const [min, max] = [Date.parse(first), Date.parse(last)]
  const check = (ms: number, value: unknown): void => {
    // A time of the nearest ends is the server's to refuse.
    if (ms >= min && ms < max + 1_000) return
    throw new TypeError(`${value instanceof Date ? value.toISOString() : String(value)} is out of range of ${name}`)
  }
  return (value) => {
    if (value instanceof Date) check(value.getTime(), value)
    else if (typeof value === 'string') checkText(value, check)
    else {
      const text = digitsOf(value) ?? numberText(value)
      // Ticks of a DateTime64 count in its own unit.
      if (name === 'DateTime') check(Number(text) * 1_000, text)
      return typeof value === 'bigint' ? json(text) : text
    }
    return json(value instanceof Date ? value.toISOString() : value)
  }
}

/** What is in another form is the server's to read. */
function checkText(text: string, check: (ms: number, value: unknown) => void): void {
  const [, date, time = '00:00:00', zone = 'Z'] = isoDate.exec(text) ?? []
  if (date === undefined) return
  const year = /^[+-]?\d+/.exec(date)![0]
  const wide = /^\d{4}$/.test(year)
    ? year
    : `${year.startsWith('-') ? '-' : '+'}${year.replace(/^[+-]/, '').padStart(6, '0')}`
  check(Date.parse(`${wide}${date.slice(year.length)}T${time}${withColon(zone)}`), text)
}

function withColon(zone: string): string {
  return /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone
}
