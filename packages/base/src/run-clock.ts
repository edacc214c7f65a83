import type { VirtualClock } from './virtual-clock.ts'

/**
 * Moves the clock until `done`, one timer at a time, and lets every promise settle in between. Nothing in a simulation
 * waits for anything but promises and this clock, so the order of all that happens follows from the seed.
 */
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
