import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movementsOf } from './service.ts'

test('what is rolled back is tried again in another way, so that a schedule comes to its end', () => {
  // All three writers roll back the last movement of this one in their first round.
  const wanted = { id: 69, seed: 70, movements: 199, accounts: 5, done: 196 }
  const round = (number: number): boolean[] =>
    [0, 1, 2].flatMap((writer) => [...movementsOf(wanted, number, writer)].map(({ isRolledBack }) => isRolledBack))
  assert.deepEqual(round(0), [true, true, true])
  assert.ok(round(1).includes(false))
})

test('a writer does the same in the same round, and its share of what is left', () => {
  const wanted = { id: 1, seed: 7, movements: 100, accounts: 3, done: 10 }
  assert.deepEqual([...movementsOf(wanted, 4, 1)], [...movementsOf(wanted, 4, 1)])
  assert.equal([...movementsOf(wanted, 4, 1)].length, 30)
})
