import { arrayCodec } from './values/array.ts'
import { type BinaryMode, binaryForm, bitsCodec, byteaCodec, shapeCodec, unknownCodec } from './values/binary.ts'
import { type DecimalMode, moneyCodec, numericCodec } from './values/decimals.ts'
import { type HstoreMode, hstoreCodec } from './values/hstore.ts'
import { type IntervalMode, intervalCodec } from './values/interval.ts'
import { geometryCodec, pointCodec, sparseVectorCodec, vectorCodec } from './values/structures.ts'
import {
  dateCodec,
  type TimeMode,
  timeCodec,
  timestampCodec,
  zonedTimeCodec,
  zonedTimestampCodec,
} from './values/temporal.ts'
import {
  booleanCodec,
  float32Codec,
  float64Codec,
  int16Codec,
  int32Codec,
  int64Codec,
  textCodec,
  type ValueCodec,
} from './values/value-codec.ts'

/** A type as the catalog describes it. */
export interface PostgresType {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** Of an array. */
  readonly element?: PostgresType
  /** Of a domain. */
  readonly base?: PostgresType
  /** Of a domain: length or precision of its base. */
  readonly baseModifier?: number
  /** Of an enum. */
  readonly labels?: readonly string[]
}

/** How values are expressed, by the names of Debezium's options. */
export interface ValueModes {
  readonly decimals: DecimalMode
  readonly times: TimeMode
  readonly binary: BinaryMode
  readonly hstore: HstoreMode
  readonly intervals: IntervalMode
  readonly moneyFractionDigits: number
  /** Columns of types that are not known: their texts as bytes instead of nothing. */
  readonly includeUnknown: boolean
  /** Stands for a large value that was not logged. */
  readonly placeholder: Buffer
}

/** A domain's base, and its modifier unless the column has one of its own. */
export function rootOf(type: PostgresType, modifier: number): { type: PostgresType; modifier: number } {
  let root = { type, modifier }
  while (root.type.base) {
    root = { type: root.type.base, modifier: root.modifier >= 0 ? root.modifier : (root.type.baseModifier ?? -1) }
  }
  return root
}

/** Undefined for a type that nobody knows; its column is left out. */
export function columnCodec(column: PostgresType, columnModifier: number, modes: ValueModes): ValueCodec | undefined {
  const { type, modifier } = rootOf(column, columnModifier)
  if (type.labels) return textCodec('io.debezium.data.Enum', { allowed: type.labels.join(',') })
  if (type.element) return elementsCodec(type.element, modifier, modes)
  // Somebody's own type may have the name of one of PostgreSQL's.
  const isKnown = type.schema === 'pg_catalog' || extensionTypes.has(type.name)
  const codecOf = isKnown ? codecs[type.name] : undefined
  const found = codecOf?.(modifier, modes) ?? (modes.includeUnknown ? otherCodec(type.name, modes) : undefined)
  return found && withPlaceholder(found, modes)
}

const extensionTypes = new Set('citext hstore ltree isbn geometry geography vector halfvec sparsevec'.split(' '))
const shapes = new Set(['line', 'lseg', 'box', 'path', 'polygon', 'circle'])

function otherCodec(name: string, { binary }: ValueModes): ValueCodec {
  return shapes.has(name) ? shapeCodec(binary) : unknownCodec(binary)
}

type CodecOf = (modifier: number, modes: ValueModes) => ValueCodec

const text: CodecOf = () => textCodec()
const json: CodecOf = () => textCodec('io.debezium.data.Json')
/** Without a modifier PostgreSQL keeps six digits. */
const precision = (modifier: number): number => (modifier < 0 ? 6 : modifier)
const longestBits = 2_147_483_647

const plainTexts =
  'text varchar bpchar char name citext isbn inet cidr macaddr macaddr8 int4range int8range numrange tsrange tstzrange daterange'

const codecs: Readonly<Record<string, CodecOf | undefined>> = {
  ...Object.fromEntries(plainTexts.split(' ').map((name) => [name, text])),
  bool: () => booleanCodec,
  int2: () => int16Codec,
  int4: () => int32Codec,
  int8: () => int64Codec,
  oid: () => int64Codec,
  float4: () => float32Codec,
  float8: () => float64Codec,
  numeric: (modifier, { decimals }) => {
    if (modifier < 0) return numericCodec(decimals, undefined, 0)
    const scale = (modifier - 4) & 0x7ff
    return numericCodec(decimals, ((modifier - 4) >> 16) & 0xffff, scale > 1_023 ? scale - 2_048 : scale)
  },
  money: (_, { decimals, moneyFractionDigits }) => moneyCodec(decimals, moneyFractionDigits),
  bit: (modifier) => bitsCodec(modifier),
  varbit: (modifier) => bitsCodec(modifier < 0 ? longestBits : modifier),
  bytea: (_, { binary }) => byteaCodec(binary),
  date: (_, { times }) => dateCodec(times),
  time: (modifier, { times }) => timeCodec(times, precision(modifier)),
  timetz: () => zonedTimeCodec(),
  timestamp: (modifier, { times }) => timestampCodec(times, precision(modifier)),
  timestamptz: (modifier) => zonedTimestampCodec(precision(modifier)),
  interval: (_, { intervals }) => intervalCodec(intervals),
  json,
  jsonb: json,
  xml: () => textCodec('io.debezium.data.Xml'),
  uuid: () => textCodec('io.debezium.data.Uuid'),
  tsvector: () => textCodec('io.debezium.data.Tsvector'),
  ltree: () => textCodec('io.debezium.data.Ltree'),
  point: () => pointCodec(),
  geometry: () => geometryCodec('Geometry'),
  geography: () => geometryCodec('Geography'),
  vector: () => vectorCodec('DoubleVector'),
  halfvec: () => vectorCodec('FloatVector'),
  sparsevec: () => sparseVectorCodec(),
  hstore: (_, { hstore, placeholder }) => hstoreCodec(hstore, placeholder.toString()),
}

/** Types whose arrays may hold nulls by their schema. */
const knownArrays = new Set(
  'int2 int4 int8 oid char varchar text bpchar inet cidr macaddr macaddr8 tsrange tstzrange daterange int4range numrange int8range numeric float4 float8 bool date uuid json jsonb time timetz timestamp timestamptz bytea geometry geography citext hstore ltree'.split(
    ' ',
  ),
)

/** Arrays that Debezium does not take up, though it knows their elements. */
const leftOutArrays = new Set(['money', 'name', 'interval', 'varbit', 'xml', 'point', 'refcursor'])

function elementsCodec(element: PostgresType, modifier: number, modes: ValueModes): ValueCodec | undefined {
  if (leftOutArrays.has(element.name)) return undefined
  const codec = columnCodec(element, modifier, { ...modes, includeUnknown: false })
  if (codec) return arrayCodec(codec, knownArrays.has(element.name), arrayPlaceholder(element.name, codec, modes))
  return modes.includeUnknown ? arrayCodec(unknownCodec(modes.binary), false, undefined) : undefined
}

/** A text where the value is one, or its bytes; types that are never large need none. */
function withPlaceholder(codec: ValueCodec, { placeholder, binary }: ValueModes): ValueCodec {
  if (codec.unavailable !== undefined) return codec
  if (codec.schema.type === 'string') return { ...codec, unavailable: placeholder.toString() }
  return codec.schema.type === 'bytes' && codec.schema.name === undefined
    ? { ...codec, unavailable: binaryForm(binary).write(placeholder) }
    : codec
}

/** As many elements as Debezium makes of the placeholder. */
function arrayPlaceholder(element: string, codec: ValueCodec, { placeholder, binary }: ValueModes): unknown {
  const signed = [...new Int8Array(placeholder)]
  switch (element) {
    case 'text':
    case 'varchar':
    case 'bpchar':
    case 'json':
    case 'jsonb':
      return [placeholder.toString()]
    case 'bytea':
      return [binaryForm(binary).write(placeholder)]
    case 'int4':
    case 'date':
      return codec.schema.type === 'int32' ? signed : undefined
    case 'int8':
      return signed.map(BigInt)
    default:
      return undefined
  }
}
