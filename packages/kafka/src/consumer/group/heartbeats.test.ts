import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heartbeats } from './heartbeats.ts'

/** Beats when the test says so; what the coordinator answers is up to the test. */
function heart() {
  const at = { nowMs: 1_000 }
  let due: (() => void) | undefined
  const answers: PromiseWithResolvers<void>[] = []
  const failures: unknown[] = []
  const clock = {
    now: () => at.nowMs,
    after(_: number, callback: () => void) {
      due = callback
      return () => {
        due = undefined
      }
    },
  }
  const heartbeats = new Heartbeats(clock, {
    intervalMs: 10,
    maxPollIntervalMs: 1_000_000,
    beat() {
      const answer = Promise.withResolvers<void>()
      answers.push(answer)
      return answer.promise
    },
    failed(error) {
      failures.push(error)
      return (error as Error).message === 'rebalancing'
    },
    pollMissed: () => assert.fail('poll was called in time'),
  })
  const beat = (): PromiseWithResolvers<void> => {
    due?.()
    return answers.at(-1)!
  }
  return { at, heartbeats, beat, failures }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a member is confirmed as of when it asked, not of when it was answered', async () => {
  const { at, heartbeats, beat } = heart()
  heartbeats.start()
  assert.equal(heartbeats.confirmedAtMs, undefined)
  const answer = beat()
  at.nowMs = 5_000
  answer.resolve()
  await settled()
  assert.equal(heartbeats.confirmedAtMs, 1_000)
})

test('an answer that refuses the member, or that is of an earlier run, confirms nothing', async () => {
  const { at, heartbeats, beat, failures } = heart()
  heartbeats.start()
  beat().resolve()
  await settled()
  at.nowMs = 2_000
  beat().reject(new Error('rebalancing'))
  await settled()
  assert.deepEqual([heartbeats.confirmedAtMs, heartbeats.heardAtMs, failures.length], [1_000, 2_000, 1])
  at.nowMs = 3_000
  const late = beat()
  heartbeats.stop()
  late.resolve()
  await settled()
  assert.equal(heartbeats.confirmedAtMs, 1_000)
})
