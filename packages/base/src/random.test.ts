import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom, systemRandom } from './index.ts'

test('a seed gives the same numbers on every machine', () => {
  const random = seededRandom(42)
  assert.deepEqual(
    Array.from({ length: 4 }, () => randomInt(random, 1_000_000)),
    [601103, 448290, 852465, 669734],
  )
})

test('seeds differ in what they give', () => {
  assert.notEqual(seededRandom(1).next(), seededRandom(2).next())
})

test('numbers lie in [0, 1) and fill it evenly', () => {
  for (const random of [seededRandom(3), systemRandom]) {
    const buckets = new Array<number>(10).fill(0)
    for (let i = 0; i < 20_000; i++) buckets[randomInt(random, 10)]! += 1
    assert.ok(
      buckets.every((count) => count > 1_700 && count < 2_300),
      buckets.join(' '),
    )
  }
})
