import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepare, type Serde, serdes, topic, whenReady } from '@millrace/contracts'
import { type SchemaRegistryOptions, type SerdeOptions, schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { serveRegistry } from './support/registry-server.ts'

const schema = { type: 'record', name: 'com.example.Order', fields: [{ name: 'id', type: 'string' }] } as const
const wider = { ...schema, fields: [...schema.fields, { name: 'more', type: 'int', default: 0 }] } as const
const limits = { retryDelayMsMin: 1, retryDelayMsMax: 2, maxAttempts: 2 }

function client(urls: string, options: Omit<SchemaRegistryOptions, 'urls'> = {}) {
  return schemaRegistry({ urls, limits, ...options })
}

let scopes = 0
function declared(options: SerdeOptions, registryDefaults?: SerdeOptions) {
  const registry = schemaRegistry({
    urls: `mock://serde-${scopes++}`,
    ...(registryDefaults && { serdes: registryDefaults }),
  })
  return { registry, order: topic('order', { key: serdes.string, value: avro(registry, schema, options) }) }
}

const text = (of: object) => ({ type: 'AVRO', text: JSON.stringify(of), references: [] }) as const

for (const [strategy, value, key] of [
  ['topic', 'orders-value', 'orders-key'],
  ['record', 'com.example.Order', 'com.example.Order'],
  ['topicRecord', 'orders-com.example.Order', 'orders-com.example.Order'],
  [
    ({ topic, role, recordName }: { topic: string | undefined; role: string; recordName: string | undefined }) =>
      `${recordName}/${topic}/${role}`,
    'com.example.Order/orders/value',
    'com.example.Order/orders/key',
  ],
] as const) {
  test(`subjects are named by ${typeof strategy === 'string' ? strategy : 'a function'}`, async () => {
    await using server = await serveRegistry()
    const serde = avro(client(server.url), schema, { subjectName: strategy })
    await prepare(topic('orders', { key: serde, value: serde }))
    assert.deepEqual(server.subjects().toSorted(), [...new Set([value, key])].toSorted())
  })
}

test('a serde that belongs to no topic says so', () => {
  const { registry } = declared({})
  assert.throws(() => avro(registry, schema).serialize({ id: 'a' }), { code: 'REGISTRY_SUBJECT_UNKNOWN' })
  const named = avro(registry, schema, { subjectName: 'record' })
  assert.deepEqual(named.deserialize(named.serialize({ id: 'a' })), { id: 'a' })
})

test('the serde of a topic is one object, whoever asks for it', () => {
  const { order } = declared({})
  assert.equal(order.value.forTopic?.('other', 'value'), order.value.forTopic?.('other', 'value'))
  assert.notEqual(order.value.forTopic?.('other', 'value'), order.value)
})

test('before what it needs has come a serde says that it is not ready; then it answers at once', async () => {
  await using server = await serveRegistry()
  const registry = client(server.url)
  const order = topic('order', { key: serdes.string, value: avro(registry, schema) })
  assert.throws(() => order.value.serialize({ id: 'a' }), { code: 'CONTRACT_NOT_READY', retriable: true })
  const bytes = await whenReady(() => order.value.serialize({ id: 'a' }))
  assert.equal(whenReady(() => order.value.serialize({ id: 'a' })) instanceof Promise, false)
  const reader = topic('order', { key: serdes.string, value: avro(client(server.url), schema) })
  assert.deepEqual(await whenReady(() => reader.value.deserialize(bytes)), { id: 'a' })
  assert.deepEqual(reader.value.deserialize(bytes), { id: 'a' })
})

test('after warm-up, records make no request', async () => {
  await using server = await serveRegistry()
  const order = topic('order', { key: serdes.string, value: avro(client(server.url), schema) })
  await prepare(order)
  await whenReady(() => order.value.deserialize(order.value.serialize({ id: '' })))
  const warm = server.asked.length
  for (let n = 0; n < 20_000; n++) order.value.deserialize(order.value.serialize({ id: String(n) }))
  // Other topics with the same schema ask for their own subject, once.
  await prepare(topic('second', { key: serdes.string, value: order.value }))
  assert.deepEqual([warm, server.asked.length - warm], [1, 1])
})

test('a refusal is believed for a while, and a registry that was away asked again', async () => {
  let answer: { status: number; body?: unknown } | undefined = { status: 404, body: { error_code: 40403 } }
  await using server = await serveRegistry(() => answer)
  const registry = client(server.url, { limits: { ...limits, failureCacheMs: 20 } })
  const order = topic('order', { key: serdes.string, value: avro(registry, schema) })
  const bytes = Buffer.of(0, 0, 0, 0, 1, 2, 97)
  const read = () => whenReady(() => order.value.deserialize(bytes))
  await assert.rejects(async () => read(), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
  for (let n = 0; n < 50; n++) await assert.rejects(async () => read(), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
  assert.equal(server.asked.length, 1)
  answer = { status: 503 }
  await new Promise((resolve) => setTimeout(resolve, 25))
  await assert.rejects(async () => read(), { code: 'REGISTRY_UNREACHABLE' })
  await assert.rejects(async () => read(), { code: 'REGISTRY_UNREACHABLE' })
  assert.equal(server.asked.length, 5)
  answer = { status: 200, body: { schema: JSON.stringify(schema) } }
  assert.deepEqual(await read(), { id: 'a' })
})

test('without automatic registration the schema must be there', async () => {
  const { registry, order } = declared({ autoRegisterSchemas: false })
  await assert.rejects(() => prepare(order), { code: 'REGISTRY_SUBJECT_NOT_FOUND' })
  const later = topic('later', { key: serdes.string, value: order.value })
  await registry.register('later-value', text(schema))
  assert.equal(later.value.serialize({ id: 'a' })[4], 1)
  await registry.register('other-value', text(wider))
  const other = topic('other', { key: serdes.string, value: order.value })
  await assert.rejects(() => prepare(other), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
})

test('the latest version of the subject is written where that is asked for, and nothing registered', async () => {
  const { registry, order } = declared({ useLatestVersion: true })
  await registry.register('order-value', text(schema))
  await registry.register('order-value', text(wider))
  const bytes = order.value.serialize({ id: 'a' })
  assert.equal(Buffer.from(bytes).toString('hex'), '0000000002026100')
  assert.deepEqual(order.value.deserialize(bytes), { id: 'a' })
  await assert.rejects(async () => registry.version('order-value', 3))
})

test('values that would not be readable under the latest version are refused, unless that is not to matter', async () => {
  const needing = { ...schema, fields: [...schema.fields, { name: 'need', type: 'int' }] }
  const strict = declared({ useLatestVersion: true })
  await strict.registry.register('order-value', text(needing))
  await assert.rejects(() => prepare(strict.order), { code: 'REGISTRY_INCOMPATIBLE', message: /need/ })
  const lenient = declared({}, { useLatestVersion: true, latestCompatibilityStrict: false })
  await lenient.registry.register('order-value', text(needing))
  const both = { id: 'a', need: 1 }
  assert.equal(Buffer.from(lenient.order.value.serialize(both)).toString('hex'), '0000000001026102')
})

test('a schema can be named by its id', async () => {
  const { registry } = declared({})
  const id = await registry.register('elsewhere', text(wider))
  const named = topic('order', { key: serdes.string, value: avro(registry, schema, { useSchemaId: id }) })
  assert.equal(Buffer.from(named.value.serialize({ id: 'a' })).toString('hex'), '0000000001026100')
  const alien = await registry.register(
    'alien',
    text({ type: 'record', name: 'Alien', fields: [{ name: 'x', type: 'int' }] }),
  )
  const wrong: Serde<{ id: string }> = avro(registry, schema, { useSchemaId: alien })
  assert.throws(() => wrong.serialize({ id: 'a' }), { code: 'REGISTRY_INCOMPATIBLE' })
  const json = await registry.register('json', { type: 'JSON', text: '{}', references: [] })
  const other = avro(registry, schema, { useSchemaId: json, idCompatibilityStrict: false })
  assert.throws(() => other.serialize({ id: 'a' }), { code: 'REGISTRY_INCOMPATIBLE', message: /type JSON/ })
})

test('what was written in another format is not read', async () => {
  const { registry, order } = declared({})
  const id = await registry.register('json', { type: 'JSON', text: '{}', references: [] })
  assert.throws(() => order.value.deserialize(Buffer.of(0, 0, 0, 0, id, 123, 125)), { code: 'REGISTRY_UNREADABLE' })
})
