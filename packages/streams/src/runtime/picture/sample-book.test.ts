import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sample } from '../../core/metrics/metric-table.ts'
import { RateBook } from './sample-book.ts'

const name = 'millrace_streams_task_processed_records_total'

function counts(byTask: Readonly<Record<string, number>>) {
  return Object.entries(byTask).map(([task, value]) => sample(name, { task }, value))
}

test('rates are taken from the beginning first, then over seconds, however often somebody looks', () => {
  const book = new RateBook(0)
  const rateAt = (nowMs: number, byTask: Record<string, number>): number => {
    return book.open(counts(byTask), nowMs).flow(name, {})!.perSecond
  }
  assert.equal(rateAt(10_000, { '0_0': 100 }), 10)
  for (let ms = 10_100; ms < 15_000; ms += 100) rateAt(ms, { '0_0': 100 })
  assert.equal(rateAt(15_000, { '0_0': 600 }), 100)
  // Five seconds ago is what counts, not the last look.
  assert.equal(rateAt(15_100, { '0_0': 600 }), 500 / 5.1)
  rateAt(20_000, { '0_0': 600 })
  assert.equal(rateAt(26_000, { '0_0': 600 }), 0)
})

test('a task that comes back, or is new, is counted from nothing', () => {
  const book = new RateBook(0)
  book.open(counts({ '0_0': 1_000 }), 1_000)
  const flow = book.open(counts({ '0_0': 50, '0_1': 50 }), 11_000).flow(name, {})
  assert.deepEqual(flow, { total: 100, perSecond: 10 })
})

test('what there is nothing of has no rate', () => {
  assert.equal(new RateBook(0).open([], 1_000).flow(name, {}), undefined)
})
