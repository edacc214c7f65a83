import type { ConnectSchema, SchemaType } from '../../data/schema.ts'
import { digitsOf } from '../exact-json.ts'

const types: Readonly<Record<SchemaType, string>> = {
  int8: 'Int8',
  int16: 'Int16',
  int32: 'Int32',
  int64: 'Int64',
  float32: 'Float32',
  float64: 'Float64',
  boolean: 'Bool',
  string: 'String',
  bytes: 'String',
  array: 'String',
  map: 'String',
  struct: 'String',
}

const logicalTypes: Readonly<Record<string, string>> = {
  'org.apache.kafka.connect.data.Date': 'Date32',
  'io.debezium.time.Date': 'Date32',
  'org.apache.kafka.connect.data.Time': 'String',
  'io.debezium.time.Time': 'String',
  'io.debezium.time.MicroTime': 'String',
  'io.debezium.time.NanoTime': 'String',
  'org.apache.kafka.connect.data.Timestamp': "DateTime64(3, 'UTC')",
  'io.debezium.time.Timestamp': "DateTime64(3, 'UTC')",
  'io.debezium.time.MicroTimestamp': "DateTime64(6, 'UTC')",
  'io.debezium.time.NanoTimestamp': "DateTime64(6, 'UTC')",
  'io.debezium.time.ZonedTimestamp': "DateTime64(6, 'UTC')",
  'io.debezium.data.Uuid': 'UUID',
  'io.debezium.data.VariableScaleDecimal': 'String',
}

/** The column type for a field, before it is known whether it may be null. Structs are JSON texts. */
export function columnType(schema: ConnectSchema): string {
  if (schema.name === 'org.apache.kafka.connect.data.Decimal') {
    const precision = Math.min(76, Number(schema.parameters?.['connect.decimal.precision'] ?? 38))
    return `Decimal(${precision}, ${Number(schema.parameters?.scale ?? 0)})`
  }
  const logical = schema.name === undefined ? undefined : logicalTypes[schema.name]
  if (logical) return logical
  const { type, valueSchema, keySchema } = schema
  const member = (of: ConnectSchema): string =>
    isComposite(of) || !of.optional ? columnType(of) : nullable(columnType(of))
  if (type === 'array' && valueSchema) return `Array(${member(valueSchema)})`
  if (type === 'map' && valueSchema && keySchema?.type === 'string') return `Map(String, ${member(valueSchema)})`
  return types[type]
}

function isComposite(schema: ConnectSchema): boolean {
  return schema.type === 'array' || schema.type === 'map'
}

/** Arrays and maps cannot be null there: they are empty. */
export function nullable(type: string): string {
  return /^(Array|Map|Nullable|Tuple|LowCardinality\(Nullable)\(/.test(type) ? type : `Nullable(${type})`
}

/** The column type for a first value where nobody named one. */
export function inferredType(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return 'Float64'
    case 'bigint':
      return 'Int64'
    case 'boolean':
      return 'Bool'
    default:
      if (digitsOf(value) !== undefined) return /^-?\d+$/.test(digitsOf(value)!) ? 'Int256' : 'Decimal(76, 38)'
      return value instanceof Date ? "DateTime64(3, 'UTC')" : 'String'
  }
}
