import type { Header } from '@millrace/protocol'
import type { ConfigDef, Properties } from '../config/config-def.ts'
import type { SchemaAndValue } from '../data/record.ts'

/**
 * Between a record's data and its bytes in a topic (`org.apache.kafka.connect.storage.Converter`). Made once for keys and
 * once for values; what does not fit throws CONNECT_CONVERT_FAILED, which is the record's fault and never retried.
 *
 * @example
 * const converter = jsonConverter.create({ 'schemas.enable': 'false' }, { isKey: false })
 * converter.fromConnect('orders', [], { schema: undefined, value: { id: 1 } }) // bytes of {"id":1}
 */
export interface Converter {
  /** Null is a tombstone. Converters may add to the headers. */
  fromConnect(topic: string, headers: Header[], data: SchemaAndValue): Uint8Array | null
  toConnect(topic: string, headers: readonly Header[], bytes: Uint8Array | null): SchemaAndValue
}

/** The same for one header (`org.apache.kafka.connect.storage.HeaderConverter`). */
export interface HeaderConverter {
  fromConnectHeader(topic: string, name: string, data: SchemaAndValue): Uint8Array | null
  toConnectHeader(topic: string, name: string, bytes: Uint8Array | null): SchemaAndValue
}

/** A converter as configs name it. */
export interface ConverterPlugin {
  /** Fully qualified first, then the short names; a config may use any. */
  readonly classNames: readonly [string, ...string[]]
  /** Without the prefix under which a config gives them (`key.converter.`). */
  readonly configDef: ConfigDef
  create(config: Properties, use: { readonly isKey: boolean }): Converter
}

/** A header converter as configs name it. */
export interface HeaderConverterPlugin {
  readonly classNames: readonly [string, ...string[]]
  readonly configDef: ConfigDef
  create(config: Properties): HeaderConverter
}
