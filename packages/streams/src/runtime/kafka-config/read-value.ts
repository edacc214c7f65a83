import type { ConfigType } from './config-rule.ts'

/** A value as a program or a properties file gives it. */
export type ConfigValue = string | number | bigint | boolean | readonly string[] | null

const numeric: Partial<Record<ConfigType, { readonly min: number; readonly max: number }>> = {
  INT: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  SHORT: { min: -(2 ** 15), max: 2 ** 15 - 1 },
  LONG: { min: -(2 ** 63), max: 2 ** 63 },
}

/** The value as text, as Kafka's own parser takes it. */
export function textOf(value: ConfigValue): string | null {
  return value === null ? null : Array.isArray(value) ? value.join(',') : String(value).trim()
}

/**
 * What a text means as a value of the type: a number, a boolean, a list or the text itself.
 * @throws TypeError that says what it has to be
 */
export function readValue(type: ConfigType, text: string): string | number | boolean | readonly string[] {
  switch (type) {
    case 'INT':
    case 'SHORT':
    case 'LONG': {
      const { min, max } = numeric[type]!
      const number = Number(text)
      if (!/^[+-]?\d+$/.test(text) || number < min || number > max) throw new TypeError('a whole number')
      return number
    }
    case 'DOUBLE': {
      if (text === '' || !Number.isFinite(Number(text))) throw new TypeError('a number')
      return Number(text)
    }
    case 'BOOLEAN': {
      const lower = text.toLowerCase()
      if (lower !== 'true' && lower !== 'false') throw new TypeError('true or false')
      return lower === 'true'
    }
    case 'LIST':
      return text === '' ? [] : text.split(',').map((entry) => entry.trim())
    default:
      return text
  }
}
