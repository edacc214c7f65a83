import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueryTurns } from './query-turns.ts'

function setUp() {
  const time = { now: 5_000 }
  let turns = 0
  const clock = { now: () => time.now, after: () => () => undefined }
  const yieldNow = async (): Promise<void> => {
    turns++
  }
  return { time, turns: new QueryTurns({ clock, yieldNow }), taken: () => turns }
}

test('nobody is given way to before somebody asks, and a second after the last question', () => {
  const { time, turns } = setUp()
  assert.equal(turns.areWanted, false)
  turns.asked()
  time.now += 999
  assert.equal(turns.areWanted, true)
  turns.asked()
  time.now += 999
  assert.equal(turns.areWanted, true)
  time.now += 1
  assert.equal(turns.areWanted, false)
})

test('a turn is over after a millisecond, and the next begins when others had theirs', async () => {
  const { time, turns, taken } = setUp()
  await turns.turn()
  assert.equal(turns.isOver(), false)
  time.now += 1
  assert.equal(turns.isOver(), true)
  await turns.turn()
  assert.equal(taken(), 2)
  assert.equal(turns.isOver(), false)
})
