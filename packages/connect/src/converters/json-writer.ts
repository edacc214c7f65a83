import { javaDouble, javaFloat } from '../data/java-numbers.ts'
import { kindOf } from '../data/kind-of.ts'
import { decimalText, logicalNames } from '../data/logical-types.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { fieldGetter, perSchema } from '../data/schemas.ts'
import { connectError } from '../errors.ts'
import { jacksonForm, jsonString } from './json-text.ts'

interface JsonWriterOptions {
  readonly decimalFormat: 'BASE64' | 'NUMERIC'
  readonly replaceNullWithDefault: boolean
}

type Write = (value: unknown) => string

/** Writers of values as JSON, one for each schema, made once. */
export class JsonWriter {
  readonly #options: JsonWriterOptions
  readonly writer: (schema: ConnectSchema) => Write

  constructor(options: JsonWriterOptions) {
    this.#options = options
    this.writer = perSchema((schema) => this.#orNull(schema, this.#ofType(schema)))
  }

  #orNull(schema: ConnectSchema, write: Write): Write {
    const { replaceNullWithDefault } = this.#options
    return (value) => {
      if (value !== null && value !== undefined) return write(value)
      if (schema.default !== undefined && replaceNullWithDefault) return write(schema.default)
      if (schema.optional) return 'null'
      throw refused('null value for a field that is required and has no default value')
    }
  }

  #ofType(schema: ConnectSchema): Write {
    switch (schema.type) {
      case 'boolean':
        return (value) => (typeof value === 'boolean' ? String(value) : mismatch(schema, value))
      case 'int8':
      case 'int16':
      case 'int32':
        return (value) => (Number.isInteger(value) ? String(value) : mismatch(schema, value))
      case 'int64':
        return (value) => (isLong(value) ? value.toString() : mismatch(schema, value))
      case 'float32':
        return (value) => (typeof value === 'number' ? quoteOdd(javaFloat(value)) : mismatch(schema, value))
      case 'float64':
        return (value) => (typeof value === 'number' ? quoteOdd(javaDouble(value)) : mismatch(schema, value))
      case 'string':
        return (value) => (typeof value === 'string' ? jsonString(value) : mismatch(schema, value))
      case 'bytes':
        return this.#bytes(schema)
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

  #bytes(schema: ConnectSchema): Write {
    const numeric = schema.name === logicalNames.decimal && this.#options.decimalFormat === 'NUMERIC'
    return (value) => {
      if (!(value instanceof Uint8Array)) return mismatch(schema, value)
      return numeric ? decimalText(schema, value) : base64(value)
    }
  }

  #array(schema: ConnectSchema): Write {
    const item = this.#part(schema.valueSchema)
    return (value) => (Array.isArray(value) ? `[${value.map(item).join(',')}]` : mismatch(schema, value))
  }

  /** Maps with string keys are objects, others arrays of pairs. */
  #map(schema: ConnectSchema): Write {
    const [key, item] = [this.#part(schema.keySchema), this.#part(schema.valueSchema)]
    const isObject = schema.keySchema?.type === 'string'
    return (value) => {
      if (!(value instanceof Map)) return mismatch(schema, value)
      const pairs = Array.from(value, ([k, v]) => (isObject ? `${key(k)}:${item(v)}` : `[${key(k)},${item(v)}]`))
      return isObject ? `{${pairs.join(',')}}` : `[${pairs.join(',')}]`
    }
  }

  #struct(schema: ConnectSchema): Write {
    const fields = (schema.fields ?? []).map(({ name, schema: own }) => {
      return { name, prefix: `${jsonString(name)}:`, get: fieldGetter(name), write: this.writer(own) }
    })
    return (value) => {
      if (!isStruct(value)) return mismatch(schema, value)
      let text = ''
      let at = ''
      try {
        for (const { name, prefix, get, write } of fields) {
          at = name
          text += `${text === '' ? '{' : ','}${prefix}${write(get(value))}`
        }
      } catch (error) {
        throw connectError('CONNECT_CONVERT_FAILED', `field ${at}: ${(error as Error).message}`, { field: at })
      }
      return text === '' ? '{}' : `${text}}`
    }
  }

  #part(schema: ConnectSchema | undefined): Write {
    return schema === undefined ? writeSchemaless : this.writer(schema)
  }
}

/** A value without a schema. Bytes become base64, Maps objects, or pairs where a key is not a string. */
export function writeSchemaless(value: unknown): string {
  return isPlain(value) ? jacksonForm(JSON.stringify(value)) : writeUnusual(value)
}

function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return true
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isPlain)
      return isStruct(value) && Object.values(value).every(isPlain)
    default:
      return false
  }
}

function writeUnusual(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return quoteOdd(String(value))
  if (typeof value === 'string') return jsonString(value)
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return base64(value)
  if (Array.isArray(value)) return `[${value.map(writeUnusual).join(',')}]`
  if (value instanceof Map) return writeMap(value)
  if (!isStruct(value)) throw refused(`${kindOf(value)} has no form in JSON`)
  const fields = Object.entries(value).map(([name, field]) => `${jsonString(name)}:${writeUnusual(field)}`)
  return `{${fields.join(',')}}`
}

function writeMap(map: ReadonlyMap<unknown, unknown>): string {
  const isObject = Array.from(map.keys()).every((key) => typeof key === 'string')
  const pairs = Array.from(map, ([key, value]) => [writeUnusual(key), writeUnusual(value)])
  if (isObject) return `{${pairs.map((pair) => pair.join(':')).join(',')}}`
  return `[${pairs.map((pair) => `[${pair.join(',')}]`).join(',')}]`
}

function isStruct(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isLong(value: unknown): value is bigint | number {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** JSON has no NaN and no infinities; Java's writer makes strings of them. */
function quoteOdd(text: string): string {
  return /[a-zA-DF-Z]/.test(text) ? `"${text}"` : text
}

function base64(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`
}

function mismatch(schema: ConnectSchema, value: unknown): never {
  throw refused(`${kindOf(value)} where the schema says ${schema.name ?? schema.type}`)
}

function refused(message: string): Error {
  return connectError('CONNECT_CONVERT_FAILED', message)
}
