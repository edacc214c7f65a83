/** One figure at the moment it is asked for. Names follow OpenMetrics: base unit in the name, `_total` for counters. */
export interface MetricSample {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Anything that can be asked for its figures; asking costs, recording should not. */
export interface MetricSource {
  metrics(): Iterable<MetricSample>
}
