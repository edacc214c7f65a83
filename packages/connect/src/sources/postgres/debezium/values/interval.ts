import { textCodec, type ValueCodec } from './value-codec.ts'

export type IntervalMode = 'numeric' | 'string'

const isoText =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?$/
const daysPerMonth = 365.25 / 12

/** `interval` in its ISO 8601 form: microseconds, in which a month is the twelfth of a year of 365.25 days, or a text of all parts. */
export function intervalCodec(mode: IntervalMode): ValueCodec {
  if (mode === 'string') {
    const value = (text: string): string => {
      const { years, months, days, hours, minutes, seconds } = parseInterval(text)
      return `P${years}Y${months}M${days}DT${hours}H${minutes}M${seconds}S`
    }
    return {
      ...textCodec('io.debezium.time.Interval'),
      value,
      json: (text) => `"${value(text)}"`,
      zero: 'P0Y0M0DT0H0M0S',
    }
  }
  return {
    schema: { type: 'int64', name: 'io.debezium.time.MicroDuration', version: 1 },
    value: (text) => BigInt(micros(text)),
    json: (text) => BigInt(micros(text)).toString(),
    zero: 0n,
  }
}

/** In doubles and in this order, so that the last digits are Debezium's. */
function micros(text: string): number {
  const { years, months, days, hours, minutes, seconds } = parseInterval(text)
  const allDays = (years * 12 + months) * daysPerMonth + days
  return Math.trunc((((allDays * 24 + hours) * 60 + minutes) * 60 + seconds) * 1e6)
}

function parseInterval(text: string): {
  years: number
  months: number
  days: number
  hours: number
  minutes: number
  seconds: number
} {
  const match = isoText.exec(text)
  if (!match) throw new RangeError(`${text} is no interval`)
  const part = (index: number): number => Number(match[index] ?? '0') + 0
  return {
    years: part(1),
    months: part(2),
    days: part(3) * 7 + part(4),
    hours: part(5),
    minutes: part(6),
    seconds: part(7),
  }
}
