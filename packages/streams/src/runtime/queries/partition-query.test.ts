import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../../core/dsl/topology.ts'
import type { ReadOnlyStore } from '../../core/stores/views.ts'
import { topology } from '../../index.ts'
import { askPartition, type StalenessBound } from './partition-query.ts'
import type { QuerySource } from './query-source.ts'
import type { StateCopy } from './state-copy.ts'
import { keyQuery } from './state-query.ts'

const app = topology('shop')
app
  .stream(topic('order', { key: serdes.string, value: serdes.string }))
  .groupByKey()
  .count({ store: 'totals' })
const plan = runnable(app).plan({})
const store = plan.stores.get('totals')!
const view = { kind: 'keyValue', get: () => ({ value: 7, timestamp: 1 }) } as unknown as ReadOnlyStore

function source(copy: Partial<StateCopy>, more: Partial<QuerySource> = {}): QuerySource {
  const standby: StateCopy = {
    role: 'standby',
    view: () => view,
    checkpoint: () => 3,
    reached: () => 3,
    freshness: () => ({ asOfMs: 990, position: {} }),
    lagRecords: () => 0,
    observe: () => Promise.resolve(),
    ...copy,
  }
  const parts = { plan, clock: { now: () => 1_000, after: () => () => undefined }, acceptableLagRecords: 100 }
  const places = { hostsOf: () => ({ active: undefined, standby: [] }), copyOf: () => standby }
  return { ...parts, ...places, ...more } as unknown as QuerySource
}

async function ask(from: QuerySource, standby: StalenessBound): Promise<string> {
  const options = { bound: {}, isolation: 'committed', standby, deadlineMs: 1_000 } as const
  const result = await askPartition(from, store, 0, keyQuery('a'), options)
  return result.ok ? String(result.result) : result.reason
}

test('a copy that is asked without a bound answers within the acceptable lag, and not while it is being made', async () => {
  assert.equal(await ask(source({ lagRecords: () => 100 }), {}), '7')
  assert.equal(await ask(source({ lagRecords: () => 101 }), {}), 'tooStale')
  assert.equal(await ask(source({ lagRecords: () => undefined }), {}), 'tooStale')
})

test('a bound that is given counts alone', async () => {
  assert.equal(await ask(source({ lagRecords: () => 101 }), { maxLagRecords: 101 }), '7')
  assert.equal(await ask(source({ lagRecords: () => 5 }), { maxLagRecords: 4 }), 'tooStale')
  assert.equal(await ask(source({ lagRecords: () => undefined }), { maxStalenessMs: 10 }), '7')
  assert.equal(await ask(source({}), { maxStalenessMs: 9 }), 'tooStale')
})

test('what only another thread knows is asked of it', async () => {
  const answer = { ok: true, result: 8, position: {}, role: 'active', checkpoint: undefined } as const
  const askThread = (): Promise<typeof answer> => Promise.resolve(answer)
  const here = source({ role: 'active', readsCommittedOnly: true }, { askThread })
  const options = { bound: {}, standby: undefined, deadlineMs: 1_000 }
  const committed = await askPartition(here, store, 0, keyQuery('a'), { ...options, isolation: 'committed' })
  assert.equal(committed.ok && committed.result, 7)
  const open = await askPartition(here, store, 0, keyQuery('a'), { ...options, isolation: 'uncommitted' })
  assert.equal(open.ok && open.result, 8)
  // It may have heard already what this thread has not been told yet.
  const moving = source({}, { askThread, copyOf: () => 'notReady' })
  const result = await askPartition(moving, store, 0, keyQuery('a'), { ...options, isolation: 'committed' })
  assert.equal(result.ok && result.result, 8)
})

test('what was read of a copy that changed hands meanwhile is no answer', async () => {
  assert.equal(await ask(source({ isStill: () => true }), {}), '7')
  assert.equal(await ask(source({ isStill: () => false }), {}), 'notReady')
})
