import type { VirtualClock } from '@millrace/base/internal'

/** Moves the clock until `done`, one timer at a time, and lets every promise settle in between. False when time is up first. */
export async function runClock(
  clock: VirtualClock,
  options: { untilMs: number; done: () => boolean },
): Promise<boolean> {
  for (;;) {
    await new Promise(setImmediate)
    if (options.done()) return true
    const nextMs = clock.nextDueMs()
    if (nextMs === undefined || nextMs > options.untilMs) return false
    clock.advanceTo(nextMs)
  }
}
