import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { keyFromText, keyToText, valueFromJson, valueToJson } from '@millrace/contracts/internal'
import { runnable } from '../../core/dsl/topology.ts'
import { joinWindows, sessionWindow, slidingWindow, topology, tumbling } from '../../index.ts'
import type { QuerySource } from './query-source.ts'
import { StoreCatalog } from './store-catalog.ts'

const orders = topic('order', { key: serdes.string, value: serdes.json<{ customer: string }>() })
const customers = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
const minutes = tumbling({ sizeMs: 60_000 })
const row = { customer: 'c1' }

/** A topology with a store of every step that has one and that can be asked; no step is told a serde of its own. */
function everyStep() {
  const app = topology('every-step')
  const stream = app.stream(orders)
  const table = app.table(orders, { store: 'table' })
  const grouped = stream.groupByKey()
  const again = table.groupBy((value, key) => [value.customer, key], { name: 'again' })
  grouped.count({ store: 'count' })
  grouped.reduce((_, value) => value, { initial: row, store: 'reduce' })
  grouped.aggregate({ initial: 0, store: 'aggregate' }, (total: number) => total + 1)
  stream.groupBy((value) => value.customer, { name: 'by-customer' }).count({ store: 'regrouped-count' })
  const perMinute = grouped.window(minutes).count({ store: 'window-count' })
  grouped.window(slidingWindow({ differenceMs: 1_000 })).count({ store: 'sliding-count' })
  grouped.window(sessionWindow({ gapMs: 1_000 })).count({ store: 'session-count' })
  perMinute.filter((count) => count > 1, { store: 'windowed-keys' })
  perMinute.mapValues((count) => ({ count }), { store: 'windowed-keys-mapped' })
  again.count({ store: 'table-count' })
  grouped
    .window(sessionWindow({ gapMs: 1_000 }))
    .count({ store: 'visits' })
    .filter((count) => count > 1, { store: 'session-keys' })
  table.mapValues((value) => value.customer, { store: 'map-values' })
  table.join(app.table(customers, { store: 'customers' }), (order, customer) => ({ ...order, ...customer }), {
    foreignKey: (order) => order.customer,
    store: 'foreign-key-join',
  })
  stream.selectKey((value) => value.customer).toTable({ store: 'to-table' })
  stream.leftJoin(
    app.stream(topic('payment', { key: serdes.string, value: serdes.int64 })),
    (order, cents) => ({ ...order, cents: String(cents) }),
    { within: joinWindows({ differenceMs: 1_000 }), store: 'paid' },
  )
  return app
}

const windowed = { key: 'o/1', window: { start: 60_000, end: 120_000 } }
const windowedText = '{"key":"o/1","window":{"start":60000,"end":120000}}'

/** What a row of each store looks like, in the program and in JSON where that differs. */
const samples: Readonly<Record<string, { key?: unknown; text?: string; value: unknown; json?: unknown }>> = {
  table: { value: row },
  customers: { value: { country: 'AT' } },
  count: { value: 2 ** 53 - 1 },
  reduce: { value: row },
  aggregate: { value: 3 },
  'regrouped-count': { value: 3 },
  'window-count': { value: 3 },
  'sliding-count': { value: 0 },
  'session-count': { value: 3 },
  'windowed-keys': { key: windowed, text: windowedText, value: 3 },
  'windowed-keys-mapped': { key: windowed, text: windowedText, value: { count: 3 } },
  visits: { value: 3 },
  'session-keys': { key: windowed, text: windowedText, value: 3 },
  'table-count': { value: 3 },
  'map-values': { value: 'c1' },
  'foreign-key-join': { value: { customer: 'c1', country: 'AT' } },
  'to-table': { value: row },
  'paid-this-join-store': { value: row },
  'paid-outer-other-join-store': { value: 5n, json: '5' },
}

test('whatever a step of a topology keeps can be shown as JSON and read back from it', () => {
  const plan = runnable(everyStep()).plan()
  const catalog = new StoreCatalog({ plan } as QuerySource)
  assert.deepEqual(
    catalog
      .infos()
      .map(({ name }) => name)
      .sort(),
    Object.keys(samples).sort(),
  )
  for (const { name, keySerde, valueSerde } of catalog.infos()) {
    const { key = 'o/1', text = 'o/1', value, json = value } = samples[name]!
    const keyBytes = keySerde.serialize(key)
    assert.equal(keyToText(keySerde, keyBytes), text, name)
    assert.deepEqual(keySerde.deserialize(keyFromText(keySerde, text)), key, name)
    const shown: unknown = JSON.parse(JSON.stringify(valueToJson(valueSerde, valueSerde.serialize(value))))
    assert.deepEqual(shown, json, name)
    assert.deepEqual(valueFromJson(valueSerde, shown), value, name)
  }
})
