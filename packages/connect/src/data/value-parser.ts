import {
  bytesOfBigInt,
  dateSchema,
  decimalSchema,
  logicalNames,
  millisPerDay,
  type ParsedDecimal,
  parseDecimal,
  timeSchema,
  timestampSchema,
} from './logical-types.ts'
import type { SchemaAndValue } from './record.ts'
import type { ConnectSchema, SchemaType } from './schema.ts'
import { ValueTokens } from './value-tokens.ts'

/** From narrow to wide: two numbers in one list are both of the wider type. */
const numberTypes: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']
const longMax = 2n ** 63n - 1n
const nothing: SchemaAndValue = { schema: undefined, value: null }

/**
 * A value from the text of a header, with the schema that the text suggests (`Values.parseString`): numbers in the
 * narrowest type, true, false, null, dates, times and timestamps, lists, maps; anything else is a string.
 *
 * @example
 * parseValueText('[1, 300]') // { schema: { type: 'array', valueSchema: { type: 'int16' } }, value: [1, 300] }
 */
export function parseValueText(text: string): SchemaAndValue {
  if (text === '') return { schema: { type: 'string' }, value: text }
  return new ValueParser(text).parse(false)
}

/** The text looked like a list or map, but is none. */
class NotStructured extends Error {}

class ValueParser {
  readonly #text: string
  readonly #tokens: ValueTokens

  constructor(text: string) {
    this.#text = text
    this.#tokens = new ValueTokens(text)
  }

  parse(isEmbedded: boolean): SchemaAndValue {
    const tokens = this.#tokens
    if (!tokens.hasNext) return nothing
    if (isEmbedded && tokens.take('"')) return this.#quoted()
    if (this.#literal('null', isEmbedded)) return nothing
    if (this.#literal('true', isEmbedded)) return { schema: { type: 'boolean' }, value: true }
    if (this.#literal('false', isEmbedded)) return { schema: { type: 'boolean' }, value: false }
    const start = tokens.mark()
    try {
      if (tokens.take('[')) return this.#list()
      if (tokens.take('{')) return this.#map()
    } catch (error) {
      if (!(error instanceof NotStructured)) throw error
      tokens.rewind(start)
    }
    const token = tokens.next()
    if (token.trim() === '') return { schema: { type: 'string' }, value: token }
    return this.#scalar(token.trim(), isEmbedded)
  }

  /** A word that stands alone; at the top it must be all there is. */
  #literal(word: string, isEmbedded: boolean): boolean {
    const start = this.#tokens.mark()
    if (this.#tokens.take(word) && (isEmbedded || !this.#tokens.hasNext)) return true
    this.#tokens.rewind(start)
    return false
  }

  #scalar(token: string, isEmbedded: boolean): SchemaAndValue {
    if (/^\d/.test(token)) {
      // Colons split a time into five tokens.
      const start = this.#tokens.mark()
      const rest = this.#tokens.nextText(4)
      const temporal = rest === undefined ? undefined : parseTemporal(token + rest)
      if (temporal) return temporal
      this.#tokens.rewind(start)
      const alone = parseTemporal(token)
      if (alone) return alone
    }
    const number = parseDecimal(token)
    if (number && /^[\d+-]/.test(token)) return parseNumber(number)
    if (isEmbedded) throw new NotStructured()
    return { schema: { type: 'string' }, value: this.#text }
  }

  #quoted(): SchemaAndValue {
    let content = ''
    while (this.#tokens.hasNext && !this.#tokens.take('"')) content += this.#tokens.next()
    return parseTemporal(content) ?? { schema: { type: 'string' }, value: content }
  }

  #list(): SchemaAndValue {
    const items: SchemaAndValue[] = []
    while (this.#tokens.hasNext) {
      if (this.#tokens.take(']')) {
        const valueSchema = commonSchema(items)
        return { schema: { type: 'array', ...(valueSchema && { valueSchema }) }, value: aligned(items, valueSchema) }
      }
      if (this.#tokens.take(',')) throw new NotStructured()
      items.push(this.parse(true))
      const end = this.#tokens.mark()
      if (this.#tokens.take(']')) this.#tokens.rewind(end)
      else if (!this.#tokens.take(',')) throw new NotStructured()
    }
    throw new NotStructured()
  }

  #map(): SchemaAndValue {
    const [keys, values]: [SchemaAndValue[], SchemaAndValue[]] = [[], []]
    while (this.#tokens.hasNext) {
      if (this.#tokens.take('}')) return mapOf(keys, values)
      if (this.#tokens.take(',')) throw new NotStructured()
      const key = this.parse(true)
      if (key.value === null || !this.#tokens.take(':')) throw new NotStructured()
      keys.push(key)
      values.push(this.parse(true))
      this.#tokens.take(',')
    }
    throw new NotStructured()
  }
}

function mapOf(keys: readonly SchemaAndValue[], values: readonly SchemaAndValue[]): SchemaAndValue {
  const keySchema = commonSchema(keys)
  // Values of one kind under keys of several have no schema either.
  const valueSchema = keySchema && commonSchema(values)
  const schema: ConnectSchema = { type: 'map', ...(keySchema && { keySchema }), ...(valueSchema && { valueSchema }) }
  const items = aligned(values, valueSchema)
  return { schema, value: new Map(aligned(keys, keySchema).map((key, index) => [key, items[index]])) }
}

/** The schema that all of the values have or can be widened to; nulls do not count. */
function commonSchema(values: readonly SchemaAndValue[]): ConnectSchema | undefined {
  let common: ConnectSchema | undefined
  for (const { schema } of values) {
    if (schema === undefined) continue
    if (common === undefined) common = schema
    else {
      const wider = widerSchema(common, schema)
      if (wider === undefined) return undefined
      common = wider
    }
  }
  return common
}

function widerSchema(a: ConnectSchema, b: ConnectSchema): ConnectSchema | undefined {
  if (a.type === b.type) return b
  const [width, other] = [numberTypes.indexOf(a.type), numberTypes.indexOf(b.type)]
  if (width < 0 || other < 0) return undefined
  return width > other ? a : b
}

function aligned(values: readonly SchemaAndValue[], schema: ConnectSchema | undefined): unknown[] {
  return values.map(({ value }) => {
    if (value === null && schema !== undefined) throw new NotStructured()
    if (schema?.type === 'int64' && typeof value === 'number') return BigInt(value)
    const isFloat = schema?.type === 'float32' || schema?.type === 'float64'
    return isFloat && typeof value === 'bigint' ? Number(value) : value
  })
}

function parseNumber(number: ParsedDecimal): SchemaAndValue {
  const { unscaled, scale } = number
  const divisor = scale > 0 ? 10n ** BigInt(scale) : 1n
  if (unscaled % divisor === 0n) {
    const whole = scale > 0 ? unscaled / divisor : unscaled * 10n ** BigInt(-scale)
    if (whole <= longMax && whole >= -longMax - 1n) return integer(whole)
  }
  const value = Number(`${unscaled}e${-scale}`)
  if (scale !== 0 && Number.isFinite(Math.fround(value)))
    return { schema: { type: 'float32' }, value: Math.fround(value) }
  if (scale !== 0 && Number.isFinite(value)) return { schema: { type: 'float64' }, value }
  return { schema: decimalSchema(scale), value: bytesOfBigInt(unscaled) }
}

function integer(value: bigint): SchemaAndValue {
  const widths = { int8: 8, int16: 16, int32: 32 } as const
  for (const [type, bits] of Object.entries(widths) as [keyof typeof widths, number][]) {
    if (BigInt.asIntN(bits, value) === value) return { schema: { type }, value: Number(value) }
  }
  return { schema: { type: 'int64' }, value }
}

const temporalForms = [
  { length: 13, schema: timeSchema, pattern: /^(\d{2}):(\d{2}):(\d{2})\.(\d{3})Z$/ },
  { length: 24, schema: timestampSchema, pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/ },
  { length: 10, schema: dateSchema, pattern: /^\d{4}-\d{2}-\d{2}$/ },
]

function parseTemporal(token: string): SchemaAndValue | undefined {
  const text = token.replaceAll('\\:', ':')
  const form = temporalForms.find(({ length }) => length === text.length)
  if (!form?.pattern.test(text)) return undefined
  const millis = Date.parse(form.schema === timeSchema ? `1970-01-01T${text}` : text)
  if (Number.isNaN(millis)) return undefined
  const { schema } = form
  if (schema.name === logicalNames.date) return { schema, value: millis / millisPerDay }
  return { schema, value: schema.type === 'int64' ? BigInt(millis) : millis }
}
