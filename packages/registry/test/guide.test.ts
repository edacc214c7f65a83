import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { prepare, serdes, topic, whenReady } from '@millrace/contracts'
import { schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { topology } from '@millrace/streams'
import { testDriver } from '@millrace/streams/testing'

// The programs of docs/guides/schema-registry.md: the last test finds each of them in this file.
const registry = schemaRegistry({ urls: process.env.SCHEMA_REGISTRY_URL ?? 'mock://guide' })

const order = topic('order', {
  key: serdes.string,
  value: avro(registry, {
    type: 'record',
    name: 'com.example.Order',
    fields: [
      { name: 'customer', type: 'string' },
      { name: 'cents', type: 'long' },
    ],
  }),
})
const spend = topic('spend', {
  key: avro(registry, 'string'),
  value: avro(registry, { type: 'record', name: 'com.example.Spend', fields: [{ name: 'cents', type: 'long' }] }),
})

test('an application aggregates records of a schema registry', () => {
  const app = topology('spending')
  app
    .stream(order)
    .groupBy(({ customer }) => customer, { name: 'by-customer', key: spend.key, value: order.value })
    .aggregate({ initial: { cents: 0n }, store: 'totals', value: spend.value }, (total, { cents }) => ({
      cents: total.cents + cents,
    }))
    .to(spend)
  using driver = testDriver(app)
  driver.input(order).pipe('o1', { customer: 'ann', cents: 5n })
  driver.input(order).pipe('o2', { customer: 'ann', cents: 7n })
  assert.deepEqual(driver.output(spend).readAll(), [
    ['ann', { cents: 5n }],
    ['ann', { cents: 12n }],
  ])
})

test('a program of one’s own prepares, and reads when it is ready', async () => {
  await prepare(order)
  const bytes = order.value.serialize({ customer: 'ann', cents: 5n })
  assert.deepEqual(await whenReady(() => order.value.deserialize(bytes)), { customer: 'ann', cents: 5n })
})

test('the programs of the guide are those of this file', () => {
  const normal = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const guide = readFileSync(new URL('../../../docs/guides/schema-registry.md', import.meta.url), 'utf8')
  const here = normal(readFileSync(new URL(import.meta.url), 'utf8'))
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => normal(block!))
  assert.equal(blocks.length, 3)
  for (const block of blocks) assert.ok(here.includes(block), block)
})
