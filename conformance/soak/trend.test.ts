import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trendOf } from './trend.ts'

const minuteMs = 60_000
const bound = { perHour: 10, share: 0.05 }

function series(valueAt: (minute: number) => number, minutes = 60) {
  const points = Array.from({ length: minutes }, (_, minute) => ({ atMs: minute * minuteMs, value: valueAt(minute) }))
  return { name: 'heap', unit: 'MB', points } as const
}

test('what goes up and down is flat', () => {
  const { isFlat, mean } = trendOf(
    series((minute) => 100 + 15 * (minute % 4)),
    bound,
  )
  assert.ok(isFlat)
  assert.ok(Math.abs(mean - 122.5) < 1, `${mean}`)
})

test('what fills up at the beginning and then stays is flat', () => {
  assert.ok(
    trendOf(
      series((minute) => Math.min(minute, 18) * 10),
      bound,
    ).isFlat,
  )
})

test('a slow leak under noise is found', () => {
  const { isFlat, growthPerHour } = trendOf(
    series((minute) => 100 + minute * 0.4 + 5 * (minute % 3)),
    bound,
  )
  assert.ok(!isFlat)
  assert.ok(Math.abs(growthPerHour - 24) < 2, `${growthPerHour}`)
})

test('what shrinks is flat, and so is what was looked at once', () => {
  assert.ok(
    trendOf(
      series((minute) => 500 - minute),
      bound,
    ).isFlat,
  )
  assert.ok(
    trendOf(
      series(() => 7, 1),
      bound,
    ).isFlat,
  )
})
