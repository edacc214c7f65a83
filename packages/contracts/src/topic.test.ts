import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { serdes, topic } from './index.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const mismatch = { code: 'CONTRACT_MISMATCH', retriable: false }

const libraries = {
  zod: topic('order', { key: z.string(), value: z.object({ id: z.string(), amount: z.number() }) }),
  valibot: topic('order', { key: v.string(), value: v.object({ id: v.string(), amount: v.number() }) }),
  arktype: topic('order', { key: type('string'), value: type({ id: 'string', amount: 'number' }) }),
}

for (const [library, order] of Object.entries(libraries)) {
  test(`${library}: a key travels as bare text, a value as JSON, and both return`, () => {
    assert.equal(text(order.key.serialize('alice')), 'alice')
    const written = order.value.serialize({ id: 'o1', amount: 3 })
    assert.equal(text(written), '{"id":"o1","amount":3}')
    assert.equal(order.key.deserialize(bytes('alice')), 'alice')
    assert.deepEqual(order.value.deserialize(written), { id: 'o1', amount: 3 })
  })

  test(`${library}: a value that does not fit is refused on both sides, and the error names the field, not the payload`, () => {
    const wrong = { id: 'swordfish', amount: 'swordfish' }
    const refusal = { ...mismatch, message: /amount: expected .*number/ }
    assert.throws(() => order.value.serialize(wrong as never), refusal)
    const read = (): unknown => order.value.deserialize(bytes(JSON.stringify(wrong)))
    assert.throws(read, refusal)
    assert.throws(read, (error: Error) => !/swordfish/.test(`${error.message}${error.stack}${JSON.stringify(error)}`))
  })
}

test('readers get the output of a schema, and what travels is the input', () => {
  const visit = topic('visit', {
    key: z.string(),
    value: z.object({ at: z.string().transform((at) => new Date(at)), note: z.string().default('none') }),
  })
  const written = visit.value.serialize({ at: '2024-02-29T00:00:00Z' })
  assert.equal(text(written), '{"at":"2024-02-29T00:00:00Z"}')
  assert.deepEqual(visit.value.deserialize(written), { at: new Date('2024-02-29T00:00:00Z'), note: 'none' })
})

test('a value that JSON would change into one that readers refuse is refused when it is written', () => {
  const visit = topic('visit', { key: z.string(), value: z.object({ at: z.date() }) })
  assert.throws(() => visit.value.serialize({ at: new Date() }), mismatch)
})

test('numeric keys travel as JSON and return as numbers', () => {
  const byNumber = topic('numbered', { key: z.number(), value: serdes.string })
  assert.equal(text(byNumber.key.serialize(42)), '42')
  assert.equal(byNumber.key.deserialize(bytes('42')), 42)
  assert.throws(() => byNumber.key.deserialize(bytes('forty-two')), mismatch)
})

test('object keys travel as JSON and return', () => {
  const byPair = topic('pairs', { key: z.object({ shop: z.string(), id: z.number() }), value: serdes.string })
  const written = byPair.key.serialize({ shop: 's', id: 1 })
  assert.equal(text(written), '{"shop":"s","id":1}')
  assert.deepEqual(byPair.key.deserialize(written), { shop: 's', id: 1 })
})

test('a string key that looks like JSON stays a string', () => {
  assert.equal(libraries.zod.key.deserialize(bytes('{"a":1}')), '{"a":1}')
  assert.equal(libraries.zod.key.deserialize(bytes('007')), '007')
})

test('a key that would be read back as another one is refused', () => {
  const either = topic('either', { key: z.union([z.string(), z.number()]), value: serdes.string })
  assert.equal(text(either.key.serialize('5')), '5')
  assert.throws(() => either.key.serialize(5), mismatch)
  const coerced = topic('coerced', { key: z.coerce.number(), value: serdes.string })
  assert.equal(text(coerced.key.serialize(5)), '5')
})

test('an asynchronous schema is refused', () => {
  const later = topic('later', { key: z.string(), value: z.string().refine(async () => true) })
  assert.throws(() => later.value.serialize('x'), { code: 'CONTRACT_INVALID', message: /asynchronous/ })
})

test('the late failure of a refused schema disturbs nobody', async () => {
  const validate = (): Promise<never> => Promise.reject(new Error('late'))
  const schema: StandardSchemaV1<string> = { '~standard': { version: 1, vendor: 'own', validate } }
  const later = topic('later', { key: schema, value: schema })
  assert.throws(() => later.key.deserialize(bytes('x')), { code: 'CONTRACT_INVALID' })
  // An unhandled rejection would fail the run before this ends.
  await new Promise((resolve) => setTimeout(resolve, 5))
})

const refusedDeclarations = [
  ['an empty name', () => topic('', { key: serdes.string, value: serdes.string }), 'CONTRACT_INVALID'],
  ['a name with a blank', () => topic('my order', { key: serdes.string, value: serdes.string }), 'CONTRACT_INVALID'],
  ['the name ".."', () => topic('..', { key: serdes.string, value: serdes.string }), 'CONTRACT_INVALID'],
  [
    'a name of 250 letters',
    () => topic('x'.repeat(250), { key: serdes.string, value: serdes.string }),
    'CONTRACT_INVALID',
  ],
  ['no key', () => topic('t', { value: serdes.string } as never), 'CONFIG_MISSING_OPTION'],
  [
    'a serde that was not called',
    () => topic('t', { key: serdes.string, value: serdes.json as never }),
    'CONTRACT_INVALID',
  ],
  ['null as serde', () => topic('t', { key: serdes.string, value: null as never }), 'CONTRACT_INVALID'],
  [
    'a misspelt option',
    () => topic('t', { key: serdes.string, value: serdes.string, partition: 3 } as never),
    'CONFIG_UNKNOWN_OPTION',
  ],
  [
    'no partitions at all',
    () => topic('t', { key: serdes.string, value: serdes.string, partitions: 0 }),
    'CONFIG_INVALID_OPTION',
  ],
  [
    'a setting that is no string',
    () => topic('t', { key: serdes.string, value: serdes.string, config: { a: 1 } as never }),
    'CONTRACT_INVALID',
  ],
] as const

for (const [what, declare, code] of refusedDeclarations) {
  test(`a declaration with ${what} is refused`, () => assert.throws(declare, { code }))
}

test('a contract is frozen and carries what the topic is created with', () => {
  const order = topic('order', {
    key: serdes.string,
    value: serdes.string,
    partitions: 3,
    config: { 'cleanup.policy': 'compact' },
  })
  assert.ok(Object.isFrozen(order) && Object.isFrozen(order.config))
  assert.equal(order.partitions, 3)
  assert.deepEqual(order.config, { 'cleanup.policy': 'compact' })
})
