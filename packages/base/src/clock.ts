/** Time as cores see it: injected, so that one core serves production, tests and seeded simulation. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `callback` once after `delayMs`; returns the function that cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

/** The platform's timers fire at once when they are to wait for longer. */
const longestTimerMs = 0x7fffffff

/** The machine's clock. Only edges may name it; cores receive a `Clock`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    let timer: ReturnType<typeof setTimeout>
    const wait = (leftMs: number): void => {
      const isLong = leftMs > longestTimerMs
      timer = isLong ? setTimeout(() => wait(leftMs - longestTimerMs), longestTimerMs) : setTimeout(callback, leftMs)
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs` on `clock`, or rejects with the signal's reason. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
