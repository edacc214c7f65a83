import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFactory, seededRandom } from './index.ts'
import { backoffMs, type RetryOptions, retry, VirtualClock } from './internal.ts'

const fail = errorFactory({
  OUTAGE: { retriable: true, cause: 'Out.', remedy: 'Wait.' },
  WRONG: { retriable: false, cause: 'Wrong.', remedy: 'Mend.' },
})

/** Runs a retry on virtual time: advances the clock whenever everything waits. */
async function run(
  failures: readonly Error[],
  options: Partial<RetryOptions> = {},
): Promise<{ calls: number; atMs: number; error?: unknown }> {
  const clock = new VirtualClock()
  let calls = 0
  let isDone = false
  const work = async (): Promise<void> => {
    const error = failures[calls++]
    if (error) throw error
  }
  const outcome = retry(work, { clock, random: seededRandom(1), ...options }).then(
    () => ({}),
    (error: unknown) => ({ error }),
  )
  void outcome.then(() => {
    isDone = true
  })
  while (!isDone) {
    for (let i = 0; i < 10; i++) await null
    const next = clock.nextDueMs()
    if (next !== undefined) clock.advanceTo(next)
  }
  return { calls, atMs: clock.now(), ...(await outcome) }
}

const outages = (count: number): Error[] => Array.from({ length: count }, () => fail('OUTAGE', 'out'))

test('a retriable failure is tried again until it succeeds', async () => {
  const { calls, atMs, error } = await run(outages(3))
  assert.equal(error, undefined)
  assert.equal(calls, 4)
  // Waits of 100, 200 and 400 ms, each between half and all of it.
  assert.ok(atMs >= 350 && atMs <= 700, `${atMs}`)
})

test('a failure that is not retriable is passed on at once', async () => {
  const { calls, atMs, error } = await run([fail('WRONG', 'wrong')])
  assert.deepEqual([calls, atMs, (error as { code: string }).code], [1, 0, 'WRONG'])
})

test('the last of the allowed attempts passes its error on', async () => {
  const { calls, error } = await run(outages(10), { maxAttempts: 3 })
  assert.deepEqual([calls, (error as { code: string }).code], [3, 'OUTAGE'])
})

test('no attempt begins after the deadline', async () => {
  const { atMs, error } = await run(outages(1000), { maxAttempts: 1000, deadlineMs: 5_000 })
  assert.ok(error)
  assert.ok(atMs <= 5_000 && atMs > 1_000, `${atMs}`)
})

test('a signal ends the wait', async () => {
  const controller = new AbortController()
  const { error, calls } = await run(outages(10), {
    signal: controller.signal,
    onRetry: () => controller.abort(new Error('stop')),
  })
  assert.equal((error as Error).message, 'stop')
  assert.equal(calls, 1)
})

test('waits double up to their maximum and are never shorter than half of it', () => {
  const random = seededRandom(7)
  const backoff = { delayMsMin: 10, delayMsMax: 1_000 }
  for (let attempt = 1; attempt < 2_000; attempt++) {
    const full = Math.min(1_000, 10 * 2 ** (attempt - 1))
    const delayMs = backoffMs(attempt, backoff, random)
    assert.ok(delayMs >= full / 2 && delayMs <= full, `attempt ${attempt}: ${delayMs}`)
  }
})
