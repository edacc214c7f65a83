import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, median } from './trial.ts'

test('the median of an even number of runs lies between the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
})

test('a ratio over 1 says that we are ahead, for rates and for memory', () => {
  const outcome = (rate: number, memory: number) => ({
    result: 'same',
    metrics: { per_second: { value: rate, unit: '1/s' }, peak_memory: { value: memory, unit: 'MB' } },
  })
  assert.deepEqual(
    compare([outcome(300, 50)], [outcome(100, 100)]).map(({ name, ratio }) => [name, ratio]),
    [
      ['per_second', 3],
      ['peak_memory', 2],
    ],
  )
})
