import { configDef } from '../../config/config-def.ts'
import { between, type Validator } from '../../config/config-key.ts'
import type { ConnectRecord } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { fieldValue, ownValue } from '../../data/schemas.ts'
import { isObject, plugin } from '../plugin-makers.ts'
import { debeziumPackage, type Envelope, structIn } from './envelope.ts'

const definition = configDef({
  'max.bytes': {
    type: 'int',
    valid: between(1),
    importance: 'high',
    doc: 'How large an event may be, by estimate; of larger ones texts and bytes are cut.',
  },
  'compression.ratio': {
    type: 'double',
    default: 1,
    valid: ((ratio: number) => (ratio > 0 ? undefined : 'Must be a positive number')) as Validator,
    importance: 'medium',
    doc: 'How large bytes are of what was estimated.',
  },
  'min.field.size': {
    type: 'int',
    default: 25_000,
    valid: between(0),
    importance: 'medium',
    doc: 'Fields of at most this size are left whole.',
  },
})

// What Java objects take, by which Debezium estimates.
const sizes = {
  struct: 56,
  string: 56,
  bytes: 24,
  array: 64,
  map: 88,
  primitive: 24,
  reference: 8,
  header: 100,
} as const
const timestampBytes = 8

/**
 * Cuts long texts and bytes of events that are too large, each in proportion. The estimate is Debezium's, without what it
 * adds for the source's position.
 */
export const enforceRecordSize = plugin(`${debeziumPackage}.EnforceRecordSize`, definition, (config) => {
  return (record) => {
    const { schema, value } = record.value
    // A sink has nothing to enforce: the record is there.
    if (schema?.type !== 'struct' || !isObject(value) || record.offset !== undefined) return record
    const excess = Math.ceil(recordSize(record) * config['compression.ratio']) - config['max.bytes']
    if (excess <= 0) return record
    const envelope: Envelope = { schema, value }
    const parts = (['before', 'after'] as const).flatMap((name) => {
      const row = structIn(envelope, name)
      return row ? [{ name, row, long: longFields(row, config['min.field.size']) }] : []
    })
    const total = sum(parts.map(({ long }) => sum([...long.values()])))
    if (total === 0) return record
    const cut = parts.map(({ name, row, long }) => {
      const own = sum([...long.values()])
      return [name, withoutExcess(row, long, own, Math.ceil((own / total) * excess))]
    })
    return { ...record, value: { schema, value: { ...value, ...Object.fromEntries(cut) } } }
  }
})

/** Lengths of texts (in UTF-16 units) and bytes that are long enough to be cut, by field. */
function longFields({ schema, value }: Envelope, minSize: number): Map<string, number> {
  const found = new Map<string, number>()
  for (const field of schema.fields ?? []) {
    const own = fieldValue(value, field, true)
    const isCut = typeof own === 'string' || (own instanceof Uint8Array && field.schema.type === 'bytes')
    if (isCut && own.length > minSize) found.set(field.name, own.length)
  }
  return found
}

function withoutExcess(row: Envelope, long: ReadonlyMap<string, number>, total: number, excess: number): object {
  if (total === 0) return row.value
  const cut = Array.from(long, ([name, size]) => {
    const length = Math.max(0, size - Math.ceil((size / total) * excess))
    return [name, shortened(ownValue(row.value, name), length)]
  })
  return { ...row.value, ...Object.fromEntries(cut) }
}

function shortened(value: unknown, length: number): unknown {
  if (value instanceof Uint8Array) return value.subarray(0, length)
  if (typeof value !== 'string') return value
  // Half a character would be no text.
  const isHalf = length > 0 && length < value.length && value.codePointAt(length - 1)! > 0xffff
  return value.slice(0, isHalf ? length - 1 : length)
}

function recordSize({ topic, headers, key, value }: ConnectRecord): number {
  const data = [key, value].map(({ schema, value: own }) => (schema?.type === 'struct' ? sizeOf(schema, own) : 0))
  return headers.length * sizes.header + timestampBytes + sum(data) + Buffer.byteLength(topic)
}

function sizeOf(schema: ConnectSchema | undefined, value: unknown): number {
  const isNull = value === null || value === undefined
  switch (schema?.type) {
    case undefined:
      return 0
    case 'string':
      return isNull ? 0 : sizes.string + Buffer.byteLength(value as string)
    case 'bytes':
      return isNull ? 0 : sizes.bytes + (value as Uint8Array).length
    case 'array':
      if (isNull) return 0
      return sizes.array + sum((value as unknown[]).map((item) => sizes.reference + sizeOf(schema.valueSchema, item)))
    case 'map':
      return isNull ? 0 : sizes.map + sum(Array.from(value as Map<unknown, unknown>, entrySize(schema)))
    case 'struct': {
      if (isNull) return 0
      const fields = schema.fields ?? []
      return (
        sizes.struct + sum(fields.map(({ name, schema: own }) => sizes.reference + sizeOf(own, ownValue(value, name))))
      )
    }
    default:
      return sizes.primitive
  }
}

function entrySize({ keySchema, valueSchema }: ConnectSchema): (entry: readonly [unknown, unknown]) => number {
  return ([key, value]) => sizes.reference * 2 + sizeOf(keySchema, key) + sizeOf(valueSchema, value)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
