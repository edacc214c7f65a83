/** How long the greatest value of late is remembered, at least; Kafka Streams' `-max` figures go back about as far. */
const recentMs = 30_000

/** What was measured again and again: how often, how much in all, and the extremes of the last half to whole minute. */
export class Measured {
  count = 0
  sum = 0
  #sinceMs = Number.NEGATIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #min = Number.POSITIVE_INFINITY
  #maxBefore = Number.NEGATIVE_INFINITY
  #minBefore = Number.POSITIVE_INFINITY

  record(value: number, nowMs: number): void {
    if (nowMs - this.#sinceMs >= recentMs) this.#turn(nowMs)
    this.count++
    this.sum += value
    if (value > this.#max) this.#max = value
    if (value < this.#min) this.#min = value
  }

  /** undefined where nothing was measured of late. */
  recentMax(nowMs: number): number | undefined {
    if (nowMs - this.#sinceMs >= recentMs) this.#turn(nowMs)
    const max = Math.max(this.#max, this.#maxBefore)
    return max === Number.NEGATIVE_INFINITY ? undefined : max
  }

  recentMin(nowMs: number): number | undefined {
    if (nowMs - this.#sinceMs >= recentMs) this.#turn(nowMs)
    const min = Math.min(this.#min, this.#minBefore)
    return min === Number.POSITIVE_INFINITY ? undefined : min
  }

  #turn(nowMs: number): void {
    const isLongAgo = nowMs - this.#sinceMs >= 2 * recentMs
    this.#maxBefore = isLongAgo ? Number.NEGATIVE_INFINITY : this.#max
    this.#minBefore = isLongAgo ? Number.POSITIVE_INFINITY : this.#min
    this.#max = Number.NEGATIVE_INFINITY
    this.#min = Number.POSITIVE_INFINITY
    this.#sinceMs = nowMs
  }
}

/** The greatest value of late, of something that is too frequent to look at the clock for: periods end when it is read. */
export class Peak {
  #max = 0
  #maxBefore = 0
  #sinceMs = Number.NEGATIVE_INFINITY

  note(value: number): void {
    if (value > this.#max) this.#max = value
  }

  /** `now` is what it stands at, and begins the next period. */
  recentMax(now: number, nowMs: number): number {
    const max = Math.max(this.#max, this.#maxBefore)
    if (nowMs - this.#sinceMs >= recentMs) {
      this.#maxBefore = this.#max
      this.#max = now
      this.#sinceMs = nowMs
    }
    return max
  }
}
