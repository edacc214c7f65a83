import type { Clock } from '@millrace/base'
import { Measured } from '../core/metrics/measured.ts'

/** How long a step of the loop took, each time. */
export class StepTimes extends Measured {
  readonly #clock: Clock

  constructor(clock: Clock) {
    super()
    this.#clock = clock
  }

  /** Times one step; one that fails counts, too. */
  async of<T>(work: () => Promise<T>): Promise<T> {
    const beganMs = this.#clock.now()
    try {
      return await work()
    } finally {
      this.since(beganMs)
    }
  }

  since(beganMs: number): void {
    const nowMs = this.#clock.now()
    this.record(Math.max(0, nowMs - beganMs), nowMs)
  }
}

/** Where the time of a thread goes: a few looks at the clock for each turn of its loop. */
export class ThreadTimes {
  readonly startedMs: number
  readonly polls: StepTimes
  readonly pollRecords = new Measured()
  readonly slices: StepTimes
  readonly sliceRecords = new Measured()
  readonly commits: StepTimes
  /** Waiting for brokers, polls left out. */
  readonly waits: StepTimes
  readonly restores: StepTimes
  readonly standbys: StepTimes
  readonly rebalances: StepTimes
  readonly #clock: Clock
  #rebalancingSinceMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.startedMs = clock.now()
    this.#rebalancingSinceMs = this.startedMs
    this.polls = new StepTimes(clock)
    this.slices = new StepTimes(clock)
    this.commits = new StepTimes(clock)
    this.waits = new StepTimes(clock)
    this.restores = new StepTimes(clock)
    this.standbys = new StepTimes(clock)
    this.rebalances = new StepTimes(clock)
  }

  get nowMs(): number {
    return this.#clock.now()
  }

  polled(records: number): void {
    this.pollRecords.record(records, this.#clock.now())
  }

  processed(records: number, beganMs: number): void {
    this.slices.since(beganMs)
    this.sliceRecords.record(records, this.#clock.now())
  }

  rebalanceBegan(): void {
    this.#rebalancingSinceMs ??= this.#clock.now()
  }

  rebalanceEnded(): void {
    if (this.#rebalancingSinceMs !== undefined) this.rebalances.since(this.#rebalancingSinceMs)
    this.#rebalancingSinceMs = undefined
  }
}
