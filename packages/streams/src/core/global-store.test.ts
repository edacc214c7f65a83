import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import {
  failureHandlers,
  keyValueStore,
  type ProcessorContext,
  type ReadOnlyKeyValueStore,
  type StoreBuilder,
  sessionStore,
  type Topology,
  topology,
  type WindowStore,
  windowStore,
} from '../index.ts'
import { type TestDriver, testDriver } from '../testing.ts'
import { runnable } from './dsl/topology.ts'
import { GlobalTables } from './global-tables.ts'
import { memoryStores } from './stores/memory-store.ts'

const rates = topic('rates', { key: serdes.string, value: serdes.json<number>() })
const orders = topic('orders', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.json<number | null>() })
const byCurrency = () => keyValueStore<string, number>({ name: 'by-currency' })

function filling(seen: string[] = []): Topology {
  const app = topology('filling')
  const store = byCurrency()
  app.globalStore(
    rates,
    (context) => {
      const rows = context.store(store)
      seen.push('began')
      return {
        process({ key, value }) {
          seen.push(`${key} ${value}`)
          if (value === -1) throw new Error('no rate')
          rows.put(key.toUpperCase(), value)
        },
        close: () => void seen.push('closed'),
      }
    },
    { store },
  )
  app
    .stream(orders)
    .process((context: ProcessorContext<string, number | null>) => ({
      process({ key, value }) {
        const rows = context.store<ReadOnlyKeyValueStore<string, number>>('by-currency')
        context.forward({ key, value: rows.get(value)?.value ?? null })
      },
    }))
    .to(out)
  return app
}

test('a processor fills a global store, and other processors read it by its name', () => {
  const seen: string[] = []
  {
    using driver = testDriver(filling(seen))
    driver.input(rates).pipe('eur', 1)
    driver.input(orders).pipe('o-1', 'EUR')
    driver.input(rates).pipe('eur', null)
    driver.input(orders).pipe('o-2', 'EUR')
    assert.deepEqual(driver.output(out).readAll(), [
      ['o-1', 1],
      ['o-2', null],
    ])
    assert.deepEqual(driver.producedTopics(), [], 'a global store has no changelog')
  }
  assert.deepEqual(seen, ['began', 'eur 1', 'eur null', 'closed'])
})

test('a global store is there again where another driver ended', () => {
  const stores = memoryStores()
  {
    using driver = testDriver(filling(), { stores })
    driver.input(rates).pipe('usd', 2)
  }
  using driver = testDriver(filling(), { stores })
  driver.input(orders).pipe('o', 'USD')
  assert.deepEqual(driver.output(out).readAll(), [['o', 2]])
})

for (const [kind, retentionMs] of [
  ['windows', 1_000],
  ['sessions', 1_000],
] as const) {
  test(`a global store of ${kind} is there again, and forgets what its topic no longer has`, () => {
    const filled =
      kind === 'windows'
        ? windowStore<string, number>({ name: 'kept', sizeMs: 10, retentionMs })
        : sessionStore<string, number>({ name: 'kept', retentionMs })
    const app = topology('filling')
    app.globalStore(
      rates,
      (context) => {
        const rows = context.store(filled as StoreBuilder<WindowStore<string, number>>)
        return {
          process({ key, value, timestamp }) {
            const at = (kind === 'windows' ? timestamp : { startMs: timestamp, endMs: timestamp }) as number
            rows.put(key, at, value)
          },
        }
      },
      { store: filled as StoreBuilder<WindowStore<string, number>> },
    )
    const stores = memoryStores()
    const rowsOf = (driver: TestDriver): unknown[] => {
      const all = kind === 'windows' ? driver.windowStore('kept').all() : driver.sessionStore('kept').all()
      return [...all].map(({ key, value, start }) => [key, value, start])
    }
    {
      using driver = testDriver(app, { stores })
      driver.input(rates).pipe('usd', 2, { timestamp: 5_000 })
    }
    {
      using driver = testDriver(app, { stores })
      assert.deepEqual(rowsOf(driver), [['usd', 2, 5_000]])
    }
    const handlers = { deserialize: failureHandlers.fail, process: failureHandlers.fail, produce: failureHandlers.fail }
    const plan = runnable(app).plan()
    const tables = new GlobalTables({ plan, clock: new VirtualClock(0), stores, handlers, strict: true })
    tables.forget(rates.name)
    tables.close()
    using driver = testDriver(app, { stores })
    driver.input(rates).pipe('eur', 1, { timestamp: 10 })
    assert.deepEqual(rowsOf(driver), [['eur', 1, 10]])
  })
}

test('what the processor fails on ends the application, whatever handler tasks have', () => {
  using driver = testDriver(filling(), { handlers: { process: failureHandlers.continue } })
  assert.throws(() => driver.input(rates).pipe('eur', -1), {
    code: 'STREAMS_PROCESS_FAILED',
    message: /rates-0 at offset 0, in KTABLE-SOURCE-0000000001: no rate/,
  })
})

test('a handler of global failures may skip them, and cannot write dead letters', () => {
  using driver = testDriver(filling(), { handlers: { processGlobal: failureHandlers.continue } })
  driver.input(rates).pipe('eur', -1)
  driver.input(rates).pipe('eur', 3)
  driver.input(orders).pipe('o', 'EUR')
  assert.deepEqual(driver.output(out).readAll(), [['o', 3]])
  const skipped = driver.metrics().find(({ labels }) => labels?.reason === 'skipped')
  assert.equal(skipped?.value, 1)
  using strict = testDriver(filling(), { handlers: { processGlobal: failureHandlers.deadLetter } })
  assert.throws(() => strict.input(rates).pipe('eur', -1), { code: 'STREAMS_PROCESS_FAILED' })
})

test('a global store is read by name alone, and its processor is called by nothing but records', () => {
  const app = topology('wrong')
  const store = byCurrency()
  app.globalStore(rates, () => ({ process() {} }), { store })
  app.stream(orders).process((context) => {
    context.store(store)
    return { process() {} }
  })
  assert.throws(() => testDriver(app), { code: 'STREAMS_STORE_NOT_CONNECTED' })
  const scheduling = topology('scheduling')
  scheduling.globalStore(
    rates,
    (context) => {
      context.schedule({ everyMs: 10, by: 'wallClock' }, () => {})
      return { process() {} }
    },
    { store },
  )
  assert.throws(() => testDriver(scheduling), /fills a global store: it cannot be called at intervals/)
})

test('a store of tasks is restored from the topic that fills it, and keeps no changelog', () => {
  const app = topology('reading')
  const store = byCurrency()
  app.readOnlyStore(
    rates,
    (context) => {
      const rows = context.store(store)
      return { process: ({ key, value }) => rows.put(key, value) }
    },
    { store, name: 'fill' },
  )
  using driver = testDriver(app)
  driver.input(rates).pipe('eur', 1)
  assert.equal(driver.store('by-currency').get('eur')?.value, 1)
  assert.deepEqual(driver.producedTopics(), [])
})
