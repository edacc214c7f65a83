import type { ConnectSchema } from '../../data/schema.ts'

/** Makes a value of a schema one without: texts for decimals, dates and times, plain objects for maps and structs. */
export type PlainValue = (value: unknown) => unknown

const dayMs = 86_400_000

/**
 * How values of a schema are made plain; undefined where they are already. Times are texts in ISO 8601 that every database
 * reads: `2024-02-29`, `23:59:59.999999`, `2024-02-29T23:59:59.999999Z`; a column without zone takes what is before the `Z`.
 */
export function plainValue(schema: ConnectSchema): PlainValue | undefined {
  const logical = schema.name === undefined ? undefined : logicalValues[schema.name]
  if (logical) return orNull(logical(schema))
  switch (schema.type) {
    case 'struct':
    case 'map':
    case 'array':
      return orNull((value) => jsonValue(schema, value))
    default:
      return undefined
  }
}

const logicalValues: Readonly<Record<string, (schema: ConnectSchema) => PlainValue>> = {
  'org.apache.kafka.connect.data.Decimal': (schema) => {
    const scale = Number(schema.parameters?.scale ?? 0)
    return (value) => (value instanceof Uint8Array ? decimalText(value, scale) : value)
  },
  'io.debezium.data.VariableScaleDecimal': () => (value) => {
    const { scale, value: unscaled } = value as { readonly scale: number; readonly value: Uint8Array }
    return decimalText(unscaled, scale)
  },
  'io.debezium.data.Bits': (schema) => (value) => bitsText(value as Uint8Array, Number(schema.parameters?.length)),
  'org.apache.kafka.connect.data.Date': () => dateText,
  'io.debezium.time.Date': () => dateText,
  'org.apache.kafka.connect.data.Time': () => (value) => timeText(BigInt(value as number) * 1_000n),
  'io.debezium.time.Time': () => (value) => timeText(BigInt(value as number) * 1_000n),
  'io.debezium.time.MicroTime': () => (value) => timeText(BigInt(value as bigint)),
  'io.debezium.time.NanoTime': () => (value) => timeText(BigInt(value as bigint) / 1_000n),
  'org.apache.kafka.connect.data.Timestamp': () => (value) => timestampText(BigInt(value as bigint) * 1_000n),
  'io.debezium.time.Timestamp': () => (value) => timestampText(BigInt(value as bigint) * 1_000n),
  'io.debezium.time.MicroTimestamp': () => (value) => timestampText(BigInt(value as bigint)),
  'io.debezium.time.NanoTimestamp': () => (value) => timestampText(BigInt(value as bigint) / 1_000n),
}

function orNull(plain: PlainValue): PlainValue {
  return (value) => (value === null || value === undefined ? value : plain(value))
}

/** As JSON has it: what has no form there becomes a text, bytes in base64. */
function jsonValue(schema: ConnectSchema, value: unknown): unknown {
  if (value === null || value === undefined) return null
  const logical = schema.name === undefined ? undefined : logicalValues[schema.name]
  if (logical) return logical(schema)(value)
  switch (schema.type) {
    case 'struct': {
      const object: Record<string, unknown> = {}
      for (const { name, schema: field } of schema.fields ?? []) {
        const member = (value as Record<string, unknown>)[name]
        object[name] = jsonValue(field, member ?? field.default)
      }
      return object
    }
    case 'map': {
      const of = schema.valueSchema
      const entries = value instanceof Map ? [...value] : Object.entries(value as object)
      return Object.fromEntries(entries.map(([key, member]) => [String(key), of ? jsonValue(of, member) : member]))
    }
    case 'array': {
      const of = schema.valueSchema
      return of ? (value as readonly unknown[]).map((member) => jsonValue(of, member)) : value
    }
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64')
    default:
      return value
  }
}

/** Big-endian two's complement, as Java's BigInteger has it, with a decimal point. */
export function decimalText(bytes: Uint8Array, scale: number): string {
  let unscaled = 0n
  for (const byte of bytes) unscaled = (unscaled << 8n) | BigInt(byte)
  if (bytes.length > 0 && bytes[0]! >= 0x80) unscaled -= 1n << BigInt(8 * bytes.length)
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const isNegative = unscaled < 0n
  const digits = String(isNegative ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${isNegative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Bits of more than that come as many as they are. */
export const bitsLengthMax = 65_536

/** Digits from bytes of which the first holds the last bits, and from which zero bytes at the end are left out. */
function bitsText(bytes: Uint8Array, length: number): string {
  let text = ''
  for (const byte of bytes) text = byte.toString(2).padStart(8, '0') + text
  return text.replace(/^0+/, '').padStart(length <= bitsLengthMax ? length : 1, '0')
}

function dateText(value: unknown): string {
  return isoDate(Number(value) * dayMs)
}

function isoDate(ms: number): string {
  const text = new Date(ms).toISOString()
  // Years beyond 9999 have a sign and six digits there, which databases do not read.
  return text.slice(0, text.indexOf('T')).replace(/^\+0*/, '')
}

function timeText(micros: bigint): string {
  const total = micros / 1_000_000n
  const two = (part: bigint): string => String(part).padStart(2, '0')
  return `${two(total / 3_600n)}:${two((total / 60n) % 60n)}:${two(total % 60n)}${fraction(micros % 1_000_000n)}`
}

function timestampText(micros: bigint): string {
  const dayMicros = 86_400_000_000n
  const rest = ((micros % dayMicros) + dayMicros) % dayMicros
  return `${isoDate(Number((micros - rest) / 1_000n))}T${timeText(rest)}Z`
}

function fraction(micros: bigint): string {
  return micros === 0n ? '' : `.${String(micros).padStart(6, '0')}`
}
