import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepare, serdes, topic } from '@millrace/contracts'
import { valueFromJson, valueToJson } from '@millrace/contracts/internal'
import { schemaRegistry } from '@millrace/registry'
import { jsonSchema, jsonSchemaOf } from '@millrace/registry/json-schema'
import { z } from 'zod'

let scopes = 0
const fresh = () => schemaRegistry({ urls: `mock://json-${scopes++}` })
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

const zodOrder = z
  .object({ id: z.string(), amount: z.number().default(1), at: z.string().transform((at) => new Date(at)) })
  .meta({ title: 'Order' })

test('a validator’s JSON Schema is registered, and what travels is the writer’s JSON', async () => {
  const registry = fresh()
  const order = topic('order', { key: serdes.string, value: jsonSchema(registry, zodOrder) })
  const bytes = order.value.serialize({ id: 'a', at: '2024-01-01T00:00:00Z' })
  assert.equal(text(bytes), '\0\0\0\0\x01{"id":"a","at":"2024-01-01T00:00:00Z"}')
  assert.deepEqual(order.value.deserialize(bytes), { id: 'a', amount: 1, at: new Date('2024-01-01T00:00:00Z') })
  const { type, text: registered } = await registry.version('order-value', 1)
  const { $schema, title, required } = JSON.parse(registered)
  assert.deepEqual(
    [type, $schema, title, required],
    ['JSON', 'http://json-schema.org/draft-07/schema#', 'Order', ['id', 'at']],
  )
  assert.throws(() => order.value.serialize({ id: 5 } as never), { code: 'CONTRACT_MISMATCH' })
})

test('a record is named by the schema’s title', async () => {
  const registry = fresh()
  await prepare(
    topic('order', { key: serdes.string, value: jsonSchema(registry, zodOrder, { subjectName: 'topicRecord' }) }),
  )
  assert.equal((await registry.version('order-Order', 1)).id, 1)
})

const drafts = [
  [
    'draft-07',
    { $schema: 'http://json-schema.org/draft-07/schema#', definitions: { n: { type: 'number' } } },
    '#/definitions/n',
  ],
  [
    '2019-09',
    { $schema: 'https://json-schema.org/draft/2019-09/schema', $defs: { n: { type: 'number' } } },
    '#/$defs/n',
  ],
  [
    '2020-12',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: { n: { type: 'number' } } },
    '#/$defs/n',
  ],
  ['none', {}, undefined],
] as const

for (const [draft, head, ref] of drafts) {
  test(`a schema of draft ${draft} is checked in both directions`, () => {
    const amount = ref === undefined ? { type: 'number' } : { $ref: ref }
    const schema = {
      ...head,
      type: 'object',
      properties: { amount, secret: { enum: ['swordfish'] } },
      required: ['amount'],
    }
    const serde = jsonSchemaOf<{ amount: number; secret?: string }>(fresh(), schema).forTopic('t', 'value')
    const bytes = serde.serialize({ amount: 5 })
    assert.deepEqual(serde.deserialize(bytes), { amount: 5 })
    const refusal = { code: 'CONTRACT_MISMATCH', message: /amount: must be number/ }
    assert.throws(() => serde.serialize({ amount: 'many' } as never), refusal)
    const prefix = Buffer.from(bytes).subarray(0, 5)
    assert.throws(() => serde.deserialize(Buffer.concat([prefix, Buffer.from('{"amount":"many"}')])), refusal)
    assert.throws(
      () => serde.serialize({ amount: 1, secret: 'halibut' }),
      (error: Error) => !error.message.includes('halibut'),
    )
    assert.throws(() => serde.deserialize(Buffer.concat([prefix, Buffer.from('{')])), { code: 'CONTRACT_MISMATCH' })
  })
}

test('a schema that refers to others takes them from the registry', async () => {
  const registry = fresh()
  const money = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', required: ['cents'] }
  await registry.register('money', { type: 'JSON', text: JSON.stringify(money), references: [] })
  const references = [{ name: 'money.json', subject: 'money', version: 1 }]
  const schema = { type: 'object', properties: { total: { $ref: 'money.json' } } }
  const serde = jsonSchemaOf<unknown>(registry, schema, { references }).forTopic('bills', 'value')
  assert.deepEqual(serde.deserialize(serde.serialize({ total: { cents: 1 } })), { total: { cents: 1 } })
  assert.throws(() => serde.serialize({ total: {} }), { code: 'CONTRACT_MISMATCH', message: /total/ })
})

test('under the latest version values are checked by that', async () => {
  const registry = fresh()
  const latest = { type: 'object', required: ['need'] }
  await registry.register('t-value', { type: 'JSON', text: JSON.stringify(latest), references: [] })
  const serde = jsonSchemaOf<object>(registry, { type: 'object' }, { useLatestVersion: true }).forTopic('t', 'value')
  assert.throws(() => serde.serialize({}), { code: 'CONTRACT_MISMATCH', message: /need/ })
  assert.equal(text(serde.serialize({ need: 1 })), '\0\0\0\0\x01{"need":1}')
})

test('a schema that is none is refused when the contract is declared', () => {
  assert.throws(() => jsonSchemaOf(fresh(), { type: 'objekt' }), { code: 'REGISTRY_INVALID_SCHEMA' })
})

test('queries show the value', () => {
  const order = topic('order', { key: serdes.string, value: jsonSchema(fresh(), z.object({ n: z.number() })) })
  const json = valueToJson(order.value, order.value.serialize({ n: 1 }))
  assert.deepEqual(json, { n: 1 })
  assert.deepEqual(valueFromJson(order.value, json), { n: 1 })
})
