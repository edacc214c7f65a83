import { type Clock, sleep } from '@millrace/base'
import type { Leaving, ThreadContext, ThreadHandle } from './thread-handle.ts'

/**
 * What becomes of an instance when one of its threads fails with something that is not survived, under Kafka Streams' names
 * (KIP-671).
 *
 * - `shutdownClient`: the instance stops with the failure; the default;
 * - `replaceThread`: another thread takes the place of the failed one. What fails by itself fails again;
 * - `shutdownApplication`: every instance of the application stops.
 */
export type UncaughtDecision = 'shutdownClient' | 'replaceThread' | 'shutdownApplication'
export type UncaughtHandler = (error: unknown) => UncaughtDecision

export interface ThreadSetOptions {
  readonly clock: Clock
  readonly start: (context: Pick<ThreadContext, 'index' | 'endsApplication'>) => ThreadHandle
  readonly uncaught: UncaughtHandler
  readonly replaceDelayMs: number
  readonly onFailure: (error: unknown) => void
  readonly onChange: () => void
}

/** The threads of an instance: starts, replaces and ends them. */
export class ThreadSet {
  readonly #options: ThreadSetOptions
  readonly #handles = new Map<number, ThreadHandle>()
  /** Told when a thread that was to go has gone. */
  readonly #removed = new Map<number, () => void>()
  readonly #stop = new AbortController()
  #leaving: Leaving = 'default'
  #failure: { readonly error: unknown } | undefined
  failed = 0
  #finish: () => void = () => undefined
  /** Whether it is this instance that asked all to stop. */
  isEndingApplication = false

  constructor(options: ThreadSetOptions) {
    this.#options = options
  }

  get all(): readonly ThreadHandle[] {
    return [...this.#handles.values()]
  }

  get isReady(): boolean {
    return this.#handles.size > 0 && this.all.every(({ isReady }) => isReady)
  }

  /** Runs so many threads until `stop`, or until one fails for good: then all of them end, and its failure is thrown. */
  async run(count: number): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve
    })
    try {
      for (let index = 1; index <= count && !this.#stop.signal.aborted; index++) this.#spawn(index)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#handles.size === 0) this.#finish()
    await finished
    if (this.#failure) throw this.#failure.error
  }

  stop(leaving: Leaving = 'default'): void {
    this.#leaving = leaving
    this.#stop.abort()
    for (const handle of this.all) handle.stop(leaving)
  }

  /** Starts one more; returns its number, or undefined where the instance is stopping. Throws what its start throws. */
  add(): number | undefined {
    if (this.#stop.signal.aborted) return undefined
    let index = 1
    while (this.#handles.has(index)) index++
    this.#spawn(index)
    return index
  }

  /** Ends the last one: it commits and leaves the group. Resolves with its number when it has gone. */
  async remove(): Promise<number | undefined> {
    const index = Math.max(...[...this.#handles.keys()].filter((one) => !this.#removed.has(one)))
    const handle = this.#handles.get(index)
    if (!handle || this.#stop.signal.aborted) return undefined
    const gone = new Promise<void>((resolve) => {
      this.#removed.set(index, resolve)
    })
    handle.stop('leave')
    await gone
    return index
  }

  /** Every instance is told to stop, by a thread that is a member of the group. */
  endApplication(index: number): void {
    this.isEndingApplication = true
    const [alive] = this.all
    if (alive) alive.askForShutdown()
    else this.#spawn(index, true)
  }

  #spawn(index: number, endsApplication = false): void {
    const handle = this.#options.start({ index, endsApplication })
    this.#handles.set(index, handle)
    handle.run().then(
      () => this.#ended(index),
      (error: unknown) => this.#failed(index, error),
    )
    if (this.#stop.signal.aborted) handle.stop(this.#leaving)
  }

  #ended(index: number): void {
    this.#handles.delete(index)
    this.#gone(index)
  }

  #failed(index: number, error: unknown): void {
    this.failed++
    const decision = this.#stop.signal.aborted ? 'shutdownClient' : this.#decide(error)
    this.#handles.delete(index)
    switch (decision) {
      case 'replaceThread':
        this.#options.onFailure(error)
        void this.#replace(index)
        break
      case 'shutdownApplication':
        this.#failure ??= { error }
        this.endApplication(index)
        break
      case 'shutdownClient':
        this.#fail(error)
        break
    }
    this.#gone(index)
  }

  #gone(index: number): void {
    this.#removed.get(index)?.()
    this.#removed.delete(index)
    if (this.#stop.signal.aborted && this.#handles.size === 0) this.#finish()
    else this.#options.onChange()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.stop()
    if (this.#handles.size === 0) this.#finish()
  }

  async #replace(index: number): Promise<void> {
    const { clock, replaceDelayMs } = this.#options
    await sleep(clock, replaceDelayMs, this.#stop.signal).catch(() => undefined)
    if (this.#stop.signal.aborted || this.#handles.has(index)) return
    try {
      this.#spawn(index)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A handler that throws decides nothing. */
  #decide(error: unknown): UncaughtDecision {
    try {
      return this.#options.uncaught(error)
    } catch (mistake) {
      this.#options.onFailure(mistake)
      return 'shutdownClient'
    }
  }
}
