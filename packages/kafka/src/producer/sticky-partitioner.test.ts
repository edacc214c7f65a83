import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { StickyPartitioner } from './sticky-partitioner.ts'

test('it stays with a partition until enough bytes went there, then leaves it', () => {
  const sticky = new StickyPartitioner(seededRandom(1), 1_000)
  const chosen = Array.from({ length: 200 }, () => sticky.partition('t', 100, 3, [0, 1, 2]))
  for (let run = 0; run < 20; run++) {
    const inRun = new Set(chosen.slice(run * 10, run * 10 + 10))
    assert.equal(inRun.size, 1)
    if (run > 0) assert.ok(!inRun.has(chosen[run * 10 - 1] as number))
  }
})

test('over time every partition gets about the same', () => {
  const sticky = new StickyPartitioner(seededRandom(2), 100)
  const counts = [0, 0, 0, 0]
  for (let index = 0; index < 4_000; index++) {
    const partition = sticky.partition('t', 100, 4, [0, 1, 2, 3])
    counts[partition] = (counts[partition] as number) + 1
  }
  for (const count of counts) assert.ok(count > 850 && count < 1_150, String(counts))
})

test('partitions without a leader are passed over, unless none has one', () => {
  const sticky = new StickyPartitioner(seededRandom(3), 100)
  for (let index = 0; index < 50; index++) assert.equal(sticky.partition('t', 100, 3, [2]), 2)
  assert.ok([0, 1, 2].includes(sticky.partition('u', 100, 3, [])))
})

test('a partition that lost its leader is left at once', () => {
  const sticky = new StickyPartitioner(seededRandom(4), 1_000_000)
  const first = sticky.partition('t', 1, 2, [0, 1])
  assert.equal(sticky.partition('t', 1, 2, [1 - first]), 1 - first)
})
