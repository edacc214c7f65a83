import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundOf, isReached, mergePositions, parsePosition, positionText } from './position.ts'

const written = (topic: string, partition: number, offset: number) => ({ topic, partition, offset })

test('a bound has the last of several writes to a partition', () => {
  const writes = [written('a', 0, 5), written('a', 0, 3), written('a', 1, 1), written('b', 0, -1)]
  assert.deepEqual(boundOf(writes), { a: { 0: 5, 1: 1 } })
})

test('only offsets of the partition that is asked count, as in Kafka Streams', () => {
  const bound = { a: { 0: 5, 1: 9 } }
  assert.equal(isReached({ a: { 0: 5 } }, bound, 0), true)
  assert.equal(isReached({ a: { 0: 4 } }, bound, 0), false)
  assert.equal(isReached({ b: { 0: 9 } }, bound, 0), false)
  assert.equal(isReached({}, bound, 2), true)
})

test('positions merge to the later offsets', () => {
  assert.deepEqual(mergePositions({ a: { 0: 1 } }, { a: { 0: 3, 1: 0 } }, { b: { 2: 7 } }), {
    a: { 0: 3, 1: 0 },
    b: { 2: 7 },
  })
})

test('a position survives as text, and what is none is refused', () => {
  const position = { 'a.b_c-d': { 0: 1, 10: 9_007_199_254_740 }, e: { 2: 0 } }
  assert.deepEqual(parsePosition(positionText(position)), position)
  for (const text of ['', 'a', 'a:1', 'a:1:x', 'a:-1:2', 'a:1:2,', 'a b:1:2'])
    assert.equal(parsePosition(text), undefined)
})
