/**
 * Types of Kafka Connect's data model, under the names of its schemas (`org.apache.kafka.connect.data.Schema.Type`, in lower case).
 */
export type SchemaType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct'

/**
 * What a value is, as converters with schemas write it down. Values are `number` for the integers up to 32 bits and the
 * floats, `bigint` for int64, `Uint8Array` for bytes, arrays, `Map`s for maps, and plain objects by field name for structs.
 * Logical types (`org.apache.kafka.connect.data.Decimal`, `io.debezium.time.Date`, ...) are a `name` over the type that
 * carries them; the value is that type's.
 *
 * @example
 * const id: ConnectSchema = { type: 'int64' }
 * const row: ConnectSchema = { type: 'struct', name: 'orders.Value', fields: [{ name: 'id', schema: id }] }
 */
export interface ConnectSchema {
  readonly type: SchemaType
  /** Whether null is a value. Default false. */
  readonly optional?: boolean
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  /** What stands for a missing value, as the type's value. */
  readonly default?: unknown
  /** Of a struct. */
  readonly fields?: readonly ConnectField[]
  /** Of a map. */
  readonly keySchema?: ConnectSchema
  /** Of a map's values or an array's items. */
  readonly valueSchema?: ConnectSchema
}

export interface ConnectField {
  readonly name: string
  readonly schema: ConnectSchema
}
