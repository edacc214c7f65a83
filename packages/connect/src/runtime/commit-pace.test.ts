import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@millrace/base'
import { CommitPace } from './commit-pace.ts'

test('the rest grows with every write that waited at the broker, to its bound, and shrinks where none did', () => {
  const pace = new CommitPace(systemClock)
  assert.equal(pace.restMs, 2)
  for (let i = 0; i < 3; i++) pace.wrote(500, 22)
  assert.equal(pace.restMs, 5)
  for (let i = 0; i < 20; i++) pace.wrote(500, 22)
  assert.equal(pace.restMs, 8)
  for (let i = 0; i < 200 * 20; i++) pace.wrote(500, 2)
  assert.equal(pace.restMs, 0)
})

test('large writes may take their time', () => {
  const pace = new CommitPace(systemClock)
  pace.wrote(1_000_000, 80)
  assert.equal(pace.restMs, 2)
})

test('a write right after a commit rests, a later one does not, and neither does any after the clock was set back', async () => {
  let nowMs = 1_000_000
  let waited = 0
  const clock = {
    now: () => nowMs,
    after: (delayMs: number, callback: () => void) => {
      waited += delayMs
      nowMs += delayMs
      queueMicrotask(callback)
      return () => {}
    },
  }
  const { signal } = new AbortController()
  const pace = new CommitPace(clock)
  pace.committed()
  await pace.rested(signal)
  assert.equal(waited, 2)
  await pace.rested(signal)
  pace.committed()
  nowMs -= 60_000
  await pace.rested(signal)
  assert.equal(waited, 2)
})
