import { VirtualClock } from '@millrace/base/internal'

/**
 * Runs `work` on virtual time: whenever nothing is left to do at this moment, the clock jumps to the next timer. The run
 * is a function of its inputs, as long as `work` waits for nothing but microtasks and this clock.
 */
export async function virtually<T>(
  work: (clock: VirtualClock) => Promise<T>,
  options: { readonly maxMs?: number } = {},
): Promise<T> {
  const { maxMs = 24 * 3_600_000 } = options
  const startMs = 1_700_000_000_000
  const clock = new VirtualClock(startMs)
  let settled = false
  const running = work(clock).finally(() => {
    settled = true
  })
  running.catch(() => {})
  while (!settled) {
    // By the time an immediate runs, every microtask has.
    await new Promise((resolve) => setImmediate(resolve))
    if (settled) break
    const dueMs = clock.nextDueMs()
    if (dueMs === undefined) throw new Error('the run waits, but nothing is due')
    if (dueMs - startMs > maxMs) throw new Error(`the run took more than ${maxMs} ms of virtual time`)
    clock.advanceTo(dueMs)
  }
  return running
}
