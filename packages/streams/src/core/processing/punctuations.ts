/** What time a punctuation goes by. */
export type PunctuationTime = 'streamTime' | 'wallClock'

export interface PunctuationOptions {
  /** Whole milliseconds from one call to the next; at least 1. */
  readonly everyMs: number
  /**
   * `streamTime` advances with the records of the task and stands still without any; `wallClock` is the clock's time,
   * looked at between records.
   */
  readonly by: PunctuationTime
  /**
   * When the first call is due, in epoch milliseconds, which the later ones are aligned to (KIP-1146); a start that has
   * passed only aligns. Without it stream time is aligned to the epoch, and called for as soon as there is a record; the
   * wall clock begins one interval from now.
   */
  readonly startMs?: number
}

/** Called with the time it is: at once for all intervals that passed since the last call. */
export type Punctuator = (timestampMs: number) => void

export interface Cancellable {
  cancel(): void
}

class Schedule implements Cancellable {
  atMs: number
  isCancelled = false
  readonly node: string
  readonly everyMs: number
  readonly punctuator: Punctuator

  constructor(node: string, atMs: number, everyMs: number, punctuator: Punctuator) {
    this.node = node
    this.atMs = atMs
    this.everyMs = everyMs
    this.punctuator = punctuator
  }

  cancel(): void {
    this.isCancelled = true
  }

  /** Intervals that passed unused are left out, as in Kafka Streams. */
  moveOn(nowMs: number): void {
    const next = this.atMs + this.everyMs
    if (nowMs < next) this.atMs = next
    else this.atMs += (Math.floor((nowMs - this.atMs) / this.everyMs) + 1) * this.everyMs
  }
}

/** The punctuations of one task. */
export class Punctuations {
  readonly #queues: Readonly<Record<PunctuationTime, Schedule[]>> = { streamTime: [], wallClock: [] }
  /** When the next one of each kind is due; looked at after every record. */
  nextStreamTimeMs = Number.POSITIVE_INFINITY
  nextWallClockMs = Number.POSITIVE_INFINITY

  schedule(
    node: string,
    { everyMs, by, startMs }: PunctuationOptions,
    punctuator: Punctuator,
    now: { readonly streamTimeMs: number; readonly wallClockMs: number },
  ): Cancellable {
    if (!(Number.isSafeInteger(everyMs) && everyMs >= 1)) {
      throw new RangeError(`${node}: everyMs must be a whole number above 0, not ${everyMs}`)
    }
    if (startMs !== undefined && !(Number.isSafeInteger(startMs) && startMs >= 0)) {
      throw new RangeError(`${node}: startMs must be a time in epoch milliseconds, not ${startMs}`)
    }
    const nowMs = by === 'streamTime' ? now.streamTimeMs : now.wallClockMs
    const firstMs = startMs ?? (by === 'streamTime' ? 0 : nowMs + everyMs)
    const schedule = new Schedule(node, firstMs, everyMs, punctuator)
    if (startMs !== undefined && startMs < nowMs) schedule.moveOn(nowMs)
    this.#insert(by, schedule)
    return schedule
  }

  /** Makes the calls that are due; `call` is told which node each is of. */
  run(by: PunctuationTime, nowMs: number, call: (node: string, punctuator: Punctuator) => void): void {
    const queue = this.#queues[by]
    for (let first = queue[0]; first !== undefined && first.atMs <= nowMs; first = queue[0]) {
      queue.shift()
      if (!first.isCancelled) call(first.node, first.punctuator)
      if (!first.isCancelled) {
        first.moveOn(nowMs)
        this.#insert(by, first)
      }
    }
    this.#note(by)
  }

  clear(): void {
    this.#queues.streamTime.length = this.#queues.wallClock.length = 0
    this.nextStreamTimeMs = this.nextWallClockMs = Number.POSITIVE_INFINITY
  }

  #insert(by: PunctuationTime, schedule: Schedule): void {
    const queue = this.#queues[by]
    const at = queue.findIndex((other) => other.atMs > schedule.atMs)
    queue.splice(at < 0 ? queue.length : at, 0, schedule)
    this.#note(by)
  }

  #note(by: PunctuationTime): void {
    const nextMs = this.#queues[by][0]?.atMs ?? Number.POSITIVE_INFINITY
    if (by === 'streamTime') this.nextStreamTimeMs = nextMs
    else this.nextWallClockMs = nextMs
  }
}
