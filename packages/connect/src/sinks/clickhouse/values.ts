import { digitsOf, exactJson } from '../exact-json.ts'
import type { Encoder } from '../sql/dialect.ts'
import { plainJson } from '../sql/plain-json.ts'
import { dateEncoder } from './date-values.ts'
import { decimalEncoder, floatEncoder, integerEncoder, numberText } from './number-values.ts'
import { readType, type TypeText } from './type-text.ts'

const json = JSON.stringify

/**
 * The encoder for a column: JSON as the format `JSONEachRow` has it, 64-bit integers and decimals in quotes. ClickHouse bends
 * what does not fit (300 is 44 to a UInt8, a date of 2200 one of 2149): it is refused here.
 */
export function encoder(type: string): Encoder {
  const read = readType(type)
  const { name, args } = read
  if (/^(String|FixedString|Enum\d*|UUID|IPv[46])$/.test(name)) return textJson
  const [, unsigned, bits] = /^(U?)Int(8|16|32|64|128|256)$/.exec(name) ?? []
  if (bits) return integerEncoder(name, Number(bits), unsigned === '')
  if (name === 'Decimal') return decimalEncoder(type, Number(args[0]), Number(args[1] ?? 0))
  if (/^B?Float/.test(name)) return floatEncoder(name)
  if (name === 'Bool') return boolJson
  if (/^Date/.test(name)) return dateEncoder(name, args)
  if (/^Time/.test(name)) return (value) => (typeof value === 'number' ? String(value) : textJson(value))
  return compositeEncoder(type, read) ?? anyJson
}

function compositeEncoder(type: string, { name, args }: TypeText): Encoder | undefined {
  if (name === 'Array') {
    const item = memberEncoder(args[0]!)
    return (value) => {
      const list = parsed(value)
      if (!Array.isArray(list)) throw new TypeError(`the value is no ${type}`)
      return `[${list.map(item).join(',')}]`
    }
  }
  if (name === 'Map') {
    const [key, item] = [encoder(args[0]!), memberEncoder(args[1]!)]
    const asKey = (text: string): string => (text.startsWith('"') ? text : json(text))
    return (value) => {
      const map = parsed(value)
      if (typeof map !== 'object' || map === null || Array.isArray(map)) throw new TypeError(`the value is no ${type}`)
      const entries = map instanceof Map ? [...map] : Object.entries(map)
      return `{${entries.map(([name, member]) => `${asKey(key(name) as string)}:${item(member)}`).join(',')}}`
    }
  }
  return name === 'Tuple' ? tupleEncoder(type, args) : undefined
}

function tupleEncoder(type: string, args: readonly string[]): Encoder {
  const members = args.map((arg) => {
    const [, quoted, plain, of] = /^(?:`((?:[^`\\]|\\.)*)`|(\w+))\s+(.*)$/s.exec(arg) ?? []
    return { name: quoted ?? plain, encode: memberEncoder(of ?? arg) }
  })
  const byName = new Map(members.map(({ name, encode }) => [name, encode]))
  return (value) => {
    const tuple = parsed(value)
    if (typeof tuple !== 'object' || tuple === null) throw new TypeError(`the value is no ${type}`)
    if (Array.isArray(tuple)) {
      if (tuple.length !== members.length) throw new TypeError(`the value has not the length of ${type}`)
      return `[${tuple.map((member, i) => members[i]!.encode(member)).join(',')}]`
    }
    const entries = tuple instanceof Map ? [...tuple] : Object.entries(tuple)
    return `{${entries.map(([name, member]) => `${json(name)}:${memberOf(byName, name, type)(member)}`).join(',')}}`
  }
}

function memberOf(byName: ReadonlyMap<string | undefined, Encoder>, name: string, type: string): Encoder {
  const found = byName.get(name)
  if (found) return found
  throw new TypeError(`${type} has no member "${name}"`)
}

/** The server would make the type's default of null. */
function memberEncoder(type: string): Encoder {
  const encode = encoder(type)
  const { isNullable } = readType(type)
  return (value) => {
    if (value !== null && value !== undefined) return encode(value)
    if (isNullable) return 'null'
    throw new TypeError(`a member of type ${type} takes no null`)
  }
}

/** A text stands for the JSON in it. Nothing is passed on unread: it could name other columns or rows. @throws TypeError */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return exactJson(value)
  } catch {
    throw new TypeError('the text is no JSON')
  }
}

/** JSON columns, and types that are not known here. */
function anyJson(value: unknown): string {
  const plain = parsed(value)
  return plainJson(plain instanceof Map ? Object.fromEntries(plain) : plain)
}

function textJson(value: unknown): string {
  if (typeof value === 'string') return json(value)
  if (value instanceof Date) return json(value.toISOString())
  if (value instanceof Uint8Array) return json(Buffer.from(value).toString('base64'))
  const digits = digitsOf(value)
  if (digits !== undefined) return json(digits)
  return typeof value === 'object' ? json(plainJson(value)) : json(String(value))
}

function boolJson(value: unknown): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return json(value)
  const text = numberText(value)
  if (text === '0' || text === '1') return text === '1' ? 'true' : 'false'
  throw new TypeError('the value is no Bool')
}
