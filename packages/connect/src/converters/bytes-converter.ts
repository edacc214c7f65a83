import type { Header } from '@millrace/protocol'
import { configDef } from '../config/config-def.ts'
import { kindOf } from '../data/kind-of.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { connectError } from '../errors.ts'
import type { Converter, ConverterPlugin, HeaderConverter, HeaderConverterPlugin } from './converter.ts'
import { converterType } from './converter-type.ts'

const optionalBytes: ConnectSchema = { type: 'bytes', optional: true }

/** Bytes as they are (`org.apache.kafka.connect.converters.ByteArrayConverter`). */
export class ByteArrayConverter implements Converter, HeaderConverter {
  fromConnect(topic: string, _headers: Header[], { schema, value }: SchemaAndValue): Uint8Array | null {
    const isBytes = schema === undefined || (schema.type === 'bytes' && schema.name === undefined)
    if (isBytes && (value === null || value === undefined)) return null
    if (isBytes && value instanceof Uint8Array) return value
    const found = isBytes ? kindOf(value) : `a ${schema.name ?? schema.type}`
    throw connectError('CONNECT_CONVERT_FAILED', `a record of ${topic} is ${found}, not bytes`, { topic })
  }

  toConnect(_topic: string, _headers: readonly Header[], bytes: Uint8Array | null): SchemaAndValue {
    return { schema: optionalBytes, value: bytes }
  }

  fromConnectHeader(topic: string, _name: string, data: SchemaAndValue): Uint8Array | null {
    return this.fromConnect(topic, [], data)
  }

  toConnectHeader(topic: string, _name: string, bytes: Uint8Array | null): SchemaAndValue {
    return this.toConnect(topic, [], bytes)
  }
}

/** The plugin of `ByteArrayConverter`. */
export const byteArrayConverter: ConverterPlugin & HeaderConverterPlugin = {
  classNames: ['org.apache.kafka.connect.converters.ByteArrayConverter', 'ByteArrayConverter'],
  configDef: configDef(converterType),
  create: () => new ByteArrayConverter(),
}
