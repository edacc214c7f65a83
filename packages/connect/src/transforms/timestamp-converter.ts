import { configDef } from '../config/config-def.ts'
import { kindOf } from '../data/kind-of.ts'
import { dateSchema, epochMillis, millisPerDay, timeSchema, timestampSchema } from '../data/logical-types.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { copyBasics, fieldValue, ownValue, perSchema, setField, structValue } from '../data/schemas.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, isNothing, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'
import { SimpleDateFormat, validDateFormat } from './simple-date-format.ts'

const targetTypes = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const
const precisions = ['nanoseconds', 'microseconds', 'milliseconds', 'seconds'] as const

const keys = {
  field: { type: 'string', default: '', importance: 'high', doc: 'The field; empty for the whole key or value.' },
  'target.type': { type: 'string', oneOf: targetTypes, importance: 'high', doc: 'What to convert to.' },
  format: {
    type: 'string',
    default: '',
    valid: validDateFormat,
    importance: 'medium',
    doc: "How strings say a time, in the form of Java's SimpleDateFormat.",
  },
  'unix.precision': {
    type: 'string',
    oneOf: precisions,
    default: 'milliseconds',
    importance: 'low',
    doc: 'What numbers count.',
  },
  ...replaceNullWithDefault,
} as const

const definition = configDef(keys, {
  rules: [
    {
      name: 'format',
      problem: (values) => {
        const isMissing = values['target.type'] === 'string' && String(values.format ?? '').trim() === ''
        return isMissing ? 'a target of strings needs one' : undefined
      },
    },
  ],
})

const purpose = 'TimestampConverter'

/** Between times as text, numbers, and Connect's dates, times and timestamps, to the millisecond. */
export const timestampConverterPlugins = keyAndValue('TimestampConverter', definition, (config) => {
  const { field, format } = config
  const target = config['target.type']
  const forms = new TimeForms(format.trim() === '' ? undefined : new SimpleDateFormat(format), config['unix.precision'])
  const convert = (data: SchemaAndValue): unknown => {
    if (isNothing(data)) return null
    return forms.write(forms.read(data), target, data.schema !== undefined)
  }
  const withDefault = config['replace.null.with.default']
  const converted = (schema: ConnectSchema, value: object) => {
    return structValue(schema.fields, (each) => {
      const own = fieldValue(value, each, withDefault)
      return each.name === field ? convert({ schema: each.schema, value: own }) : own
    })
  }
  const wholeSchema = perSchema((schema) => targetSchema(target, schema.optional))
  const schemaOf = perSchema((schema): ConnectSchema => {
    const fields = (schema.fields ?? []).map((each) => {
      return each.name === field ? { ...each, schema: targetSchema(target, each.schema.optional) } : each
    })
    return {
      type: 'struct',
      ...copyBasics(schema),
      ...(schema.optional && { optional: true }),
      ...(schema.default !== undefined && { default: converted(schema, schema.default as object) }),
      fields,
    }
  })
  return (data) => {
    const { schema } = data
    if (field === '') {
      return { schema: schema && wholeSchema(schema), value: convert(data) }
    }
    if (schema !== undefined) {
      if (schema.type !== 'struct') requireStruct(data, purpose)
      return {
        schema: schemaOf(schema),
        value: isNothing(data) ? null : converted(schema, requireStruct(data, purpose)),
      }
    }
    if (isNothing(data)) return data
    const value = requireObject(data.value, purpose)
    const changed = { ...value }
    setField(changed, field, convert({ schema, value: ownValue(value, field) }))
    return { schema, value: changed }
  }
})

function targetSchema(target: (typeof targetTypes)[number], optional: boolean | undefined): ConnectSchema {
  const schemas: Readonly<Record<typeof target, ConnectSchema>> = {
    string: { type: 'string' },
    unix: { type: 'int64' },
    Date: dateSchema,
    Time: timeSchema,
    Timestamp: timestampSchema,
  }
  return optional ? { ...schemas[target], optional } : schemas[target]
}

class TimeForms {
  readonly #format: SimpleDateFormat | undefined
  readonly #precision: (typeof precisions)[number]

  constructor(format: SimpleDateFormat | undefined, precision: (typeof precisions)[number]) {
    this.#format = format
    this.#precision = precision
  }

  /** Epoch milliseconds. */
  read({ schema, value }: SchemaAndValue): number {
    const logical = epochMillis(schema, value)
    if (logical !== undefined) return logical
    if (schema === undefined && value instanceof Date) return value.getTime()
    if (typeof value === 'string') return this.#readText(value)
    const isLong = schema === undefined ? Number.isInteger(value) || typeof value === 'bigint' : schema.type === 'int64'
    if (isLong) return Number(this.#toMillis(BigInt(value as bigint | number)))
    throw failed(`${purpose}: ${schema === undefined ? kindOf(value) : schema.type} is no time`)
  }

  write(millis: number, target: (typeof targetTypes)[number], hasSchema: boolean): unknown {
    const dayStart = Math.floor(millis / millisPerDay) * millisPerDay
    switch (target) {
      case 'string':
        return this.#format!.format(millis)
      case 'unix': {
        const value = this.#fromMillis(BigInt(millis))
        return hasSchema || !Number.isSafeInteger(Number(value)) ? value : Number(value)
      }
      case 'Date':
        return hasSchema ? dayStart / millisPerDay : new Date(dayStart)
      case 'Time':
        return hasSchema ? millis - dayStart : new Date(millis - dayStart)
      case 'Timestamp':
        return hasSchema ? BigInt(millis) : new Date(millis)
      default:
        throw target satisfies never
    }
  }

  #readText(text: string): number {
    if (!this.#format) throw failed(`${purpose}: a format is needed to read a time that is a string`)
    const millis = this.#format.parse(text)
    if (millis === undefined) throw failed(`${purpose}: a string that does not match ${this.#format.pattern}`)
    return millis
  }

  #toMillis(value: bigint): bigint {
    switch (this.#precision) {
      case 'seconds':
        return value * 1000n
      case 'milliseconds':
        return value
      case 'microseconds':
        return value / 1000n
      case 'nanoseconds':
        return value / 1_000_000n
      default:
        throw this.#precision satisfies never
    }
  }

  #fromMillis(value: bigint): bigint {
    switch (this.#precision) {
      case 'seconds':
        return value / 1000n
      case 'milliseconds':
        return value
      case 'microseconds':
        return value * 1000n
      case 'nanoseconds':
        return value * 1_000_000n
      default:
        throw this.#precision satisfies never
    }
  }
}
