import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type Serde, serdes, topic } from './index.ts'
import { keyFromText, keyToText, valueFromJson, valueToJson } from './internal.ts'

const keySchema = topic('t', { key: z.object({ a: z.number() }), value: serdes.string }).key
const valueSchema = topic('t', {
  key: serdes.string,
  value: z.object({ at: z.string().transform((at) => new Date(at)) }),
}).value

const cases: readonly [string, Serde<unknown, never>, unknown, unknown, string][] = [
  ['string', serdes.string, 'a/b ü', 'a/b ü', 'a/b ü'],
  ['int32', serdes.int32, -5, -5, '-5'],
  ['int16', serdes.int16, -5, -5, '-5'],
  ['float32', serdes.float32, 0.5, 0.5, '0.5'],
  ['float32 beyond JSON', serdes.float32, Number.NEGATIVE_INFINITY, '-Infinity', '-Infinity'],
  [
    'uuid',
    serdes.uuid,
    '123e4567-e89b-12d3-a456-426614174000',
    '123e4567-e89b-12d3-a456-426614174000',
    '123e4567-e89b-12d3-a456-426614174000',
  ],
  ['int64', serdes.int64, 2n ** 62n, '4611686018427387904', '4611686018427387904'],
  ['float64', serdes.float64, 0.5, 0.5, '0.5'],
  ['float64 beyond JSON', serdes.float64, Number.POSITIVE_INFINITY, 'Infinity', 'Infinity'],
  ['boolean', serdes.boolean, false, false, 'false'],
  ['bytes', serdes.bytes, Uint8Array.of(0, 255, 16), 'AP8Q', 'AP8Q'],
  ['json', serdes.json(), { a: [1] }, { a: [1] }, '{"a":[1]}'],
  ['schema', keySchema, { a: 1 }, { a: 1 }, '{"a":1}'],
]

for (const [name, serde, value, json, text] of cases) {
  test(`${name}: a value has a JSON form, a key a text, and both lead back`, () => {
    const bytes = serde.serialize(value as never)
    assert.deepEqual(valueToJson(serde, bytes), json)
    assert.deepEqual(valueFromJson(serde, JSON.parse(JSON.stringify(json))), value)
    assert.equal(keyToText(serde, bytes), text)
    assert.deepEqual(Buffer.from(keyFromText(serde, text)), Buffer.from(bytes))
  })
}

test('a schema with transforms gives its output at the end', () => {
  const bytes = valueSchema.serialize({ at: '2024-01-01T00:00:00Z' })
  assert.deepEqual(valueToJson(valueSchema, bytes), { at: '2024-01-01T00:00:00Z' })
  assert.deepEqual(valueFromJson(valueSchema, { at: '2024-01-01T00:00:00Z' }), { at: new Date('2024-01-01T00:00:00Z') })
})

test('a serde of the user’s own that is called int64 is not taken for the built-in one', () => {
  const own: Serde<string> = { ...serdes.string, name: 'int64' }
  assert.equal(keyToText(own, Buffer.from('12345678')), '12345678')
})

const refused: readonly [string, Serde<unknown, never>, unknown][] = [
  ['an empty text as int32', serdes.int32, ''],
  ['a word as int64', serdes.int64, 'many'],
  ['a number too large for int64', serdes.int64, '9999999999999999999'],
  ['yes as boolean', serdes.boolean, 'yes'],
  ['no base64 as bytes', serdes.bytes, '*'],
  ['a wrong field under a schema', valueSchema, { at: 5 }],
]

for (const [what, serde, json] of refused) {
  test(`${what} is refused`, () => assert.throws(() => valueFromJson(serde, json), { code: 'CONTRACT_MISMATCH' }))
}
