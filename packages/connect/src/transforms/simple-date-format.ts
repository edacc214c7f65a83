import type { Validator } from '../config/config-key.ts'
import { dateOf } from '../data/logical-types.ts'

const monthNames = 'January February March April May June July August September October November December'.split(' ')
const dayNames = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
const numericLetters = 'yMLdDuHkKhmsS'
const otherLetters = 'EazZXG'

/** A run of one letter, or text that stands as it is. */
type Piece = { readonly letter: string; readonly count: number } | { readonly text: string }

/** What a text says, as far as it was read. */
interface Fields {
  year: number
  month: number
  day: number
  dayOfYear: number | undefined
  hours: number
  isAfternoon: boolean | undefined
  minutes: number
  seconds: number
  millis: number
  offsetMinutes: number
}

/** Dates as text in the patterns of Java's SimpleDateFormat, in English and UTC. Letters for weeks are refused. */
export class SimpleDateFormat {
  readonly pattern: string
  readonly #pieces: readonly Piece[]

  /** @throws SyntaxError */
  constructor(pattern: string) {
    this.pattern = pattern
    this.#pieces = parsePattern(pattern)
  }

  format(millis: number): string {
    const date = dateOf(millis)
    return this.#pieces.map((piece) => ('text' in piece ? piece.text : formatField(date, piece))).join('')
  }

  /** Epoch milliseconds; undefined where the text does not begin with what the pattern says. What follows does not count. */
  parse(text: string): number | undefined {
    const fields: Fields = {
      year: 1970,
      month: 0,
      day: 1,
      dayOfYear: undefined,
      hours: 0,
      isAfternoon: undefined,
      minutes: 0,
      seconds: 0,
      millis: 0,
      offsetMinutes: 0,
    }
    let at = 0
    for (const [index, piece] of this.#pieces.entries()) {
      const next =
        'text' in piece ? afterText(text, at, piece.text) : parseField(text, at, piece, this.#pieces[index + 1], fields)
      if (next === undefined) return undefined
      at = next
    }
    return millisOf(fields)
  }
}

export const validDateFormat = ((pattern: string) => {
  try {
    new SimpleDateFormat(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}) as Validator

function parsePattern(pattern: string): Piece[] {
  const pieces: Piece[] = []
  const token = /'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+|'/g
  for (const [all, quoted, letter] of pattern.matchAll(token)) {
    if (all === "'") throw new SyntaxError(`${pattern}: nothing closes the quotation`)
    if (quoted !== undefined) pieces.push({ text: quoted === '' ? "'" : quoted.replaceAll("''", "'") })
    else if (letter === undefined) pieces.push({ text: all })
    else if ((numericLetters + otherLetters).includes(letter)) pieces.push({ letter, count: all.length })
    else throw new SyntaxError(`${pattern}: the letter ${letter} is not supported`)
  }
  return pieces
}

function formatField(date: Date, { letter, count }: { letter: string; count: number }): string {
  const pad = (value: number) => String(value).padStart(count, '0')
  const hours = date.getUTCHours()
  switch (letter) {
    case 'y':
      return count === 2 ? String(date.getUTCFullYear() % 100).padStart(2, '0') : pad(date.getUTCFullYear())
    case 'M':
    case 'L':
      return count < 3 ? pad(date.getUTCMonth() + 1) : nameOf(monthNames[date.getUTCMonth()]!, count)
    case 'd':
      return pad(date.getUTCDate())
    case 'D':
      return pad(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1)
    case 'u':
      return pad(date.getUTCDay() || 7)
    case 'E':
      return nameOf(dayNames[date.getUTCDay()]!, count)
    case 'a':
      return hours < 12 ? 'AM' : 'PM'
    case 'H':
      return pad(hours)
    case 'k':
      return pad(hours || 24)
    case 'K':
      return pad(hours % 12)
    case 'h':
      return pad(hours % 12 || 12)
    case 'm':
      return pad(date.getUTCMinutes())
    case 's':
      return pad(date.getUTCSeconds())
    case 'S':
      return pad(date.getUTCMilliseconds())
    case 'z':
      return count < 4 ? 'UTC' : 'Coordinated Universal Time'
    case 'Z':
      return '+0000'
    case 'X':
      return 'Z'
    default:
      return 'AD'
  }
}

function nameOf(name: string, count: number): string {
  return count > 3 ? name : name.slice(0, 3)
}

function afterText(text: string, at: number, expected: string): number | undefined {
  return text.startsWith(expected, at) ? at + expected.length : undefined
}

function parseField(
  text: string,
  start: number,
  { letter, count }: { letter: string; count: number },
  next: Piece | undefined,
  fields: Fields,
): number | undefined {
  const isName = (letter === 'M' || letter === 'L') && count > 2
  if (isName) return parseName(text, start, monthNames, (month) => (fields.month = month))
  if (letter === 'E') return parseName(text, start, dayNames, () => undefined)
  if (letter === 'a') return parseName(text, start, ['AM', 'PM'], (half) => (fields.isAfternoon = half === 1))
  if (letter === 'G') return parseName(text, start, ['AD'], () => undefined)
  if ('zZX'.includes(letter)) return parseZone(text, start, fields)
  // Digits that run on into those of the next field are as many as the letters.
  const runsOn = next !== undefined && 'letter' in next && numericLetters.includes(next.letter)
  const match = (runsOn ? new RegExp(`\\d{1,${count}}`, 'y') : /[ \t]*[+-]?\d+/y) as RegExp
  match.lastIndex = start
  const digits = match.exec(text)?.[0]
  if (digits === undefined) return undefined
  setNumber(fields, letter, Number(digits), count <= 2 && /^\d\d$/.test(digits.trim()))
  return start + digits.length
}

function setNumber(fields: Fields, letter: string, value: number, isTwoDigits: boolean): void {
  switch (letter) {
    case 'y':
      fields.year = isTwoDigits ? nearYear(value) : value
      return
    case 'M':
    case 'L':
      fields.month = value - 1
      return
    case 'd':
      fields.day = value
      return
    case 'D':
      fields.dayOfYear = value
      return
    case 'H':
    case 'K':
      fields.hours = value
      return
    case 'k':
      fields.hours = value % 24
      return
    case 'h':
      fields.hours = value % 12
      return
    case 'm':
      fields.minutes = value
      return
    case 's':
      fields.seconds = value
      return
    case 'S':
      fields.millis = value
  }
}

/** Two digits are a year from eighty years before now to twenty after, as in Java. */
function nearYear(twoDigits: number): number {
  const first = new Date().getUTCFullYear() - 80
  const year = first - (first % 100) + twoDigits
  return year < first ? year + 100 : year
}

function parseName(
  text: string,
  start: number,
  names: readonly string[],
  found: (index: number) => unknown,
): number | undefined {
  const rest = text.slice(start).toLowerCase()
  for (const [index, name] of names.entries()) {
    for (const form of [name, name.slice(0, 3)]) {
      if (!rest.startsWith(form.toLowerCase())) continue
      found(index)
      return start + form.length
    }
  }
  return undefined
}

function parseZone(text: string, start: number, fields: Fields): number | undefined {
  const match = /^(?:(?:GMT)?([+-])(\d{1,2}):?(\d{2})?|Z|UTC|GMT)/.exec(text.slice(start))
  if (!match) return undefined
  const [all, sign, hours = '0', minutes = '0'] = match
  fields.offsetMinutes = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  return start + all.length
}

function millisOf({
  year,
  month,
  day,
  dayOfYear,
  hours,
  isAfternoon,
  minutes,
  seconds,
  millis,
  offsetMinutes,
}: Fields): number {
  const date = new Date(0)
  date.setUTCFullYear(year, dayOfYear === undefined ? month : 0, dayOfYear ?? day)
  date.setUTCHours(hours + (isAfternoon ? 12 : 0), minutes - offsetMinutes, seconds, millis)
  return date.getTime()
}
