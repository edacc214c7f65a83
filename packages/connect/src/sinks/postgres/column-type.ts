import type { ConnectSchema, SchemaType } from '../../data/schema.ts'
import { bitsLengthMax } from '../sql/logical-values.ts'

/** Logical types as PostgreSQL has them. Where a name is missing, the type that carries it counts. */
const logicalTypes: Readonly<Record<string, string>> = {
  'org.apache.kafka.connect.data.Decimal': 'numeric',
  'io.debezium.data.VariableScaleDecimal': 'numeric',
  'org.apache.kafka.connect.data.Date': 'date',
  'io.debezium.time.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time',
  'io.debezium.time.Time': 'time',
  'io.debezium.time.MicroTime': 'time',
  'io.debezium.time.NanoTime': 'time',
  'io.debezium.time.ZonedTime': 'timetz',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp',
  'io.debezium.time.Timestamp': 'timestamp',
  'io.debezium.time.MicroTimestamp': 'timestamp',
  'io.debezium.time.NanoTimestamp': 'timestamp',
  'io.debezium.time.ZonedTimestamp': 'timestamptz',
  'io.debezium.time.Interval': 'interval',
  'io.debezium.data.Json': 'jsonb',
  'io.debezium.data.Uuid': 'uuid',
  'io.debezium.data.Xml': 'xml',
}

const types: Readonly<Record<SchemaType, string>> = {
  int8: 'smallint',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  float32: 'real',
  float64: 'double precision',
  boolean: 'boolean',
  string: 'text',
  bytes: 'bytea',
  array: 'jsonb',
  map: 'jsonb',
  struct: 'jsonb',
}

/** The column type for a field; arrays of simple values are PostgreSQL's own arrays. */
export function columnType(schema: ConnectSchema): string {
  const logical = schema.name === undefined ? undefined : logicalTypes[schema.name]
  if (logical) return logical
  if (schema.name === 'io.debezium.data.Bits') {
    const length = Number(schema.parameters?.length)
    return length <= bitsLengthMax ? `bit(${length})` : 'bit varying'
  }
  const items = schema.type === 'array' ? schema.valueSchema : undefined
  if (!items || items.type === 'array') return types[schema.type]
  const item = columnType(items)
  return item === 'jsonb' || item === 'bytea' ? 'jsonb' : `${item}[]`
}
