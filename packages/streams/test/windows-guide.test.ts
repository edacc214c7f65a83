import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, topology, tumbling, untilWindowCloses, windowedSerde } from '../src/index.ts'
import { type TestDriver, testDriver } from '../src/testing.ts'

// The programs of docs/guides/windows.md: the last test finds each of them in this file.
const minute = 60_000
const minutes = tumbling({ sizeMs: 60_000, graceMs: 10_000 })
const visits = sessionWindow({ gapMs: 30 * 60_000, graceMs: 60_000 })

interface Seen {
  readonly clicks: number
  readonly spent: number
}
const both = (one: Seen, other: Seen): Seen => ({ clicks: one.clicks + other.clicks, spent: one.spent + other.spent })

const click = topic('click', { key: serdes.string, value: serdes.string })
const purchase = topic('purchase', { key: serdes.string, value: serdes.json<number>() })
const clicksPerMinute = topic('clicks-per-minute', {
  key: windowedSerde(serdes.string, minutes),
  value: serdes.json<number>(),
})
const pagesPerVisit = topic('pages-per-visit', {
  key: windowedSerde(serdes.string, visits),
  value: serdes.json<number>(),
})

function program() {
  const app = topology('guide')
  const perVisit = app
    .stream(click)
    .groupByKey()
    .window(visits)
    .aggregate({ initial: [] as string[], merge: (one, other) => one.concat(other), store: 'visits' }, (pages, page) =>
      pages.concat(page),
    )
  app
    .stream(click)
    .groupByKey()
    .window(minutes, { emit: 'onClose' })
    .count({ store: 'clicks-per-minute' })
    .to(clicksPerMinute)
  perVisit
    .suppress(untilWindowCloses({ buffer: { maxBytes: 64_000_000, whenFull: 'shutDown' }, name: 'ended-visits' }))
    .toStream({ tombstones: false })
    .mapValues((pages) => pages.length)
    .to(pagesPerVisit)
  app
    .stream(click)
    .groupByKey()
    .cogroup((seen: Seen) => ({ ...seen, clicks: seen.clicks + 1 }))
    .and(app.stream(purchase).groupByKey(), (seen, amount) => ({ ...seen, spent: seen.spent + amount }))
    .window(visits)
    .aggregate({ initial: { clicks: 0, spent: 0 }, merge: both, store: 'customers' })
  return app
}

function visit(driver: TestDriver, page: string, atMinute: number, key = 'ann'): void {
  driver.input(click).pipe(key, page, { timestamp: atMinute * minute })
}

test('a minute has one result, when a record closes it', () => {
  using driver = testDriver(program())
  for (const page of ['home', 'cart', 'till']) visit(driver, page, 0.5)
  visit(driver, 'home', 1.1)
  assert.deepEqual(driver.output(clicksPerMinute).readAll(), [])
  visit(driver, 'late, in time', 0.9)
  visit(driver, 'home', 1.2, 'ben')
  assert.deepEqual(driver.output(clicksPerMinute).readAll(), [[{ key: 'ann', window: { start: 0, end: minute } }, 4]])
  visit(driver, 'too late', 0.95)
  assert.deepEqual(driver.dropped(), { late: 1 })
})

test('a visit ends half an hour and a minute after its last click, as soon as anybody clicks', () => {
  using driver = testDriver(program())
  visit(driver, 'home', 0)
  visit(driver, 'cart', 30)
  visit(driver, 'shelf', 20)
  visit(driver, 'till', 50)
  visit(driver, 'home', 80, 'ben')
  assert.deepEqual(driver.output(pagesPerVisit).readAll(), [])
  visit(driver, 'home', 82, 'ben')
  assert.deepEqual(driver.output(pagesPerVisit).readAll(), [
    [{ key: 'ann', window: { start: 0, end: 50 * minute } }, 4],
  ])
  assert.deepEqual(
    [...driver.sessionStore<string, string[]>('visits').fetch('ann')].map(({ value }) => value),
    [],
    'and can be asked for no longer',
  )
})

test('clicks and purchases of a visit make one row', () => {
  using driver = testDriver(program())
  visit(driver, 'home', 0)
  driver.input(purchase).pipe('ann', 30, { timestamp: 20 * minute })
  visit(driver, 'till', 40)
  const rows = [...driver.sessionStore<string, Seen>('customers').fetch('ann')]
  assert.deepEqual(
    rows.map(({ start, end, value }) => [start, end, value]),
    [[0, 40 * minute, { clicks: 2, spent: 30 }]],
  )
})

test('the programs of the guide are those of this file', () => {
  const normal = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const guide = readFileSync(new URL('../../../docs/guides/windows.md', import.meta.url), 'utf8')
  const here = normal(readFileSync(new URL(import.meta.url), 'utf8'))
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => normal(block!))
  assert.equal(blocks.length, 5)
  for (const block of blocks) assert.ok(here.includes(block), block)
})
