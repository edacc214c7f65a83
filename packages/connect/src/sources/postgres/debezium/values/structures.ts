import type { ConnectSchema } from '../../../../data/schema.ts'
import { codec, type ValueCodec } from './value-codec.ts'

const geometryFields = [
  { name: 'wkb', schema: { type: 'bytes' } },
  { name: 'srid', schema: { type: 'int32', optional: true } },
] as const

/** PostGIS's `geometry` and `geography`, which print their extended well-known binary in hex. */
export function geometryCodec(name: 'Geometry' | 'Geography'): ValueCodec {
  const schema: ConnectSchema = {
    type: 'struct',
    name: `io.debezium.data.geometry.${name}`,
    version: 1,
    doc: name,
    fields: geometryFields,
  }
  return codec(schema, ewkb, ewkb('010700000000000000'))
}

/** The type carries a flag that says that the reference system follows it. */
const hasReferenceSystem = 0x20000000

function ewkb(hex: string): { wkb: Buffer; srid: number | null } {
  const wkb = Buffer.from(hex, 'hex')
  if (wkb.length < 5) throw new RangeError('a geometry ends early')
  const isLittle = wkb[0] === 1
  const type = isLittle ? wkb.readUInt32LE(1) : wkb.readUInt32BE(1)
  if ((type & hasReferenceSystem) === 0) return { wkb, srid: null }
  return { wkb, srid: isLittle ? wkb.readInt32LE(5) : wkb.readInt32BE(5) }
}

const pointSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.data.geometry.Point',
  version: 1,
  doc: 'Geometry (POINT)',
  fields: [
    { name: 'x', schema: { type: 'float64' } },
    { name: 'y', schema: { type: 'float64' } },
    { name: 'wkb', schema: { type: 'bytes', optional: true } },
    { name: 'srid', schema: { type: 'int32', optional: true } },
  ],
}

/** PostgreSQL's own `point`. */
export function pointCodec(): ValueCodec {
  const point = (x: number, y: number): unknown => {
    const wkb = Buffer.alloc(21)
    wkb[0] = 1
    wkb.writeUInt32LE(1, 1)
    wkb.writeDoubleLE(x, 5)
    wkb.writeDoubleLE(y, 13)
    return { x, y, wkb, srid: null }
  }
  const value = (text: string): unknown => {
    const [x = '', y = ''] = text.slice(1, -1).split(',')
    return point(Number(x), Number(y))
  }
  return codec(pointSchema, value, point(0, 0))
}

/** pgvector's `vector` and `halfvec`: `[1,2.5]`. */
export function vectorCodec(name: 'DoubleVector' | 'FloatVector'): ValueCodec {
  const schema: ConnectSchema = {
    type: 'array',
    name: `io.debezium.data.${name}`,
    version: 1,
    valueSchema: { type: name === 'DoubleVector' ? 'float64' : 'float32' },
  }
  return codec(schema, (text) => numbersIn(text), [])
}

const sparseSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.data.SparseDoubleVector',
  version: 1,
  doc: 'Sparse double vector',
  fields: [
    { name: 'dimensions', schema: { type: 'int16' } },
    { name: 'vector', schema: { type: 'map', keySchema: { type: 'int16' }, valueSchema: { type: 'float64' } } },
  ],
}

/** pgvector's `sparsevec`: `{1:1.5,3:-2}/5`. */
export function sparseVectorCodec(): ValueCodec {
  const value = (text: string): unknown => {
    const [entries = '', dimensions = ''] = text.split('/')
    const pairs = entries.slice(1, -1).split(',').filter(Boolean)
    const vector = new Map(
      pairs.map((pair) => {
        const [index = '', number = ''] = pair.split(':')
        return [Number(index), Number(number)]
      }),
    )
    return { dimensions: Number(dimensions), vector }
  }
  return codec(sparseSchema, value, { dimensions: 0, vector: new Map() })
}

function numbersIn(text: string): number[] {
  return text.slice(1, -1).split(',').filter(Boolean).map(Number)
}
