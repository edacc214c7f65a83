import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  keyValueStore,
  type ProcessorContext,
  type ProcessorRecord,
  type ProcessorWrapper,
  type ReadOnlyKeyValueStore,
  type Topology,
  topology,
} from '../src/index.ts'
import { testDriver } from '../src/testing.ts'

// The programs of docs/guides/processors.md: the last test finds each of them in this file.
interface Order {
  readonly amount: number
  readonly placedAt: number
  readonly paid: boolean
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const reminder = topic('reminder', { key: serdes.string, value: serdes.json<Order>() })
const steps = new Map<string, number>()

const openOrders = keyValueStore<string, Order>({ name: 'open-orders' })

/** Hands on orders that were not paid within an hour. */
const unpaid = (context: ProcessorContext<string, Order>) => {
  const open = context.store(openOrders)
  context.schedule({ everyMs: 60_000, by: 'streamTime' }, (now) => {
    for (const { key, value } of open.all()) {
      if (now - value.placedAt < 3_600_000) continue
      open.delete(key)
      context.forward({ key, value })
    }
  })
  return {
    process({ key, value }: ProcessorRecord<string, Order>) {
      open.put(key, value.paid ? null : value)
    },
  }
}

const counting: ProcessorWrapper = ({ name }) => ({
  create: () => ({
    process(_record, next) {
      steps.set(name, (steps.get(name) ?? 0) + 1)
      next()
    },
  }),
})

function wrapped(): Topology {
  const app = topology('reminders', { wrapProcessor: counting })
  app
    .stream(order)
    .process(unpaid, { stores: [openOrders], name: 'find-unpaid' })
    .to(reminder)
  return app
}

function byHand(): Topology {
  const app = topology('reminders')
  const orders = app.source('orders-in', order)
  const late = app.processor('find-unpaid', unpaid, { from: orders, stores: [openOrders] })
  app.sink('reminders-out', reminder, { from: late })
  return app
}

for (const reminders of [wrapped, byHand]) {
  test(`an order that was not paid within an hour is handed on once: ${reminders.name}`, () => {
    using driver = testDriver(reminders)
    driver.input(order).pipe('o-1', { amount: 10, placedAt: 0, paid: false }, { timestamp: 0 })
    driver.input(order).pipe('o-2', { amount: 20, placedAt: 3_600_000, paid: false }, { timestamp: 3_600_000 })
    assert.deepEqual(driver.output(reminder).readAll(), [['o-1', { amount: 10, placedAt: 0, paid: false }]])
    driver.advanceTime(60_000)
    driver.input(order).pipe('o-2', { amount: 20, placedAt: 3_600_000, paid: true }, { timestamp: 3_700_000 })
    driver.input(order).pipe('o-3', { amount: 30, placedAt: 8_000_000, paid: false }, { timestamp: 8_000_000 })
    assert.deepEqual(driver.output(reminder).readAll(), [])
  })
}

const currency = topic('currency', { key: serdes.string, value: serdes.json<{ iso: string; rate: number }>() })
const inEuro = topic('in-euro', { key: serdes.string, value: serdes.json<number>() })

function converted(): Topology {
  const app = topology('converted')
  const byIso = keyValueStore<string, number>({ name: 'by-iso' })
  app.globalStore(
    currency,
    (context) => {
      const rates = context.store(byIso)
      return { process: ({ value }) => value && rates.put(value.iso, value.rate) }
    },
    { store: byIso },
  )
  app
    .stream(order)
    .process((context: ProcessorContext<string, number>) => ({
      process({ key, value }: ProcessorRecord<string, Order>) {
        const rates = context.store<ReadOnlyKeyValueStore<string, number>>('by-iso')
        context.forward({ key, value: value.amount * (rates.get('USD')?.value ?? 1) })
      },
    }))
    .to(inEuro)
  return app
}

test('a global store is read by processors anywhere', () => {
  using driver = testDriver(converted)
  driver.input(currency).pipe('dollar', { iso: 'USD', rate: 2 })
  driver.input(order).pipe('o-1', { amount: 10, placedAt: 0, paid: false })
  assert.deepEqual(driver.output(inEuro).readAll(), [['o-1', 20]])
})

test('what stands around steps has seen all of their records', () => {
  assert.equal(steps.get('find-unpaid'), 4)
})

test('stream time goes by what the extractor says', () => {
  const app = topology('reminders')
  app.stream(order, { timestamp: ({ value, timestamp }) => value?.placedAt ?? timestamp }).to(reminder)
  using driver = testDriver(app)
  driver.input(order).pipe('o-1', { amount: 10, placedAt: 77, paid: false }, { timestamp: 1 })
  assert.equal(driver.output(reminder).readRecords()[0]?.timestamp, 77)
})

test('the programs of the guide are those of this file', () => {
  // Lines break where they are longest.
  const normal = (text: string): string => text.replace(/\s+/g, '')
  const guide = readFileSync(new URL('../../../docs/guides/processors.md', import.meta.url), 'utf8')
  const here = normal(readFileSync(new URL(import.meta.url), 'utf8'))
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block!)
  assert.equal(blocks.length, 6)
  for (const line of blocks.flatMap((block) => block.split('\n'))) assert.ok(here.includes(normal(line)), line)
})
