import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectRecord } from '../../data/record.ts'
import { contentBasedRouter, scriptFilter } from './scripting.ts'

const language = 'jsr223.groovy'

function record(op: string | null, more: Partial<ConnectRecord> = {}): ConnectRecord {
  return {
    topic: 'shop.public.orders',
    partition: undefined,
    timestampMs: 1,
    key: { schema: undefined, value: { id: 2 } },
    value: { schema: undefined, value: op === null ? null : { op, before: { id: 2 } } },
    headers: [{ key: 'idh', schema: { type: 'int32' }, value: 5 }],
    ...more,
  }
}

test('a filter keeps the records for which its condition is true', () => {
  const updates = scriptFilter.create({ language, condition: "value.op == 'u' && value.before.id == 2" })
  assert.equal(updates.apply(record('u'))?.topic, 'shop.public.orders')
  assert.equal(updates.apply(record('c')), undefined)
  const headers = scriptFilter.create({ language: 'jsr223.graal.js', condition: 'header.idh.value == 5' })
  assert.ok(headers.apply(record('c')))
})

test('records without value are kept, dropped or judged', () => {
  const condition = "topic == 'shop.public.orders' && key.id == 3"
  const modes = ['keep', 'drop', 'evaluate'].map((mode) => {
    const filter = scriptFilter.create({ language, condition, 'null.handling.mode': mode })
    return [filter.apply(record(null)) !== undefined, filter.apply(record(null, { topic: 'x' })) !== undefined]
  })
  assert.deepEqual(modes, [
    [true, true],
    [false, false],
    [false, false],
  ])
})

test('only records of the topics that are named are judged', () => {
  const filter = scriptFilter.create({ language, condition: 'false', 'topic.regex': '.*orders' })
  assert.equal(filter.apply(record('c')), undefined)
  assert.ok(filter.apply(record('c', { topic: 'shop.public.customers' })))
})

test('a router gives records the topic that its expression says, or leaves it', () => {
  const router = contentBasedRouter.create({ language, 'topic.expression': "value.op == 'u' ? 'updates' : null" })
  assert.equal(router.apply(record('u'))?.topic, 'updates')
  assert.equal(router.apply(record('c'))?.topic, 'shop.public.orders')
})

test('an expression that is no answer is the record’s fault, one that cannot be read the config’s', () => {
  const filter = scriptFilter.create({ language, condition: 'value.op' })
  assert.throws(() => filter.apply(record('u')), { code: 'CONNECT_TRANSFORM_FAILED' })
  const router = contentBasedRouter.create({ language, 'topic.expression': '5' })
  assert.throws(() => router.apply(record('u')), { code: 'CONNECT_TRANSFORM_FAILED' })
  const wrong: readonly Record<string, string>[] = [
    { language, condition: 'value.op = 1' },
    { language, condition: 'System.exit(1)' },
    { language: 'wasm.chicory', condition: 'true' },
    { language },
  ]
  for (const config of wrong) assert.throws(() => scriptFilter.create(config), { code: 'CONNECT_CONFIG_INVALID' })
})
