const version = 0
const heldUntil = 1

/**
 * What a thread's tasks are worth at this moment, in memory that it shares with its owner. Messages take their time, and
 * until one arrives the owner would go on reading state that the thread has given up.
 */
export class ThreadStanding {
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new BigInt64Array(buffer)
  }

  /** How often its tasks have changed: what was told of them under another number is out of date. */
  get version(): number {
    return Number(Atomics.load(this.#words, version))
  }

  /** The tasks are about to be told anew; returns the number that they are told under. */
  changed(): number {
    return Number(Atomics.add(this.#words, version, 1n)) + 1
  }

  /** See `Consumer.heldUntilMs`; 0 where nothing is held. */
  get heldUntilMs(): number {
    return Number(Atomics.load(this.#words, heldUntil))
  }

  hold(untilMs: number | undefined): void {
    Atomics.store(this.#words, heldUntil, BigInt(Math.floor(untilMs ?? 0)))
  }
}
