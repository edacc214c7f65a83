import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnCodec, type PostgresType, type ValueModes } from '../column-codec.ts'
import { dataJson } from '../data-json.ts'
import { defaultValue } from '../default-values.ts'

const modes: ValueModes = {
  decimals: 'precise',
  times: 'adaptive',
  binary: 'bytes',
  hstore: 'json',
  intervals: 'numeric',
  moneyFractionDigits: 2,
  includeUnknown: false,
  placeholder: Buffer.from('gone'),
}
const type = (name: string, more: Partial<PostgresType> = {}): PostgresType => ({
  oid: 1,
  schema: 'pg_catalog',
  name,
  ...more,
})
const numeric = (precision: number, scale: number): number => ((precision << 16) | (scale & 0x7ff)) + 4

/** The JSON of a value, which has to be that of its data, too. */
function json(name: string, text: string, more: Partial<ValueModes> = {}, modifier = -1): string {
  const codec = columnCodec(type(name), modifier, { ...modes, ...more })!
  const written = codec.json(text)
  assert.equal(written, dataJson(codec.schema, codec.value(text)))
  return written
}

function unscaled(base64: string): bigint {
  const hex = Buffer.from(JSON.parse(base64) as string, 'base64').toString('hex')
  return BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))
}

test('decimals are the bytes of their digits', () => {
  assert.equal(unscaled(json('numeric', '123.45', {}, numeric(5, 2))), 12_345n)
  assert.equal(json('numeric', '-1.28', {}, numeric(5, 2)), '"gA=="', 'no more bytes than the sign needs')
  assert.equal(json('numeric', '1.28', {}, numeric(5, 2)), '"AIA="')
  assert.equal(json('numeric', '-99900', {}, numeric(3, -2)), '"/Bk="', 'a negative scale leaves zeros out')
  assert.deepEqual(columnCodec(type('numeric'), numeric(3, -2), modes)?.schema.parameters, {
    scale: '-2',
    'connect.decimal.precision': '3',
  })
  assert.equal(json('numeric', '100.00'), '{"scale":0,"value":"ZA=="}')
})

test('small decimals and large ones have the same form', () => {
  for (const text of [
    '0.00',
    '-0.01',
    '1.27',
    '1.28',
    '-1.28',
    '-1.29',
    '327.67',
    '327.68',
    '-83886.08',
    '99999999999.99',
    '-99999999999.99',
  ]) {
    assert.equal(unscaled(json('numeric', text, {}, numeric(20, 2))), BigInt(text.replace('.', '')))
  }
  assert.throws(() => json('numeric', 'NaN', {}, numeric(20, 2)), RangeError)
})

test('NaN and infinities are refused as precise decimals and written otherwise', () => {
  assert.throws(() => json('numeric', 'NaN'), RangeError)
  assert.equal(json('numeric', 'NaN', { decimals: 'string' }), '"NAN"')
  assert.equal(json('numeric', '-Infinity', { decimals: 'double' }), '"-Infinity"')
})

test('money loses its currency and is rounded to the digits that are asked for', () => {
  assert.equal(json('money', '-$1,234,567.89', { decimals: 'string' }), '"-1234567.89"')
  assert.equal(json('money', '($0.50)', { decimals: 'double' }), '-0.5')
  assert.equal(json('money', '$0.55', { moneyFractionDigits: 1 }), '"Bg=="', 'half a unit goes up')
})

test('times keep the digits of their columns', () => {
  assert.equal(json('timestamp', '1969-12-31 23:59:59.999', {}, 3), '-1')
  assert.equal(json('timestamp', '1969-12-31 23:59:59.999999'), '-1')
  assert.equal(json('timestamp', '12345-01-01 00:00:00.5', { times: 'isostring' }), '"+12345-01-01T00:00:00.5Z"')
  assert.equal(json('timestamp', '0044-03-15 12:00:00 BC', { times: 'isostring' }), '"-0043-03-15T12:00:00Z"')
  assert.equal(json('timestamp', '294276-12-31 23:59:59.999999'), '9224318015999999999', 'beyond what a double holds')
  assert.equal(json('timestamptz', '2024-02-29 12:34:56+00'), '"2024-02-29T12:34:56.000000Z"')
  assert.equal(json('timestamptz', '2024-02-29 12:34:56+00', {}, 0), '"2024-02-29T12:34:56Z"')
  assert.equal(json('timestamptz', '2024-02-29 12:34:56.12+00', {}, 3), '"2024-02-29T12:34:56.120Z"')
  assert.equal(json('timestamptz', '2024-02-29 12:34:56.5+00'), '"2024-02-29T12:34:56.500000Z"')
  assert.equal(json('timestamptz', '0044-03-15 12:00:00+00 BC'), '"-0043-03-15T12:00:00.000000Z"')
  assert.equal(json('timestamptz', '12345-01-01 00:00:00+00'), '"+12345-01-01T00:00:00.000000Z"')
  assert.equal(json('timetz', '00:30:00+01'), '"23:30:00Z"')
  assert.equal(json('time', '24:00:00'), '86400000000')
  assert.equal(json('date', '0001-01-01 BC'), '-719528')
})

test('intervals count a month as the twelfth of a year', () => {
  assert.equal(json('interval', 'P1Y2M3DT4H5M6.789S'), '37091106789000')
  assert.equal(json('interval', 'P-3DT-0.5S'), '-259200500000')
  assert.equal(json('interval', 'PT0S', { intervals: 'string' }), '"P0Y0M0DT0H0M0S"')
  assert.equal(json('interval', 'P1Y-1MT-1.5S', { intervals: 'string' }), '"P1Y-1M0DT0H0M-1.5S"')
})

test('bits are bytes, the last bit first', () => {
  assert.equal(json('bit', '1', {}, 1), 'true')
  assert.equal(json('bit', '1000000001', {}, 10), '"AQI="')
  assert.equal(json('bit', '0000000000', {}, 10), '""')
})

test('arrays have their nulls, quotes and bounds', () => {
  const codec = columnCodec(type('_text', { element: type('text') }), -1, modes)!
  const read = (text: string): unknown => JSON.parse(codec.json(text))
  assert.deepEqual(read('{a,"b, \\"c\\" \\\\ d",NULL,"NULL",""}'), ['a', 'b, "c" \\ d', null, 'NULL', ''])
  assert.deepEqual(read('[0:1]={a,b}'), ['a', 'b'])
  assert.deepEqual(read('{}'), [])
  assert.throws(() => codec.json('{{a},{b}}'), RangeError)
})

test('hstore keeps escapes and the order of a HashMap', () => {
  assert.equal(
    json('hstore', '"b"=>NULL, "c"=>"\\"x\\" \\\\ y", "a key"=>"1"', {}, -1),
    '"{\\"b\\":null,\\"c\\":\\"\\\\\\"x\\\\\\" \\\\\\\\ y\\",\\"a key\\":\\"1\\"}"',
  )
})

test('a domain is its base, with the bounds of the domain', () => {
  const price = type('price', { schema: 'public', base: type('numeric'), baseModifier: numeric(8, 3) })
  assert.equal(columnCodec(price, -1, modes)?.schema.parameters?.scale, '3')
  const mood = type('mood', { schema: 'public', labels: ['sad', 'ok'] })
  const feeling = type('feeling', { schema: 'public', base: mood })
  assert.deepEqual(columnCodec(feeling, -1, modes)?.schema.parameters, { allowed: 'sad,ok' })
})

test("somebody's own type is not taken for one of PostgreSQL's", () => {
  assert.equal(columnCodec(type('point', { schema: 'public' }), -1, modes), undefined)
  const bytes = columnCodec(type('point', { schema: 'public' }), -1, { ...modes, includeUnknown: true })
  assert.equal(bytes?.json('(1,2)'), `"${Buffer.from('(1,2)').toString('base64')}"`)
})

test('defaults are literals, computed ones the zero of their type', () => {
  const of = (name: string, expression: string, modifier = -1): unknown => {
    const column = type(name)
    return defaultValue(column, expression, columnCodec(column, modifier, modes)!)
  }
  assert.equal(of('text', "'a''b'::text"), 'a')
  assert.equal(of('int4', "nextval('t_id_seq'::regclass)"), 0)
  assert.equal(of('int8', "'-5'::integer"), -5n)
  assert.equal(of('timestamptz', 'now()'), '1970-01-01T00:00:00.000000Z')
  assert.equal(of('date', 'CURRENT_DATE'), 0)
  assert.equal(of('bool', 'true'), true)
  assert.equal(of('text', 'NULL::text'), undefined)
  assert.equal(of('int4', '(a * 2)'), undefined, 'an expression')
  assert.equal(of('numeric', '12.50'), undefined, 'a structure has no default')
})
