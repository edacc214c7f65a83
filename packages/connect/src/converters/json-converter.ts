import { isUtf8 } from 'node:buffer'
import { isMillraceError } from '@millrace/base'
import type { Header } from '@millrace/protocol'
import { type ConfigOf, configDef, type Properties } from '../config/config-def.ts'
import { between, type Validator } from '../config/config-key.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { ownValue, perSchema } from '../data/schemas.ts'
import { connectError } from '../errors.ts'
import type { Converter, ConverterPlugin, HeaderConverter, HeaderConverterPlugin } from './converter.ts'
import { converterType } from './converter-type.ts'
import { JsonReader } from './json-reader.ts'
import { readSchema, schemaTexts } from './json-schemas.ts'
import { endOfJsonValue, parseJson, withoutNumberText } from './json-text.ts'
import { JsonWriter, writeSchemaless } from './json-writer.ts'

const validSchema = ((content: string) => {
  try {
    readSchema(parseJson(content, true), new JsonReader({ replaceNullWithDefault: true }))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}) as Validator

const definition = configDef({
  ...converterType,
  'schemas.enable': {
    type: 'boolean',
    default: true,
    importance: 'high',
    doc: 'Whether each key and value comes with its schema.',
    group: 'Schemas',
  },
  'schemas.cache.size': {
    type: 'int',
    default: 1000,
    valid: between(0),
    importance: 'high',
    doc: 'How many schemas are remembered.',
    group: 'Schemas',
  },
  'schema.content': {
    type: 'string',
    default: null,
    valid: validSchema,
    importance: 'high',
    doc: 'A schema in JSON for all records that are read, which then come without one (KIP-1054).',
    group: 'Schemas',
  },
  'decimal.format': {
    type: 'string',
    oneOf: ['BASE64', 'NUMERIC'],
    ignoreCase: true,
    default: 'BASE64',
    importance: 'low',
    doc: 'Whether decimals are numbers, or base64 of their unscaled bytes.',
    group: 'Serialization',
  },
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'low',
    doc: "Whether a field's default value stands in for null.",
    group: 'Serialization',
  },
})

const schemaStart = '{"schema":'
const payloadStart = ',"payload":'
const closingBrace = 0x7d

/** JSON, with or without schemas (`org.apache.kafka.connect.json.JsonConverter`). */
export class JsonConverter implements Converter, HeaderConverter {
  readonly #config: ConfigOf<typeof definition.keys>
  readonly #writer: JsonWriter
  readonly #reader: JsonReader
  /** What an envelope begins with, up to its payload. */
  readonly #start: (schema: ConnectSchema) => Buffer
  /** KIP-1054: the one schema of all records. */
  readonly #fixed: ConnectSchema | undefined
  /** Schemas by their JSON text, the oldest first. */
  readonly #schemas = new Map<string, ConnectSchema | undefined>()
  /** What the last record began with, up to its payload: most begin like the one before. */
  #lastStart = Buffer.alloc(0)
  #lastSchema: ConnectSchema | undefined

  /** Whether keys and values come with their schemas. */
  get hasSchemas(): boolean {
    return this.#config['schemas.enable']
  }

  /** Whether nothing is configured that changes how values are written. */
  get isUsualForm(): boolean {
    const { 'decimal.format': decimals, 'replace.null.with.default': replaces } = this.#config
    return decimals === 'BASE64' && replaces && this.#config['schema.content'] === undefined
  }

  constructor(config: Properties) {
    this.#config = definition.parse('JsonConverter', config)
    const replaceNullWithDefault = this.#config['replace.null.with.default']
    this.#writer = new JsonWriter({ decimalFormat: this.#config['decimal.format'], replaceNullWithDefault })
    this.#reader = new JsonReader({ replaceNullWithDefault })
    const schemaText = schemaTexts(this.#writer)
    this.#start = perSchema((schema) => Buffer.from(`${schemaStart}${schemaText(schema)}${payloadStart}`))
    const content = this.#config['schema.content']
    this.#fixed = content ? readSchema(parseJson(content, true), this.#reader) : undefined
  }

  fromConnect(topic: string, _headers: Header[], { schema, value }: SchemaAndValue): Uint8Array | null {
    if (schema === undefined && (value === null || value === undefined)) return null
    try {
      const payload = schema === undefined ? writeSchemaless(value) : this.#writer.writer(schema)(value)
      if (!this.#config['schemas.enable']) return Buffer.from(payload)
      return schema === undefined
        ? Buffer.from(`${schemaStart}null${payloadStart}${payload}}`)
        : enveloped(this.#start(schema), payload)
    } catch (error) {
      throw failed(topic, 'cannot be written as JSON', error)
    }
  }

  toConnect(topic: string, _headers: readonly Header[], bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return { schema: undefined, value: null }
    try {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const known = this.#fromKnownStart(buffer)
      if (known) return known
      const text = textOf(buffer)
      if (this.#fixed) return { schema: this.#fixed, value: this.#reader.reader(this.#fixed)(parseJson(text, true)) }
      if (!this.#config['schemas.enable']) return { schema: undefined, value: parseJson(text, false) }
      this.#learnStart(text)
      return this.#fromKnownStart(buffer) ?? this.#envelope(text)
    } catch (error) {
      throw failed(topic, 'cannot be read as JSON', error)
    }
  }

  fromConnectHeader(topic: string, _name: string, data: SchemaAndValue): Uint8Array | null {
    return this.fromConnect(topic, [], data)
  }

  toConnectHeader(topic: string, _name: string, bytes: Uint8Array | null): SchemaAndValue {
    return this.toConnect(topic, [], bytes)
  }

  #envelope(text: string): SchemaAndValue {
    const envelope = parseJson(text, true)
    const isEnvelope = typeof envelope === 'object' && envelope !== null && Object.keys(envelope).length === 2
    if (!isEnvelope || !Object.hasOwn(envelope, 'schema') || !Object.hasOwn(envelope, 'payload')) {
      throw new SyntaxError(
        'schemas.enable is true, but the record is not an object of "schema" and "payload" alone; set it to false for plain JSON',
      )
    }
    const json = ownValue(envelope, 'schema')
    const schema = this.#remember(JSON.stringify(json), () => readSchema(json, this.#reader))
    return this.#withSchema(schema, ownValue(envelope, 'payload'))
  }

  /** Where a record begins as the last one did, only its payload is read; undefined where it does not. */
  #fromKnownStart(buffer: Buffer): SchemaAndValue | undefined {
    const { length } = this.#lastStart
    if (length === 0 || buffer.length <= length || buffer.at(-1) !== closingBrace) return undefined
    if (buffer.compare(this.#lastStart, 0, length, 0, length) !== 0) return undefined
    const payload = this.#payload(textOf(buffer.subarray(length, -1)))
    return payload === undefined ? undefined : this.#withSchema(this.#lastSchema, payload)
  }

  /** Remembers what the record begins with up to its payload, and the schema in that. */
  #learnStart(text: string): void {
    if (!text.startsWith(schemaStart)) return
    const end = endOfJsonValue(text, schemaStart.length)
    if (end === undefined || !text.startsWith(payloadStart, end)) return
    const schemaText = text.slice(schemaStart.length, end)
    this.#lastSchema = this.#remember(schemaText, () => readSchema(parseJson(schemaText, true), this.#reader))
    this.#lastStart = Buffer.from(text.slice(0, end + payloadStart.length))
  }

  /** Undefined where more than the payload follows the schema. */
  #payload(text: string): unknown {
    try {
      return parseJson(text, true)
    } catch {
      return undefined
    }
  }

  #withSchema(schema: ConnectSchema | undefined, payload: unknown): SchemaAndValue {
    if (schema === undefined) return { schema, value: withoutNumberText(payload) }
    return { schema, value: this.#reader.reader(schema)(payload) }
  }

  #remember(text: string, read: () => ConnectSchema | undefined): ConnectSchema | undefined {
    if (this.#schemas.has(text)) return this.#schemas.get(text)
    const schema = read()
    this.#schemas.set(text, schema)
    if (this.#schemas.size > this.#config['schemas.cache.size'])
      this.#schemas.delete(this.#schemas.keys().next().value!)
    return schema
  }
}

/** The schema's bytes are copied: it is longer than the payload, as a rule, and always the same. */
function enveloped(start: Buffer, payload: string): Buffer {
  const bytes = Buffer.allocUnsafe(start.length + Buffer.byteLength(payload) + 1)
  start.copy(bytes)
  bytes.write(payload, start.length)
  bytes[bytes.length - 1] = closingBrace
  return bytes
}

function textOf(buffer: Buffer): string {
  if (isUtf8(buffer)) return buffer.toString()
  throw new SyntaxError('text that is not UTF-8')
}

function failed(topic: string, what: string, error: unknown): unknown {
  if (isMillraceError(error) && error.code !== 'CONNECT_CONVERT_FAILED') return error
  const { message } = error as Error
  return connectError('CONNECT_CONVERT_FAILED', `a record of ${topic} ${what}: ${message}`, { topic }, error)
}

const classNames = ['org.apache.kafka.connect.json.JsonConverter', 'JsonConverter'] as const

/** The plugin of `JsonConverter`. */
export const jsonConverter: ConverterPlugin & HeaderConverterPlugin = {
  classNames,
  configDef: definition,
  create: (config: Properties) => new JsonConverter(config),
}
