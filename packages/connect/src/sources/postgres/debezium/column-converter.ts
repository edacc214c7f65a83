import { jsonString } from '../../../converters/json-text.ts'
import type { ConnectSchema, SchemaType } from '../../../data/schema.ts'
import { dataJson } from './data-json.ts'
import type { ValueCodec } from './values/value-codec.ts'

/**
 * Expresses the values of a column in a form of one's own: what a class named by Debezium's `converters` does there.
 *
 * @example
 * const isbn: ColumnConverter = {
 *   schema: { type: 'string', name: 'com.example.Isbn' },
 *   value: (text) => text.replaceAll('-', ''),
 * }
 * postgresTables({ url, tables, format: 'debezium', events: { converters: { 'public.books.isbn': isbn } } })
 */
export interface ColumnConverter {
  /** Of the values; whether null is one is the column's. */
  readonly schema: ConnectSchema
  /** Given the text that PostgreSQL prints, never null. What it throws stops the connector, with the name of the column. */
  value(text: string): unknown
}

const zeros: Readonly<Partial<Record<SchemaType, unknown>>> = {
  int8: 0,
  int16: 0,
  int32: 0,
  int64: 0n,
  float32: 0,
  float64: 0,
  boolean: false,
  string: '',
}

/** @param placeholder stands for a large value that was not logged, where the converter makes texts */
export function convertedCodec({ schema, value }: ColumnConverter, placeholder: string): ValueCodec {
  const { optional: _, default: __, ...bare } = schema
  /** A RangeError is what codecs throw at a value that they cannot express. */
  const guarded = <T>(make: () => T): T => {
    try {
      return make()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new RangeError(`its converter failed: ${reason}`, { cause: error })
    }
  }
  const isText = schema.type === 'string'
  return {
    schema: bare,
    value: (text) => guarded(() => value(text)),
    json: (text) => guarded(() => (isText ? jsonText(value(text)) : dataJson(bare, value(text)))),
    zero: zeros[schema.type] ?? null,
    ...(isText && { unavailable: placeholder }),
  }
}

function jsonText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${typeof value} where its schema says string`)
  return jsonString(value)
}
