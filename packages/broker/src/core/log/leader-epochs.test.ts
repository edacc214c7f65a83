import assert from 'node:assert/strict'
import test from 'node:test'
import { LeaderEpochs } from './leader-epochs.ts'

const known = (): LeaderEpochs =>
  new LeaderEpochs([
    [0, 0],
    [2, 10],
    [6, 25],
  ])

test('an epoch ends where the next one begins, the latest where the log ends', () => {
  assert.deepEqual(known().endOf(0, 30), { leaderEpoch: 0, endOffset: 10 })
  assert.deepEqual(known().endOf(2, 30), { leaderEpoch: 2, endOffset: 25 })
  assert.deepEqual(known().endOf(6, 30), { leaderEpoch: 6, endOffset: 30 })
})

test('of an epoch that wrote nothing the one before it is told, and of one to come nothing', () => {
  assert.deepEqual(known().endOf(4, 30), { leaderEpoch: 2, endOffset: 25 })
  assert.deepEqual(known().endOf(7, 30), { leaderEpoch: -1, endOffset: -1 })
  assert.deepEqual(known().endOf(-1, 30), { leaderEpoch: -1, endOffset: -1 })
  assert.deepEqual(new LeaderEpochs().endOf(0, 0), { leaderEpoch: -1, endOffset: -1 })
})

test('an epoch that begins where another began takes its place, and no epoch goes back', () => {
  const epochs = known()
  epochs.assign(8, 25)
  epochs.assign(7, 40)
  assert.deepEqual(epochs.entries, [
    [0, 0],
    [2, 10],
    [8, 25],
  ])
})

test('what is cut or deleted takes its epochs along', () => {
  const cut = known()
  cut.truncateTo(25)
  assert.deepEqual(cut.entries.at(-1), [2, 10])
  const deleted = known()
  deleted.deleteBefore(12)
  assert.deepEqual(deleted.entries, [
    [2, 12],
    [6, 25],
  ])
  assert.deepEqual(deleted.endOf(1, 30), { leaderEpoch: 1, endOffset: 12 })
  assert.equal(deleted.at(24), 2)
  assert.equal(deleted.at(11), -1)
})
