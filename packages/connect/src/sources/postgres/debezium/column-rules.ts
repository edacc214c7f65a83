import { createHash, getHashes } from 'node:crypto'
import type { PostgresType } from './column-codec.ts'

/** A comma after a backslash belongs to an expression. */
export function splitList(list: string): string[] {
  return list
    .split(/(?<!\\),/)
    .map((part) => part.trim())
    .filter(Boolean)
}

/** Expressions, divided by commas, of which one has to match a whole name; upper and lower case are the same. */
export function nameMatcher(list: string): (name: string) => boolean {
  const expressions = splitList(list).map((part) => new RegExp(`^(?:${part.replaceAll('\\,', ',')})$`, 'i'))
  return (name) => expressions.some((expression) => expression.test(name))
}

/** What is done to the values of a column and what its schema says about that. */
export interface ColumnRule {
  /** By the name `schema.table.column`, or with `byType` by `schema.table.type`. */
  readonly matches: (name: string) => boolean
  readonly byType?: boolean
  readonly parameters: (column: RuledColumn) => Readonly<Record<string, string>>
  /** Undefined where the rule leaves this column's values alone. Given null, too: a mask hides that as well. */
  readonly change: (column: RuledColumn) => ((value: unknown) => unknown) | undefined
}

export interface RuledColumn {
  readonly name: string
  readonly type: PostgresType
  /** In characters; the largest integer where it has no bound. */
  readonly length: number
  readonly scale: number
}

const textTypes = new Set(['text', 'varchar', 'bpchar', 'char', 'name'])

function isText({ type }: RuledColumn): boolean {
  return textTypes.has(type.name) || type.labels !== undefined
}

export function maskRule(columns: string, characters: number): ColumnRule {
  const mask = '*'.repeat(characters)
  return {
    matches: nameMatcher(columns),
    parameters: () => ({ masked: 'true' }),
    change: (column) => (isText(column) ? () => mask : undefined),
  }
}

/** The first version hashes the text as Java serialises a string, the second its bytes. @throws RangeError for an unknown algorithm */
export function hashRule(columns: string, algorithm: string, salt: string, version: 1 | 2): ColumnRule {
  const name = algorithm.toLowerCase().replace(/^sha-(?=\d{3}$|1$)/, 'sha')
  if (!getHashes().includes(name)) throw new RangeError(`there is no hash algorithm ${algorithm}`)
  const hash = (text: string): string =>
    createHash(name)
      .update(salt)
      .update(version === 1 ? javaSerialized(text) : Buffer.from(text))
      .digest('hex')
  return {
    matches: nameMatcher(columns),
    parameters: () => ({ masked: 'true' }),
    change: (column) => {
      if (!isText(column)) return undefined
      return (value) => (typeof value === 'string' ? hash(value).slice(0, column.length) : null)
    },
  }
}

export function truncateRule(columns: string, length: number): ColumnRule {
  const isPossible = (column: RuledColumn): boolean => column.length > length
  return {
    matches: nameMatcher(columns),
    parameters: (column): Record<string, string> => (isPossible(column) ? { truncateLength: String(length) } : {}),
    change: (column) => (isPossible(column) ? (value) => cut(value, length) : undefined),
  }
}

function cut(value: unknown, length: number): unknown {
  return typeof value === 'string' || value instanceof Uint8Array ? value.slice(0, length) : value
}

/** Writes the column's name and type into its schema. */
export function sourceTypeRule(names: string, byType: boolean): ColumnRule {
  return {
    matches: nameMatcher(names),
    byType,
    parameters: ({ name, type, length, scale }) => ({
      '__debezium.source.column.type': type.name.toUpperCase(),
      '__debezium.source.column.length': String(length),
      '__debezium.source.column.scale': String(scale),
      '__debezium.source.column.name': name,
    }),
    change: () => undefined,
  }
}

/** The bytes of `ObjectOutputStream.writeObject(text)`: a head, the length, and Java's own variant of UTF-8. */
function javaSerialized(text: string): Buffer {
  const bytes = modifiedUtf8(text)
  const head = Buffer.from([0xac, 0xed, 0x00, 0x05])
  if (bytes.length > 0xffff) {
    const length = Buffer.alloc(9)
    length[0] = 0x7c
    length.writeBigUInt64BE(BigInt(bytes.length), 1)
    return Buffer.concat([head, length, bytes])
  }
  return Buffer.concat([head, Buffer.from([0x74, bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** UTF-16 code units one by one, zero in two bytes. */
function modifiedUtf8(text: string): Buffer {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x01 && unit <= 0x7f) bytes.push(unit)
    else if (unit <= 0x7ff) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
  }
  return Buffer.from(bytes)
}

const unbounded = 2_147_483_647

const digits = (modifier: number): number => (modifier < 0 ? 6 : modifier & 0xffff)

/** Of the fraction with its point; one digit takes the room of two. */
function secondsLength(modifier: number): number {
  const count = digits(modifier)
  return count === 0 ? 0 : Math.max(count, 2) + 1
}

/** Length and scale as JDBC's driver for PostgreSQL tells them, which is what Debezium writes down. */
export function jdbcSize(type: PostgresType, modifier: number): { length: number; scale: number } {
  const { name } = type.element ?? type
  switch (name) {
    case 'int2':
      return { length: 5, scale: 0 }
    case 'int4':
    case 'oid':
      return { length: 10, scale: 0 }
    case 'int8':
      return { length: 19, scale: 0 }
    case 'float4':
      return { length: 8, scale: 8 }
    case 'float8':
      return { length: 17, scale: 17 }
    case 'bool':
      return { length: 1, scale: 0 }
    case 'numeric':
      if (modifier < 0) return { length: 131_089, scale: 0 }
      return { length: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0x7ff }
    case 'bpchar':
    case 'varchar':
      return { length: modifier < 0 ? unbounded : modifier - 4, scale: 0 }
    case 'bit':
      return { length: modifier, scale: 0 }
    case 'varbit':
      return { length: modifier < 0 ? unbounded : modifier, scale: 0 }
    case 'date':
      return { length: 13, scale: 0 }
    case 'time':
      return { length: 8 + secondsLength(modifier), scale: digits(modifier) }
    case 'timetz':
      return { length: 14 + secondsLength(modifier), scale: digits(modifier) }
    case 'timestamp':
      return { length: 22 + secondsLength(modifier), scale: digits(modifier) }
    case 'timestamptz':
      return { length: 28 + secondsLength(modifier), scale: digits(modifier) }
    case 'interval':
      return { length: 49, scale: digits(modifier) }
    default:
      return { length: unbounded, scale: 0 }
  }
}
