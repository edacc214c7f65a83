import assert from 'node:assert/strict'
import test from 'node:test'
import { systemClock } from './clock.ts'

test('a wait for longer than the timers of the platform know does not end at once', async () => {
  let ended = 0
  const cancels = [2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER].map((delayMs) =>
    systemClock.after(delayMs, () => ended++),
  )
  await new Promise<void>((resolve) => systemClock.after(30, resolve))
  assert.equal(ended, 0)
  for (const cancel of cancels) cancel()
})
