import { configDef } from '../config/config-def.ts'
import { nonEmpty } from '../config/config-key.ts'
import { kindOf } from '../data/kind-of.ts'
import { bytesOfBigInt, decimalScale, logicalNames, parseDecimal, rescale } from '../data/logical-types.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { fieldValue, ownValue, setField, structValue } from '../data/schemas.ts'
import { castValue } from './cast-value.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, isObject, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

const definition = configDef({
  fields: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Names of the fields to mask.' },
  replacement: {
    type: 'string',
    default: null,
    valid: nonEmpty,
    importance: 'low',
    doc: 'What stands in their place; only for strings and numbers.',
  },
  ...replaceNullWithDefault,
})

const purpose = 'MaskField'

/** Puts zero, false, an empty string, or a replacement in the place of fields that nobody should see. */
export const maskFieldPlugins = keyAndValue('MaskField', definition, (config) => {
  const { fields, replacement } = config
  const withDefault = config['replace.null.with.default']
  const mask = (schema: ConnectSchema | undefined, value: unknown): unknown => {
    if (value === null) return null
    return replacement === undefined ? empty(schema, value) : replaced(schema, value, replacement)
  }
  return (data) => {
    const { schema } = data
    if (schema === undefined) {
      const value = requireObject(data.value, purpose)
      const masked = { ...value }
      for (const name of fields) setField(masked, name, mask(undefined, ownValue(value, name)))
      return { schema, value: masked }
    }
    const value = requireStruct(data, purpose)
    const masked = structValue(schema.fields, (field) => {
      const own = fieldValue(value, field, withDefault)
      return fields.includes(field.name) ? mask(field.schema, own) : own
    })
    return { schema, value: masked }
  }
})

function empty(schema: ConnectSchema | undefined, value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return ''
    case 'number':
      return 0
    case 'bigint':
      return 0n
    case 'boolean':
      return false
    default:
      if (schema?.name === logicalNames.decimal) return bytesOfBigInt(0n)
      if (Array.isArray(value)) return []
      if (value instanceof Map) return new Map()
      if (value instanceof Date) return new Date(0)
      if (isObject(value) && schema === undefined) return {}
      throw failed(`${purpose} cannot mask ${schema?.type === 'struct' ? 'a struct' : kindOf(value)}`)
  }
}

function replaced(schema: ConnectSchema | undefined, value: unknown, replacement: string): unknown {
  if (typeof value === 'string') return replacement
  const number = parseDecimal(replacement)
  if (schema?.name === logicalNames.decimal && number) {
    const unscaled = rescale(number, decimalScale(schema))
    if (unscaled !== undefined) return bytesOfBigInt(unscaled)
  }
  const isTemporal = Object.values<string | undefined>(logicalNames).includes(schema?.name)
  const isNumber = (typeof value === 'number' || typeof value === 'bigint') && !isTemporal
  if (!isNumber || !number) throw failed(`${purpose} cannot mask ${kindOf(value)} with the replacement`)
  return numberLike(schema, value, replacement)
}

function numberLike(schema: ConnectSchema | undefined, value: number | bigint, replacement: string): unknown {
  const isWhole =
    schema === undefined ? typeof value === 'bigint' || Number.isInteger(value) : schema.type.startsWith('int')
  const type = schema === undefined ? (isWhole ? 'int64' : 'float64') : (schema.type as 'int64' | 'float64')
  const { unscaled, scale } = parseDecimal(replacement)!
  const whole = scale > 0 ? unscaled / 10n ** BigInt(scale) : unscaled * 10n ** BigInt(-scale)
  return castValue({ schema, value: isWhole ? whole : Number(replacement) }, type)
}
