import type { ConfigKey, ConfigType, Validator } from './config-key.ts'
import { Password } from './password.ts'

const integerBounds: Partial<Record<ConfigType, readonly [number, number]>> = {
  short: [-(2 ** 15), 2 ** 15 - 1],
  int: [-(2 ** 31), 2 ** 31 - 1],
  long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
}

/** The text as a value of the key's type; a TypeError says what is wrong with it. White space around it does not count. */
export function parseValue(key: ConfigKey, text: string): unknown {
  const trimmed = text.trim()
  switch (key.type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase()
      if (lower === 'true' || lower === 'false') return lower === 'true'
      return new TypeError('Expected value to be either true or false')
    }
    case 'short':
    case 'int':
    case 'long': {
      const [min, max] = integerBounds[key.type]!
      const value = Number(trimmed)
      if (/^[+-]?\d+$/.test(trimmed) && value >= min && value <= max) return value
      return new TypeError(`Not a number of type ${key.type.toUpperCase()}`)
    }
    case 'double': {
      const value = Number(trimmed)
      return trimmed !== '' && !Number.isNaN(value) ? value : new TypeError('Not a number of type DOUBLE')
    }
    case 'list':
      return trimmed === '' ? [] : trimmed.split(/\s*,\s*/)
    case 'password':
      return new Password(trimmed)
    case 'string':
    case 'class':
      return trimmed
    default:
      throw key.type satisfies never
  }
}

/** The value in the spelling of `oneOf`, where case does not count. */
export function allowedSpelling(key: ConfigKey, value: unknown): unknown {
  const { oneOf, ignoreCase } = key
  if (!ignoreCase || oneOf === undefined) return value
  const spell = (word: unknown) => oneOf.find((allowed) => allowed.toLowerCase() === String(word).toLowerCase()) ?? word
  return Array.isArray(value) ? value.map(spell) : spell(value)
}

/** What is wrong with a value of the right type. */
export function problemOf(name: string, key: ConfigKey, value: unknown): string | undefined {
  if (key.oneOf !== undefined) {
    const { oneOf } = key
    const items = Array.isArray(value) ? value : [value]
    if (!items.every((item) => oneOf.includes(item as string))) return `String must be one of: ${oneOf.join(', ')}`
  }
  const validators = typeof key.valid === 'function' ? [key.valid] : (key.valid ?? [])
  for (const validator of validators as readonly Validator[]) {
    const problem = validator(value as never, name)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A value as messages and responses show it: never a password. */
export function shown(key: Pick<ConfigKey, 'type'>, value: unknown): string {
  if (key.type === 'password') return '[hidden]'
  return Array.isArray(value) ? value.join(',') : String(value)
}
