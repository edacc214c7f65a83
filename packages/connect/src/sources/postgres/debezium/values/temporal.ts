import type { ConnectSchema, SchemaType } from '../../../../data/schema.ts'
import { type DayTime, dayMicros, isoDate, isoTime, parseDate, parseTime, parseTimestamp } from './temporal-text.ts'
import { textCodec, type ValueCodec } from './value-codec.ts'

export type TimeMode =
  | 'adaptive'
  | 'adaptive_time_microseconds'
  | 'connect'
  | 'isostring'
  | 'microseconds'
  | 'nanoseconds'

/** What Debezium makes of `infinity` and `-infinity`, which no number expresses. */
const infiniteDays = { infinity: -2_147_472_692, '-infinity': -2_147_472_691 } as const
const infiniteMicros = { infinity: 9_223_372_036_825_200_000n, '-infinity': -9_223_372_036_832_400_000n } as const
const infiniteNanos = { infinity: 9_223_372_036_854_775_807n, '-infinity': -9_223_372_036_854_775_808n } as const

const named = (type: SchemaType, name: string): ConnectSchema => ({ type, name, version: 1 })
const isInfinite = (text: string): text is 'infinity' | '-infinity' => text.endsWith('infinity')

export function dateCodec(mode: TimeMode): ValueCodec {
  const days = (text: string): number => (isInfinite(text) ? infiniteDays[text] : parseDate(text))
  if (mode === 'isostring')
    return isoCodec('io.debezium.time.IsoDate', (text) => `${isoDate(days(text))}Z`, '1970-01-01Z')
  const name = mode === 'connect' ? 'org.apache.kafka.connect.data.Date' : 'io.debezium.time.Date'
  return { schema: named('int32', name), value: days, json: (text) => String(days(text)), zero: 0 }
}

/** `time`, which may be 24:00. */
export function timeCodec(mode: TimeMode, precision: number): ValueCodec {
  const millis = (text: string): number => Math.floor(parseTime(text) / 1_000)
  if (mode === 'isostring') {
    return isoCodec('io.debezium.time.IsoTime', (text) => `${isoTime(parseTime(text) % dayMicros)}Z`, '00:00:00Z')
  }
  if (mode === 'connect' || (mode === 'adaptive' && precision <= 3)) {
    const name = mode === 'connect' ? 'org.apache.kafka.connect.data.Time' : 'io.debezium.time.Time'
    return { schema: named('int32', name), value: millis, json: (text) => String(millis(text)), zero: 0 }
  }
  if (mode === 'nanoseconds') return int64('io.debezium.time.NanoTime', (text) => BigInt(parseTime(text)) * 1_000n)
  return int64('io.debezium.time.MicroTime', parseTime)
}

/** `timestamp`, which names no time zone and counts as UTC. */
export function timestampCodec(mode: TimeMode, precision: number): ValueCodec {
  if (mode === 'isostring') {
    return isoCodec('io.debezium.time.IsoTimestamp', (text) => isoTimestamp(moment(text)), '1970-01-01T00:00:00Z')
  }
  if (mode === 'nanoseconds') {
    return int64('io.debezium.time.NanoTimestamp', (text) =>
      isInfinite(text) ? infiniteNanos[text] : BigInt(microsOf(parseTimestamp(text))) * 1_000n,
    )
  }
  if (mode === 'connect') return int64('org.apache.kafka.connect.data.Timestamp', epochMillis)
  if (mode !== 'microseconds' && precision <= 3) return int64('io.debezium.time.Timestamp', epochMillis)
  return int64('io.debezium.time.MicroTimestamp', epochMicros)
}

/** `timestamptz`, always in UTC and with as many digits as the column has. */
export function zonedTimestampCodec(precision: number): ValueCodec {
  const value = (text: string): string => {
    if (isInfinite(text)) return text
    return (
      usualTimestamp(text, precision) ?? isoTimestamp(parseTimestamp(text), precision === 0 ? undefined : precision)
    )
  }
  return isoCodec('io.debezium.time.ZonedTimestamp', value, '1970-01-01T00:00:00Z')
}

/** Most are in UTC, of this era and of four digits in the year: then the text is nearly what is wanted. */
function usualTimestamp(text: string, precision: number): string | undefined {
  if (text.charCodeAt(10) !== 0x20 || !text.endsWith('+00')) return undefined
  const time = text.slice(11, -3)
  const missing = precision === 0 ? 0 : precision + 9 - time.length
  const zeros = time.length === 8 && precision > 0 ? `.${'0'.repeat(precision)}` : '0'.repeat(Math.max(missing, 0))
  return `${text.slice(0, 10)}T${time}${zeros}Z`
}

export function zonedTimeCodec(): ValueCodec {
  const value = (text: string): string => `${isoTime((parseTime(text) + dayMicros) % dayMicros)}Z`
  return isoCodec('io.debezium.time.ZonedTime', value, '00:00:00Z')
}

/** Nothing in such a text needs escaping. */
function isoCodec(name: string, value: (text: string) => string, zero: string): ValueCodec {
  return { ...textCodec(name), value, json: (text) => `"${value(text)}"`, zero }
}

function int64(name: string, value: (text: string) => number | bigint): ValueCodec {
  return {
    schema: named('int64', name),
    value: (text) => BigInt(value(text)),
    json: (text) => String(value(text)),
    zero: 0n,
  }
}

function moment(text: string): DayTime {
  if (!isInfinite(text)) return parseTimestamp(text)
  const micros = infiniteMicros[text]
  const days =
    (micros - BigInt.asUintN(64, ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n)) / 86_400_000_000n
  return { days: Number(days), micros: Number(micros - days * 86_400_000_000n) }
}

function isoTimestamp({ days, micros }: DayTime, fractionDigits?: number): string {
  return `${isoDate(days)}T${isoTime(micros, fractionDigits)}Z`
}

/** A number as long as that is exact. */
function microsOf({ days, micros }: DayTime): number | bigint {
  const sum = days * dayMicros + micros
  return Number.isSafeInteger(sum) ? sum : BigInt(days) * BigInt(dayMicros) + BigInt(micros)
}

function epochMicros(text: string): number | bigint {
  return isInfinite(text) ? infiniteMicros[text] : microsOf(parseTimestamp(text))
}

function epochMillis(text: string): number | bigint {
  if (isInfinite(text)) return infiniteMicros[text] / 1_000n
  const { days, micros } = parseTimestamp(text)
  return days * 86_400_000 + Math.floor(micros / 1_000)
}
