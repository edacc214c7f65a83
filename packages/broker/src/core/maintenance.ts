import type { BrokerCore } from './broker-core.ts'

/** What runs on its own from time to time: retention. */
export class Maintenance {
  readonly #core: BrokerCore
  #cancel: () => void = () => {}

  constructor(core: BrokerCore) {
    this.#core = core
    this.#schedule()
  }

  #schedule(): void {
    const intervalMs = this.#core.config.number('log.retention.check.interval.ms')
    this.#cancel = this.#core.clock.after(intervalMs, () => {
      this.#core.enforceRetention()
      this.#schedule()
    })
  }

  /** Deletes what no topic's settings keep, and forgets producers long silent. */
  enforceRetention(): void {
    const nowMs = this.#core.clock.now()
    const expirationMs = this.#core.config.number('producer.id.expiration.ms')
    for (const topic of this.#core.topics.all()) {
      for (const partition of topic.partitions) {
        if (partition.log.segments.length === 0) continue
        partition.enforceRetention(nowMs)
        partition.producers.expire(nowMs, expirationMs)
      }
    }
  }

  stop(): void {
    this.#cancel()
  }
}
