import type { PostgresType } from './column-codec.ts'
import type { ValueCodec } from './values/value-codec.ts'

/** What stands for a default that only the database can compute. */
const computed: Readonly<Record<string, string>> = {
  bit: '00',
  varbit: '0',
  bool: 'false',
  bpchar: '',
  varchar: '',
  text: '',
  numeric: '0.0',
  float4: '0.0',
  float8: '0.0',
  int2: '0',
  int4: '0',
  int8: '0',
  json: '{}',
  jsonb: '{}',
  xml: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  date: '1970-01-01',
  time: '00:00:00',
  timestamp: '1970-01-01 00:00:00',
  timestamptz: '1970-01-01 00:00:00+00',
}

const functionCall = /^[(]?[A-Za-z0-9_.]+\((?:.+(?:, ?.+)*)?\)/s
const momentWords = new Set(['current_timestamp', 'current_time', 'current_date', 'localtime', 'localtimestamp'])
const literal = /'(.*?)'/s

/**
 * The default of a column as data, where its expression is a literal of a type that Debezium reads; a default that is computed
 * is the zero of its type. Undefined where the schema names none.
 */
export function defaultValue(type: PostgresType, expression: string | undefined, codec: ValueCodec): unknown {
  if (expression === undefined) return undefined
  const text = defaultText(type, expression)
  if (text === undefined) return undefined
  try {
    const value = codec.value(text)
    // The schema of a structure cannot hold a default.
    return codec.schema.type === 'struct' || Number.isNaN(value) ? undefined : value
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return undefined
    throw error
  }
}

function defaultText(type: PostgresType, expression: string): string | undefined {
  if (type.labels) return enumLabel(expression)
  const substitute = computed[type.name]
  if (type.base || (substitute === undefined && type.name !== 'interval')) return undefined
  if (functionCall.test(expression) || momentWords.has(expression.toLowerCase())) return substitute
  const quoted = literal.exec(expression)
  if (quoted) return quoted[1]
  return expression.startsWith('NULL::') ? undefined : expression
}

function enumLabel(expression: string): string | undefined {
  const cast = expression.lastIndexOf('::')
  const text = cast < 0 ? '' : expression.slice(0, cast)
  return text.length > 1 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : undefined
}
