import type { MetricSample, MetricSource } from '@millrace/base'

interface OtelOptions {
  readonly description?: string
}

type OtelAttributes = Readonly<Record<string, string>>

interface OtelInstrument {
  // The types of `@opentelemetry/api` are wider, in both directions; only this much is used of them.
  // biome-ignore lint/suspicious/noExplicitAny: an observable of any attributes
  addCallback(callback: (result: any) => void): void
  // biome-ignore lint/suspicious/noExplicitAny: as above
  removeCallback(callback: (result: any) => void): void
}

interface OtelResult {
  observe(value: number, attributes?: OtelAttributes): void
}

/** As much of the `Meter` of `@opentelemetry/api` as is needed; that package is the caller's. */
export interface OtelMeter {
  createObservableCounter(name: string, options?: OtelOptions): OtelInstrument
  createObservableGauge(name: string, options?: OtelOptions): OtelInstrument
}

/** One family of samples as an instrument: asked by the collector, it asks the source. */
class Instrument {
  readonly #family: OtelInstrument
  readonly #observe: (result: OtelResult) => void

  constructor(meter: OtelMeter, { name, type, help }: MetricSample, samples: () => readonly MetricSample[]) {
    const options = { description: help }
    const isCounter = type === 'counter'
    this.#family = isCounter ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
    this.#observe = (result) => {
      for (const sample of samples()) if (sample.name === name) result.observe(sample.value, sample.labels)
    }
    this.#family.addCallback(this.#observe)
  }

  end(): void {
    this.#family.removeCallback(this.#observe)
  }
}

/**
 * Hands the figures of anything that has some to OpenTelemetry: an observable instrument for each name, asked when the
 * collector asks. Names stay as they are, labels become attributes. Returns the function that ends it.
 *
 * Instruments are made for the names that there are; names that come up later (a reason to drop records, for example) get
 * theirs when the collector next asks.
 *
 * @example
 * import { metrics } from '@opentelemetry/api'
 * const end = otelMetrics(metrics.getMeter('millrace'), streams)
 */
export function otelMetrics(meter: OtelMeter, source: MetricSource): () => void {
  const instruments = new Map<string, Instrument>()
  let current: readonly MetricSample[] | undefined
  /** All instruments are asked in one go: the source is asked once for them. */
  const samples = (): readonly MetricSample[] => {
    if (current !== undefined) return current
    current = [...source.metrics()]
    queueMicrotask(() => {
      current = undefined
    })
    add(current)
    return current
  }
  const add = (found: readonly MetricSample[]): void => {
    for (const sample of found) {
      if (!instruments.has(sample.name)) instruments.set(sample.name, new Instrument(meter, sample, samples))
    }
  }
  add([...source.metrics()])
  return () => {
    for (const instrument of instruments.values()) instrument.end()
    instruments.clear()
  }
}
