import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaClient } from '@millrace/kafka'
import { ReplicaFreshness } from './replica-freshness.ts'

const input = { topic: 'order', partition: 0 }
const changelog = { topic: 'shop-totals-changelog', partition: 0 }

/** An application whose offsets and changelog the test moves, and a copy that the test lets read. */
function copy() {
  const at = { nowMs: 1_000, committed: 0, end: 0, reached: 0 as number | undefined }
  const order: string[] = []
  const client = {
    admin: {
      async committedOffsets() {
        order.push('committed')
        return [
          { ...input, offset: at.committed },
          { topic: 'other', partition: 0, offset: 99 },
        ]
      },
      async listOffsets() {
        order.push('ends')
        return [{ ...changelog, offset: at.end, timestamp: -1 }]
      },
    },
  } as unknown as KafkaClient
  const freshness = new ReplicaFreshness({
    client,
    groupId: 'shop',
    clock: { now: () => at.nowMs, after: () => () => undefined },
    inputs: [input],
    changelogs: () => [{ ...changelog, isSource: false }],
    reachedOf: () => at.reached,
  })
  return { at, order, freshness }
}

test('a copy is as old as the last moment whose ends it has come to', async () => {
  const { at, order, freshness } = copy()
  assert.deepEqual(freshness.freshness, { asOfMs: undefined, position: {} })
  Object.assign(at, { committed: 5, end: 10, reached: 9 })
  await freshness.observe()
  // The other way round, what is committed in between would be claimed and not be read.
  assert.deepEqual(order, ['committed', 'ends'])
  assert.equal(freshness.freshness.asOfMs, undefined)
  Object.assign(at, { nowMs: 2_000, committed: 8, end: 20 })
  await freshness.observe()
  at.reached = 12
  assert.deepEqual(freshness.freshness, { asOfMs: 1_000, position: { order: { 0: 4 } } })
  at.reached = 20
  assert.deepEqual(freshness.freshness, { asOfMs: 2_000, position: { order: { 0: 7 } } })
})

test('a copy that has to begin again knows nothing of itself until it is back', async () => {
  const { at, freshness } = copy()
  Object.assign(at, { committed: 5, end: 10, reached: 10 })
  await freshness.observe()
  assert.equal(freshness.freshness.asOfMs, 1_000)
  at.reached = 3
  assert.deepEqual(freshness.freshness, { asOfMs: undefined, position: {} })
  at.reached = 10
  assert.equal(freshness.freshness.asOfMs, undefined)
  await freshness.observe()
  assert.equal(freshness.freshness.asOfMs, 1_000)
})

test('an observation that is under way is not taken for one of now', async () => {
  const { at, freshness } = copy()
  Object.assign(at, { committed: 1, end: 1, reached: 5 })
  const first = freshness.observe()
  at.nowMs = 2_000
  const [second, third] = [freshness.observe(), freshness.observe()]
  assert.equal(second, third)
  await Promise.all([first, second])
  assert.equal(freshness.freshness.asOfMs, 2_000)
})
