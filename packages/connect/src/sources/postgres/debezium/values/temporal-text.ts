/** A moment as PostgreSQL prints it: whole days since 1970-01-01 in the proleptic Gregorian calendar, and microseconds of the day. */
export interface DayTime {
  readonly days: number
  readonly micros: number
}

export const dayMicros = 86_400_000_000

const dateText = /^(\d{4,})-(\d\d)-(\d\d)/
const timeText = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?/
const offsetText = /^([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?/

/** `2024-02-29`, `0044-03-15 BC`. @throws RangeError */
export function parseDate(text: string): number {
  const match = dateText.exec(text)
  if (!match) throw new RangeError(`${text} is no date`)
  const year = Number(match[1])
  return daysOf(text.endsWith(' BC') ? 1 - year : year, Number(match[2]), Number(match[3]))
}

/** `12:34:56.123456`, `24:00:00`; with an offset the time in UTC. */
export function parseTime(text: string): number {
  const match = timeText.exec(text)
  if (!match) throw new RangeError(`${text} is no time`)
  const [whole, hours, minutes, seconds, fraction = ''] = match
  const micros =
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000_000 + Number(fraction.padEnd(6, '0'))
  return micros - offsetMicros(text.slice(whole.length))
}

function offsetMicros(text: string): number {
  const match = offsetText.exec(text)
  if (!match) return 0
  const [, sign, hours, minutes = '0', seconds = '0'] = match
  const micros = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000_000
  return sign === '-' ? -micros : micros
}

/** `2024-02-29 12:34:56.123456`, with or without an offset, before or after Christ. */
export function parseTimestamp(text: string): DayTime {
  const days = parseDate(text)
  const micros = parseTime(text.slice(text.indexOf(' ') + 1))
  const shift = Math.floor(micros / dayMicros)
  return { days: days + shift, micros: micros - shift * dayMicros }
}

/** Days since the epoch; from Howard Hinnant's `days_from_civil`. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** ISO 8601 as Java prints it: years beyond 9999 with a sign. */
export function isoDate(days: number): string {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const sign = year < 0 ? '-' : year > 9_999 ? '+' : ''
  return `${sign}${padded(Math.abs(year), 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

/** The fraction has as many digits as asked for; where none are, as few as hold it. */
export function isoTime(micros: number, fractionDigits?: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  const text = `${padded(Math.floor(seconds / 3_600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}:${padded(seconds % 60, 2)}`
  const fraction = padded(micros % 1_000_000, 6)
  const digits = fractionDigits === undefined ? fraction.replace(/0+$/, '') : fraction.slice(0, fractionDigits)
  return digits === '' ? text : `${text}.${digits}`
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
