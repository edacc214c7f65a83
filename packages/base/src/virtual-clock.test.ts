import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep, systemClock } from './index.ts'
import { VirtualClock } from './internal.ts'

test('timers fire in the order they fall due, those of one millisecond in the order they were set', () => {
  const clock = new VirtualClock(1_000)
  const fired: string[] = []
  clock.after(20, () => fired.push(`c@${clock.now()}`))
  clock.after(10, () => fired.push(`a@${clock.now()}`))
  clock.after(10, () => fired.push(`b@${clock.now()}`))
  clock.advance(15)
  assert.deepEqual(fired, ['a@1010', 'b@1010'])
  assert.equal(clock.now(), 1_015)
  clock.advance(100)
  assert.deepEqual(fired, ['a@1010', 'b@1010', 'c@1020'])
})

test('a timer set by a timer fires in the same advance when it falls due in it', () => {
  const clock = new VirtualClock()
  const fired: number[] = []
  const tick = (): void => {
    fired.push(clock.now())
    clock.after(10, tick)
  }
  clock.after(10, tick)
  clock.advance(35)
  assert.deepEqual(fired, [10, 20, 30])
})

test('a cancelled timer does not fire, also when a timer of the same millisecond cancels it', () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  const cancel: { second?: () => void } = {}
  clock.after(5, () => cancel.second?.())
  cancel.second = clock.after(5, () => fired.push('second'))
  clock.advance(10)
  assert.deepEqual(fired, [])
  assert.equal(clock.nextDueMs(), undefined)
})

test('time never runs backwards', () => {
  const clock = new VirtualClock(50)
  clock.advanceTo(10)
  clock.after(-5, () => {})
  assert.equal(clock.now(), 50)
  assert.equal(clock.nextDueMs(), 50)
})

for (const [name, makeClock] of [
  ['virtual', () => new VirtualClock()],
  ['system', () => systemClock],
] as const) {
  test(`sleep on the ${name} clock ends after its time`, async () => {
    const clock = makeClock()
    const startMs = clock.now()
    const slept = sleep(clock, 20)
    if (clock instanceof VirtualClock) clock.advance(20)
    await slept
    // Timers of the machine round to the millisecond and may be one early.
    assert.ok(clock.now() - startMs >= 19)
  })
}

test('an aborted sleep rejects with the reason and leaves no timer', async () => {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const slept = sleep(clock, 20, controller.signal)
  controller.abort(new Error('stop'))
  await assert.rejects(slept, /stop/)
  assert.equal(clock.nextDueMs(), undefined)
  await assert.rejects(sleep(clock, 20, controller.signal), /stop/)
})
