import type { Clock } from '@millrace/base'

/** Wakes one waiter when something has changed; what changed before the wait is not missed. */
export class Signal {
  readonly #clock: Clock
  #count = 0
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rises with every change. */
  get count(): number {
    return this.#count
  }

  raise(): void {
    this.#count += 1
    this.#wake?.()
  }

  /** Resolves at the first change after `seen`, or after `timeoutMs`, or when the signal is aborted. */
  async wait(seen: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#count !== seen || signal?.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel()
        signal?.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const cancel = this.#clock.after(timeoutMs, done)
      signal?.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }
}
