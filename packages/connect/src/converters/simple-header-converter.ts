import { isUtf8 } from 'node:buffer'
import { configDef } from '../config/config-def.ts'
import type { SchemaAndValue } from '../data/record.ts'
import { parseValueText } from '../data/value-parser.ts'
import { valueText } from '../data/value-text.ts'
import { connectError } from '../errors.ts'
import type { HeaderConverter, HeaderConverterPlugin } from './converter.ts'
import { converterType } from './converter-type.ts'

/**
 * Headers as text whose schema is guessed when it is read (`org.apache.kafka.connect.storage.SimpleHeaderConverter`), the
 * one that connectors have which say nothing else. Bytes that are not text stay bytes.
 */
export class SimpleHeaderConverter implements HeaderConverter {
  fromConnectHeader(topic: string, name: string, { schema, value }: SchemaAndValue): Uint8Array | null {
    if (value === null || value === undefined) return null
    try {
      return Buffer.from(valueText(schema, value))
    } catch (error) {
      const message = `header ${name} of a record of ${topic}: ${(error as Error).message}`
      throw connectError('CONNECT_CONVERT_FAILED', message, { topic, header: name }, error)
    }
  }

  toConnectHeader(_topic: string, _name: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return { schema: undefined, value: null }
    if (!isUtf8(bytes)) return { schema: { type: 'bytes' }, value: bytes }
    return parseValueText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  }
}

/** The plugin of `SimpleHeaderConverter`. */
export const simpleHeaderConverter: HeaderConverterPlugin = {
  classNames: ['org.apache.kafka.connect.storage.SimpleHeaderConverter', 'SimpleHeaderConverter'],
  configDef: configDef(converterType),
  create: () => new SimpleHeaderConverter(),
}
