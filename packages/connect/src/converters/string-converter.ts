import { isUtf8 } from 'node:buffer'
import type { Header } from '@millrace/protocol'
import { configDef, type Properties } from '../config/config-def.ts'
import { javaText } from '../data/java-text.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { connectError } from '../errors.ts'
import type { Converter, ConverterPlugin, HeaderConverter, HeaderConverterPlugin } from './converter.ts'
import { converterType } from './converter-type.ts'

const encodings: Readonly<Record<string, BufferEncoding>> = {
  'UTF-8': 'utf8',
  UTF8: 'utf8',
  'ISO-8859-1': 'latin1',
  'US-ASCII': 'latin1',
  'UTF-16LE': 'utf16le',
}

const definition = configDef({
  ...converterType,
  'converter.encoding': {
    type: 'string',
    oneOf: Object.keys(encodings),
    ignoreCase: true,
    default: 'UTF-8',
    importance: 'high',
    doc: 'The name of the character set.',
  },
})

const optionalString: ConnectSchema = { type: 'string', optional: true }

/** Text (`org.apache.kafka.connect.storage.StringConverter`); what is no string is written as Java's toString does. */
export class StringConverter implements Converter, HeaderConverter {
  readonly #encoding: string

  constructor(config: Properties) {
    this.#encoding = definition.parse('StringConverter', config)['converter.encoding']
  }

  fromConnect(topic: string, _headers: Header[], data: SchemaAndValue): Uint8Array | null {
    if (data.value === null || data.value === undefined) return null
    const text = asText(topic, data)
    if (!this.#holds(text)) throw failed(topic, `has characters that ${this.#encoding} lacks`)
    return Buffer.from(text, encodings[this.#encoding])
  }

  /** Text that is not valid in its encoding is refused; Java's would replace what it cannot read. */
  toConnect(topic: string, _headers: readonly Header[], bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return { schema: optionalString, value: null }
    const encoding = encodings[this.#encoding]
    const isValid =
      encoding === 'utf8' ? isUtf8(bytes) : this.#encoding !== 'US-ASCII' || bytes.every((byte) => byte < 128)
    if (!isValid) throw failed(topic, `is not valid ${this.#encoding}`)
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return { schema: optionalString, value: buffer.toString(encoding) }
  }

  #holds(text: string): boolean {
    if (encodings[this.#encoding] !== 'latin1') return true
    const bytes = Buffer.from(text, 'latin1')
    return bytes.toString('latin1') === text && (this.#encoding !== 'US-ASCII' || bytes.every((byte) => byte < 128))
  }

  fromConnectHeader(topic: string, _name: string, data: SchemaAndValue): Uint8Array | null {
    return this.fromConnect(topic, [], data)
  }

  toConnectHeader(topic: string, _name: string, bytes: Uint8Array | null): SchemaAndValue {
    return this.toConnect(topic, [], bytes)
  }
}

function asText(topic: string, data: SchemaAndValue): string {
  try {
    return javaText(data)
  } catch (error) {
    throw failed(topic, `cannot be written as text: ${(error as Error).message}`)
  }
}

function failed(topic: string, what: string): Error {
  return connectError('CONNECT_CONVERT_FAILED', `a record of ${topic} ${what}`, { topic })
}

/** The plugin of `StringConverter`. */
export const stringConverter: ConverterPlugin & HeaderConverterPlugin = {
  classNames: ['org.apache.kafka.connect.storage.StringConverter', 'StringConverter'],
  configDef: definition,
  create: (config: Properties) => new StringConverter(config),
}
