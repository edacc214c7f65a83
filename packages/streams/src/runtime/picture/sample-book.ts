import type { MetricSample } from '@millrace/base'
import type { StreamsMetric } from '../../core/metrics/metric-table.ts'
import type { Flow } from './topology-picture.ts'

type Labels = Readonly<Record<string, string>>

interface Page {
  readonly atMs: number
  readonly values: ReadonlyMap<string, number>
}

/** A rate is taken over at least this long, so that two readers do not spoil each other's. */
const rateMs = 5_000
const pagesMax = 16

/** Counters as they were before, to tell rates by. */
export class RateBook {
  readonly #startedMs: number
  #pages: Page[] = []

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  /** The figures of now, with their rates since the youngest page that is old enough. */
  open(samples: readonly MetricSample[], nowMs: number): SampleBook {
    const before = this.#pages.findLast(({ atMs }) => nowMs - atMs >= rateMs) ?? this.#pages[0]
    const book = new SampleBook(samples, before, Math.max(1, nowMs - (before?.atMs ?? this.#startedMs)))
    const last = this.#pages.at(-1)
    if (last === undefined || nowMs - last.atMs >= rateMs / 4) {
      this.#pages.push({ atMs: nowMs, values: book.counters })
      if (this.#pages.length > pagesMax) this.#pages.shift()
    }
    return book
  }
}

/** Samples by name, asked by their labels. */
export class SampleBook {
  readonly rateSeconds: number
  readonly #families: ReadonlyMap<string, readonly MetricSample[]>
  readonly #before: ReadonlyMap<string, number>

  constructor(samples: readonly MetricSample[], before: Page | undefined, overMs: number) {
    this.#families = Map.groupBy(samples, ({ name }) => name)
    this.#before = before?.values ?? new Map()
    this.rateSeconds = overMs / 1_000
  }

  get counters(): ReadonlyMap<string, number> {
    const counters = [...this.#families.values()].flat().filter(({ type }) => type === 'counter')
    return new Map(counters.map((sample) => [identity(sample), sample.value]))
  }

  find(name: StreamsMetric, labels: Labels): readonly MetricSample[] {
    const found = this.#families.get(name) ?? []
    return found.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
  }

  /** The sum; undefined where there is nothing of the kind. */
  sum(name: StreamsMetric, labels: Labels): number | undefined {
    const found = this.find(name, labels)
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }

  max(name: StreamsMetric, labels: Labels): number | undefined {
    const found = this.find(name, labels)
    return found.length === 0 ? undefined : Math.max(...found.map(({ value }) => value))
  }

  flow(name: StreamsMetric, labels: Labels): Flow | undefined {
    const found = this.find(name, labels)
    return found.length === 0 ? undefined : this.flowOf(found)
  }

  flowOf(samples: readonly MetricSample[]): Flow {
    let total = 0
    let grown = 0
    for (const sample of samples) {
      const before = this.#before.get(identity(sample)) ?? 0
      total += sample.value
      // A task that came back counts from nothing.
      grown += sample.value >= before ? sample.value - before : sample.value
    }
    return { total, perSecond: grown / this.rateSeconds }
  }
}

function identity({ name, labels }: MetricSample): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}
