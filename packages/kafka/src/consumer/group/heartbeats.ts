import type { Clock } from '@millrace/base'

export interface HeartbeatOptions {
  readonly intervalMs: number
  /** The member gives itself up when poll was not called for so long. */
  readonly maxPollIntervalMs: number
  beat(): Promise<void>
  /** Says whether the answer was that of a group which rebalances and still counts on the member. */
  failed(error: unknown): boolean
  pollMissed(): void
}

/** Tells the coordinator that the member lives, as long as the application polls. */
export class Heartbeats {
  readonly #clock: Clock
  readonly #options: HeartbeatOptions
  #cancel: (() => void) | undefined
  /** Rises with every start and stop, so that what an earlier run still has on its way is ignored. */
  #run = 0
  #polledAtMs: number
  /** When the last request was sent that the coordinator answered as one of a living member. */
  confirmedAtMs: number | undefined
  /** The same for an answer that the group is rebalancing. */
  heardAtMs: number | undefined

  constructor(clock: Clock, options: HeartbeatOptions) {
    this.#clock = clock
    this.#options = options
    this.#polledAtMs = clock.now()
  }

  polled(): void {
    this.#polledAtMs = this.#clock.now()
  }

  start(): void {
    this.stop()
    this.#schedule(this.#run)
  }

  stop(): void {
    this.#run += 1
    this.#cancel?.()
    this.#cancel = undefined
  }

  #schedule(run: number): void {
    this.#cancel = this.#clock.after(this.#options.intervalMs, () => {
      if (this.#clock.now() - this.#polledAtMs > this.#options.maxPollIntervalMs) {
        this.#options.pollMissed()
        return
      }
      this.#beat(run).catch(() => {})
    })
  }

  async #beat(run: number): Promise<void> {
    const sentAtMs = this.#clock.now()
    try {
      await this.#options.beat()
      if (run === this.#run) this.confirmedAtMs = sentAtMs
    } catch (error) {
      if (run === this.#run && this.#options.failed(error)) this.heardAtMs = sentAtMs
    }
    if (run === this.#run) this.#schedule(run)
  }
}
