import type { ConnectSchema, SchemaType } from '../../data/schema.ts'
import { digitsOf } from '../exact-json.ts'

const types: Readonly<Record<SchemaType, string>> = {
  int8: 'tinyint',
  int16: 'smallint',
  int32: 'int',
  int64: 'bigint',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
  string: 'longtext',
  bytes: 'longblob',
  array: 'json',
  map: 'json',
  struct: 'json',
}

/** In an index texts and bytes need a length, and must be compared byte by byte: `utf8mb4_general_ci` takes A for a. */
const keyTypes: Partial<Record<SchemaType, string>> = { string: 'varchar(255)', bytes: 'varbinary(255)' }

const logicalTypes: Readonly<Record<string, string>> = {
  'io.debezium.data.VariableScaleDecimal': 'decimal(65,10)',
  'org.apache.kafka.connect.data.Date': 'date',
  'io.debezium.time.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time(3)',
  'io.debezium.time.Time': 'time(3)',
  'io.debezium.time.MicroTime': 'time(6)',
  'io.debezium.time.NanoTime': 'time(6)',
  'org.apache.kafka.connect.data.Timestamp': 'datetime(3)',
  'io.debezium.time.Timestamp': 'datetime(3)',
  'io.debezium.time.MicroTimestamp': 'datetime(6)',
  'io.debezium.time.NanoTimestamp': 'datetime(6)',
  'io.debezium.time.ZonedTimestamp': 'datetime(6)',
  'io.debezium.time.Year': 'year',
  'io.debezium.data.Json': 'json',
  'io.debezium.data.Uuid': 'char(36)',
}

export function columnType(schema: ConnectSchema, isKey: boolean): string {
  if (schema.name === 'org.apache.kafka.connect.data.Decimal') {
    const precision = Math.min(65, Number(schema.parameters?.['connect.decimal.precision'] ?? 65))
    return `decimal(${precision},${Math.max(0, Math.min(30, Number(schema.parameters?.scale ?? 0)))})`
  }
  if (schema.name === 'io.debezium.data.Bits') {
    const length = Number(schema.parameters?.length)
    return length <= 64 ? `bit(${length})` : 'longtext'
  }
  const logical = schema.name === undefined ? undefined : logicalTypes[schema.name]
  return logical ?? (isKey ? keyTypes[schema.type] : undefined) ?? types[schema.type]
}

/** The column type for a first value where nobody named one. */
export function inferredType(value: unknown, isKey: boolean): string {
  switch (typeof value) {
    case 'number':
      return 'double'
    case 'bigint':
      return 'bigint'
    case 'boolean':
      return 'boolean'
    case 'string':
      return isKey ? 'varchar(255)' : 'longtext'
    default:
      if (digitsOf(value) !== undefined) return 'decimal(65,30)'
      if (value instanceof Date) return 'datetime(6)'
      if (value instanceof Uint8Array) return isKey ? 'varbinary(255)' : 'longblob'
      return isKey ? 'varchar(255)' : 'json'
  }
}
