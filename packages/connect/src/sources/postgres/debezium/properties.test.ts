import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaClient } from '@millrace/kafka'
import type { Properties } from '../../../config/config-def.ts'
import type { SourceConnector } from '../../../runtime/connector.ts'
import { defaultPipeline } from '../../../runtime/default-pipeline.ts'
import { strictPolicy } from '../../../runtime/pipeline.ts'
import { tableFilter } from './captured-tables.ts'
import { hashRule } from './column-rules.ts'
import { debeziumConfig } from './debezium-config.ts'
import { postgresConnectorPlugin } from './plugin.ts'
import { columnRules, keyColumns, snapshotFilters } from './properties.ts'

const least = {
  'database.hostname': 'db',
  'database.user': 'app',
  'database.dbname': 'shop',
  'topic.prefix': 'shop',
}

function create(properties: Properties): SourceConnector {
  const context = {
    name: 'shop',
    client: {} as KafkaClient,
    pipeline: defaultPipeline,
    errors: strictPolicy,
    topics: [],
  }
  return postgresConnectorPlugin.create({ ...least, ...properties }, context) as SourceConnector
}

const refused = (properties: Properties, message: RegExp): void => {
  assert.throws(() => create(properties), { code: 'CONNECT_CONFIG_INVALID', message })
}

test('the names that Debezium requires are enough', () => {
  const connector = create({})
  assert.deepEqual([connector.kind, connector.name], ['source', 'shop'])
  assert.deepEqual(connector.newTopic?.('shop.public.orders'), { name: 'shop.public.orders' })
})

test('the position in Kafka is what counts, as with Debezium’s strategy trust_offset', () => {
  assert.equal(create({ 'offset.mismatch.strategy': 'trust_offset' }).name, 'shop')
})

test('names that mean nothing are reported with what was meant', () => {
  refused({ 'table.include.lists': 'public.orders' }, /table\.include\.lists.*did you mean table\.include\.list\?/)
  refused({ 'column.mask.with.many.chars': 'public.orders.card' }, /column\.mask\.with\.many\.chars/)
  refused({ 'column.mask.hash.SHA-0.with.salt.x': 'public.orders.card' }, /no hash algorithm SHA-0/)
  refused({ converters: 'isbn' }, /converters is not supported: they name Java classes; write them in TypeScript/)
  refused({ 'notification.enabled.channels': 'sink' }, /notification\.sink\.topic\.name: it is missing/)
  refused({ 'decimal.handling.mode': 'exact' }, /decimal\.handling\.mode/)
  refused({ 'message.key.columns': 'public.orders' }, /message\.key\.columns/)
  refused({ 'offset.mismatch.strategy': 'trust_slot' }, /offset\.mismatch\.strategy/)
})

test('sizes of queues and numbers of retries are accepted', () => {
  create({ 'max.queue.size': '8192', 'errors.max.retries': '3', 'database.tcpKeepAlive': 'true' })
})

test('expressions of tables match whole names, a schema goes before them', () => {
  const includes = tableFilter({ excludedSchemas: 'audit', includedTables: 'public\\.(a|b)\\d+, Other.C' })
  const names = ['public.a1', 'public.b22', 'public.a1x', 'xpublic.a1', 'other.c', 'audit.a1']
  assert.deepEqual(names.map(includes), [true, true, false, false, true, false])
})

test('the first expression that matches a table names its key', () => {
  const keyOf = keyColumns('public.orders:region, number;(.*).item:id')
  assert.deepEqual(keyOf('public.orders'), ['region', 'number'])
  assert.deepEqual(keyOf('shop.item'), ['id'])
  assert.equal(keyOf('public.other'), undefined)
})

test('of several rules for a column the first in the order of Debezium holds', () => {
  const properties = { 'column.mask.with.3.chars': 's.t.c', 'column.truncate.to.2.chars': 's.t.c' }
  const rules = columnRules(properties, debeziumConfig.parse('x', { ...least, ...properties }))
  const column = { name: 'c', type: { oid: 25, schema: 'pg_catalog', name: 'text' }, length: 9, scale: 0 }
  assert.equal(rules.find((rule) => rule.matches('s.t.c'))?.change(column)?.('abcdef'), 'ab')
})

test("hashes of the first version are over Java's serialized string, those of the second over its bytes", () => {
  const column = { name: 'c', type: { oid: 25, schema: 'pg_catalog', name: 'text' }, length: 2_147_483_647, scale: 0 }
  const hash = (version: 1 | 2) =>
    hashRule('s.t.c', 'SHA-256', 'CzQMA0cB5K', version).change(column)?.('4111111111111111')
  assert.equal(hash(1), 'd16cc1fce268e972ceeb001d3be6c42e8756dab85018caeeb43aab3c41bc8324')
  assert.notEqual(hash(2), hash(1))
})

test('statements of snapshots become conditions, others are refused', () => {
  const name = 'snapshot.select.statement.overrides'
  const parsed = (properties: Properties) =>
    snapshotFilters(properties, debeziumConfig.parse('x', { ...least, ...properties }))
  const statement = 'SELECT * FROM public.orders WHERE deleted = false AND id > 5 ORDER BY id'
  assert.deepEqual(parsed({ [name]: 'public.orders', [`${name}.public.orders`]: statement }), {
    'public.orders': 'deleted = false AND id > 5',
  })
  assert.throws(() => parsed({ [name]: 'public.orders', [`${name}.public.orders`]: 'SELECT id FROM public.orders' }))
  assert.throws(() => parsed({ [`${name}.public.orders`]: statement }), /not among those/)
})
