import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SortedKeys } from './sorted-keys.ts'

test('agrees with sorting, whatever is added, deleted and asked for in between', () => {
  const key = fc.integer({ min: 0, max: 2_000 }).map((number) => `k${number}`)
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('toggle' as const), keys: fc.array(key, { maxLength: 400 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('range' as const), keys: fc.tuple(key, key) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const sorted = new SortedKeys()
      const model = new Set<string>()
      for (const { kind, keys } of steps) {
        if (kind === 'toggle') {
          for (const each of keys) {
            if (model.delete(each)) sorted.delete(each)
            else {
              model.add(each)
              sorted.add(each)
            }
          }
        } else {
          const [from, to] = keys as [string, string]
          const expected = [...model].filter((each) => each >= from && each < to).sort()
          assert.deepEqual([...sorted.range(from, to, false)], expected)
          assert.deepEqual([...sorted.range(from, to, true)], expected.toReversed())
        }
      }
      assert.deepEqual([...sorted.range(undefined, undefined, false)], [...model].sort())
    }),
    { numRuns: 60 },
  )
})
