import type { MetricSample } from '@millrace/base'

/** How a message ended. */
export type Outcome = 'handled' | 'duplicate' | 'dead_letter' | 'skipped'

/** Counters of one running handler. Recording is an addition; samples are made when asked for. */
export class HandlerMetrics {
  readonly outcomes: Record<Outcome, number> = { handled: 0, duplicate: 0, dead_letter: 0, skipped: 0 }
  retries = 0
  inFlight = 0
  /** Partitions that wait for something that is away. */
  inOutage = 0
  readonly #labels: Readonly<Record<string, string>>

  constructor(groupId: string, topic: string) {
    this.#labels = { group: groupId, topic }
  }

  *samples(lagRecords: number): Iterable<MetricSample> {
    for (const [outcome, value] of Object.entries(this.outcomes)) {
      yield {
        name: 'millrace_handler_messages_total',
        type: 'counter',
        help: 'Messages that were finished, by how they ended.',
        labels: { ...this.#labels, outcome },
        value,
      }
    }
    yield this.#one(
      'millrace_handler_retries_total',
      'counter',
      'Attempts that failed and were repeated.',
      this.retries,
    )
    yield this.#one('millrace_handler_in_flight', 'gauge', 'Messages that are being handled.', this.inFlight)
    const waiting = 'Partitions that wait for a database, broker or service that is away.'
    yield this.#one('millrace_handler_partitions_in_outage', 'gauge', waiting, this.inOutage)
    const lag = 'Records of the assigned partitions that are not finished, as of the last fetch.'
    yield this.#one('millrace_handler_lag_records', 'gauge', lag, lagRecords)
  }

  #one(name: string, type: 'counter' | 'gauge', help: string, value: number): MetricSample {
    return { name, type, help, labels: this.#labels, value }
  }
}
