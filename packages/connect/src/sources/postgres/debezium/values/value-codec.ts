import { jsonString } from '../../../../converters/json-text.ts'
import type { ConnectSchema } from '../../../../data/schema.ts'
import { dataJson } from '../data-json.ts'

/** How the texts of one type become data, and the same data as JSON. Throws RangeError for a text it cannot express. */
export interface ValueCodec {
  /** Not optional and without default: those are the column's. */
  readonly schema: ConnectSchema
  value(text: string): unknown
  /** What a JSON converter makes of `value(text)`. */
  json(text: string): string
  /** Stands for null where a column has no null: in the old row of a delete, of which only the key is known. */
  readonly zero: unknown
  /** Stands for a large value that was not logged, where it cannot be a text; undefined where nothing can. */
  readonly unavailable?: unknown
}

/** A codec whose JSON follows from its data. */
export function codec(schema: ConnectSchema, value: (text: string) => unknown, zero: unknown): ValueCodec {
  return { schema, value, json: (text) => dataJson(schema, value(text)), zero }
}

const itself = (text: string): string => text

/** Types that stay the text that PostgreSQL prints. */
export function textCodec(name?: string, parameters?: Readonly<Record<string, string>>): ValueCodec {
  const schema: ConnectSchema = {
    type: 'string',
    ...(name !== undefined && { name, version: 1 }),
    ...(parameters && { parameters }),
  }
  return { schema, value: itself, json: jsonString, zero: '' }
}

const small = (type: 'int16' | 'int32'): ValueCodec => ({ schema: { type }, value: Number, json: itself, zero: 0 })

export const int16Codec = small('int16')
export const int32Codec = small('int32')
export const int64Codec: ValueCodec = { schema: { type: 'int64' }, value: BigInt, json: itself, zero: 0n }

const isTrue = (text: string): boolean => text.startsWith('t')

export const booleanCodec: ValueCodec = {
  schema: { type: 'boolean' },
  value: isTrue,
  json: (text) => (isTrue(text) ? 'true' : 'false'),
  zero: false,
}

const float = (type: 'float32' | 'float64'): ValueCodec => codec({ type }, Number, 0)

// PostgreSQL prints the shortest digits that name a float4, so reading them as a double keeps them.
export const float32Codec = float('float32')
export const float64Codec = float('float64')
