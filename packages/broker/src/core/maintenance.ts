import type { BrokerCore } from './broker-core.ts'
import { type CleanableRange, cleanableRange } from './log/cleanable.ts'
import { Compaction } from './log/compaction.ts'
import type { SegmentEnvironment } from './log/segment.ts'
import type { Partition } from './partition.ts'

/** Pause between two slices of compaction, in which requests are served. */
const slicePauseMs = 1

/** Pause before a pass is tried again that the device or a truncation ended. */
const retryPauseMs = 60_000

interface Candidate {
  readonly partition: Partition
  readonly range: CleanableRange
}

/** What runs on its own from time to time: retention and compaction. */
export class Maintenance {
  readonly #core: BrokerCore
  readonly #environment: SegmentEnvironment
  /** Partitions whose pass could not be finished, and when it may be tried again. */
  readonly #notBefore = new WeakMap<Partition, number>()
  #cancelRetention: () => void = () => {}
  #cancelCompaction: () => void = () => {}
  /** Times that the device refused what retention or compaction wanted. */
  failures = 0
  /** Bytes that compaction has removed. */
  compactedBytes = 0

  constructor(core: BrokerCore, environment: SegmentEnvironment) {
    this.#core = core
    this.#environment = environment
    this.#scheduleRetention()
    this.#scheduleCompaction()
  }

  #scheduleRetention(): void {
    const intervalMs = this.#core.config.number('log.retention.check.interval.ms')
    this.#cancelRetention = this.#core.clock.after(intervalMs, () => {
      this.#core.enforceRetention()
      this.#scheduleRetention()
    })
  }

  /** Deletes what no topic's settings keep, and forgets producers long silent. */
  enforceRetention(): void {
    const nowMs = this.#core.clock.now()
    const expirationMs = this.#core.config.number('producer.id.expiration.ms')
    for (const topic of this.#core.topics.all()) {
      for (const partition of topic.partitions) {
        if (partition.log.segments.length === 0) continue
        partition.producers.expire(nowMs, expirationMs)
        try {
          partition.enforceRetention(nowMs)
        } catch (error) {
          partition.report(error)
          // A device that refuses, or too many open files: the next look tries again, and other partitions have theirs now.
          this.failures++
        }
      }
    }
  }

  #scheduleCompaction(): void {
    const backoffMs = this.#core.config.number('log.cleaner.backoff.ms')
    this.#cancelCompaction = this.#core.clock.after(backoffMs, () => this.#compactNext())
  }

  #compactNext(): void {
    const next = this.#core.config.boolean('log.cleaner.enable') ? this.#dirtiest() : undefined
    if (next) this.#step(this.#compact(next, false))
    else this.#scheduleCompaction()
  }

  #step(work: Generator<undefined, void>): void {
    const { done } = work.next()
    const goOn = done ? () => this.#compactNext() : () => this.#step(work)
    this.#cancelCompaction = this.#core.clock.after(slicePauseMs, goOn)
  }

  /** Compacts everything that is due, at once. */
  compactNow(): void {
    for (let next = this.#dirtiest(); next; next = this.#dirtiest()) {
      const work = this.#compact(next, true)
      while (!work.next().done);
    }
  }

  *#compact({ partition, range }: Candidate, blocks: boolean): Generator<undefined, void> {
    const before = partition.cleanedUpTo
    const keyBytes = this.#core.config.number('log.cleaner.dedupe.buffer.size')
    const compaction = new Compaction(this.#environment, partition, { nowMs: this.#core.clock.now(), keyBytes, blocks })
    try {
      yield* compaction.run(range)
    } catch {
      // A device that fails: what was not swapped is as it was, and the next pass begins anew.
      this.failures++
    }
    this.compactedBytes += compaction.removedBytes
    if (partition.cleanedUpTo === before) this.#notBefore.set(partition, this.#core.clock.now() + retryPauseMs)
  }

  /** The partition with the greatest share of new bytes, among those that have enough of them. */
  #dirtiest(): Candidate | undefined {
    const nowMs = this.#core.clock.now()
    let best: Candidate | undefined
    for (const topic of this.#core.topics.all()) {
      if (!topic.config.compact) continue
      const minRatio = topic.config.number('min.cleanable.dirty.ratio')
      const maxLagMs = topic.config.number('max.compaction.lag.ms')
      for (const partition of topic.partitions) {
        if (partition.log.segments.length < 2 || nowMs < (this.#notBefore.get(partition) ?? 0)) continue
        const { cleanedUpTo } = partition
        const range = cleanableRange(partition, nowMs)
        if (!range) continue
        const overdue = range.segments.some((one) => one.nextOffset > cleanedUpTo && nowMs - one.createdAtMs > maxLagMs)
        if (!overdue && range.dirtyRatio < minRatio) continue
        if (!best || range.dirtyRatio > best.range.dirtyRatio) best = { partition, range }
      }
    }
    return best
  }

  stop(): void {
    this.#cancelRetention()
    this.#cancelCompaction()
  }
}
