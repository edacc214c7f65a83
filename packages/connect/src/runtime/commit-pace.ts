import { type Clock, sleep } from '@millrace/base'

/** Brokers look again after so long (add.partitions.to.txn.retry.backoff.ms, 20 by default), less a timer's inexactness. */
const brokerBackoffMs = 18
const restMsMax = 8
/** As many transactions without a wait at the broker end with a try of a shorter rest; the try costs one such wait, perhaps. */
const calmMax = 200
/** A large send may take that long by itself. */
const smallBytes = 64 * 1024

/**
 * The rest between the end of a transaction and the first write of the next. A commit is answered before its markers are in
 * the partitions, and a write that comes before they are waits at the broker for twenty times as long as they take
 * (KAFKA-18654). How long they take differs, so it is learned from how long writes take.
 */
export class CommitPace {
  readonly #clock: Clock
  #restMs = 2
  #calm = 0
  #endedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get restMs(): number {
    return this.#restMs
  }

  committed(): void {
    this.#endedMs = this.#clock.now()
  }

  /** Resolves when the next transaction may begin to write. */
  async rested(signal: AbortSignal): Promise<void> {
    const leftMs = this.#endedMs + this.#restMs - this.#clock.now()
    // More than the rest itself only if the clock was set back.
    if (leftMs > 0 && leftMs <= restMsMax) await sleep(this.#clock, leftMs, signal)
  }

  /** The first write of a transaction was acknowledged. */
  wrote(bytes: number, tookMs: number): void {
    if (bytes > smallBytes) return
    if (tookMs >= brokerBackoffMs) {
      this.#restMs = Math.min(restMsMax, this.#restMs + 1)
      this.#calm = 0
    } else if (++this.#calm >= calmMax) {
      this.#restMs = Math.max(0, this.#restMs - 1)
      this.#calm = 0
    }
  }
}
