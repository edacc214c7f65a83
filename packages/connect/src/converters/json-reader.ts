import { kindOf } from '../data/kind-of.ts'
import { bytesOfBigInt, decimalScale, logicalNames, parseDecimal, rescale } from '../data/logical-types.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { fieldGetter, perSchema, setField } from '../data/schemas.ts'
import { connectError } from '../errors.ts'
import { NumberText } from './json-text.ts'

type Read = (json: unknown) => unknown

const bits = { int8: 8, int16: 16, int32: 32 } as const
const oddNumbers = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])
const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/**
 * Readers of JSON values by schema, one for each, made once. Kafka's own makes 0, false or null of a value of another type,
 * and cuts integers that are too long; these refuse it.
 */
export class JsonReader {
  readonly #replaceNullWithDefault: boolean
  readonly reader: (schema: ConnectSchema) => Read

  constructor(options: { readonly replaceNullWithDefault: boolean }) {
    this.#replaceNullWithDefault = options.replaceNullWithDefault
    this.reader = perSchema((schema) => this.#orNull(schema, this.#ofType(schema)))
  }

  #orNull(schema: ConnectSchema, read: Read): Read {
    return (json) => {
      if (json !== null && json !== undefined) return read(json)
      if (schema.default !== undefined && this.#replaceNullWithDefault) return schema.default
      if (schema.optional) return null
      throw refused(`null where the schema requires ${schema.name ?? schema.type}`)
    }
  }

  #ofType(schema: ConnectSchema): Read {
    switch (schema.type) {
      case 'boolean':
        return (json) => (typeof json === 'boolean' ? json : mismatch(schema, json))
      case 'int8':
      case 'int16':
      case 'int32':
        return integer(schema, 2 ** (bits[schema.type] - 1))
      case 'int64':
        return (json) => long(schema, json)
      case 'float32':
        return (json) => Math.fround(float(schema, json))
      case 'float64':
        return (json) => float(schema, json)
      case 'string':
        return (json) => (typeof json === 'string' ? json : mismatch(schema, json))
      case 'bytes':
        return schema.name === logicalNames.decimal ? decimal(schema) : (json) => base64(schema, json)
      case 'array':
        return this.#array(schema)
      case 'map':
        return this.#map(schema)
      case 'struct':
        return this.#struct(schema)
      default:
        throw schema.type satisfies never
    }
  }

  #array(schema: ConnectSchema): Read {
    const item = this.reader(schema.valueSchema!)
    return (json) => (Array.isArray(json) ? json.map(item) : mismatch(schema, json))
  }

  #map(schema: ConnectSchema): Read {
    const [key, item] = [this.reader(schema.keySchema!), this.reader(schema.valueSchema!)]
    if (schema.keySchema!.type === 'string') {
      return (json) => {
        if (!isObject(json)) return mismatch(schema, json)
        return new Map(Object.entries(json).map(([name, value]) => [name, item(value)]))
      }
    }
    return (json) => {
      if (!Array.isArray(json)) return mismatch(schema, json)
      return new Map(
        json.map((pair) => {
          if (!Array.isArray(pair) || pair.length !== 2) throw refused('an entry of a map that is not a pair')
          return [key(pair[0]), item(pair[1])]
        }),
      )
    }
  }

  #struct(schema: ConnectSchema): Read {
    const fields = (schema.fields ?? []).map(({ name, schema: own }) => {
      return { name, get: fieldGetter(name), read: this.reader(own) }
    })
    return (json) => {
      if (!isObject(json)) return mismatch(schema, json)
      const value: Record<string, unknown> = {}
      let at = ''
      try {
        for (const { name, get, read } of fields) {
          at = name
          setField(value, name, read(get(json)))
        }
      } catch (error) {
        throw connectError('CONNECT_CONVERT_FAILED', `field ${at}: ${(error as Error).message}`, { field: at })
      }
      return value
    }
  }
}

function integer(schema: ConnectSchema, bound: number): Read {
  return (json) => {
    if (!Number.isInteger(json)) return mismatch(schema, json)
    if ((json as number) >= -bound && (json as number) < bound) return json
    throw refused(`a number that is not a ${schema.type}`)
  }
}

function long(schema: ConnectSchema, json: unknown): bigint {
  if (Number.isSafeInteger(json)) return BigInt(json as number)
  if (typeof json !== 'bigint') return mismatch(schema, json)
  if (json >= longMin && json <= longMax) return json
  throw refused('a number that is not an int64')
}

function float(schema: ConnectSchema, json: unknown): number {
  if (typeof json === 'number') return json
  if (typeof json === 'bigint') return Number(json)
  if (json instanceof NumberText) return Number(json.text)
  return oddNumbers.get(json as string) ?? mismatch(schema, json)
}

/** A decimal is base64 of its unscaled bytes, or a number. */
function decimal(schema: ConnectSchema): Read {
  const scale = decimalScale(schema)
  return (json) => {
    if (typeof json === 'string') return base64(schema, json)
    const isNumber = typeof json === 'number' || typeof json === 'bigint' || json instanceof NumberText
    if (!isNumber) return mismatch(schema, json)
    const parsed = parseDecimal(json instanceof NumberText ? json.text : String(json))
    const unscaled = parsed && rescale(parsed, scale)
    if (unscaled === undefined) throw refused(`a decimal with more than ${scale} digits after the point`)
    return bytesOfBigInt(unscaled)
  }
}

function base64(schema: ConnectSchema, json: unknown): Uint8Array {
  if (typeof json !== 'string') return mismatch(schema, json)
  if (!base64Pattern.test(json)) throw refused('a string that is not base64')
  return Buffer.from(json, 'base64')
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof NumberText)
}

function mismatch(schema: ConnectSchema, json: unknown): never {
  throw refused(`${kindOf(json)} where the schema says ${schema.name ?? schema.type}`)
}

function refused(message: string): Error {
  return connectError('CONNECT_CONVERT_FAILED', message)
}
