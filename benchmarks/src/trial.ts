/** The same names in every trial, so that runs can be compared over time. */
export const metricNames = [
  'per_cpu_second',
  'per_second',
  'peak_memory',
  'latency_p50',
  'latency_p99',
  'first_record',
] as const

export type MetricName = (typeof metricNames)[number]

export interface Measured {
  readonly value: number
  readonly unit: string
}

/** What one run of one side gave. */
export interface Outcome {
  readonly metrics: Readonly<Partial<Record<MetricName, Measured>>>
  /** What the work produced, in a form that must be equal on both sides (counts, sums, a digest). */
  readonly result: string
}

export interface TrialContext {
  /** A fraction of the full size, for a quick look; 1 is what figures are quoted for. */
  readonly scale: number
  /** Progress for people. */
  readonly say: (line: string) => void
  /** Arguments of Node for our own processes, such as `--cpu-prof`. */
  readonly nodeArguments: readonly string[]
}

/** A trial made ready: what all runs share is started. */
export interface Bench extends AsyncDisposable {
  run(side: string): Promise<Outcome>
}

/** The side that is us; every other one is a peer. */
export const ours = 'millrace'

/** The same work for us and for the peers. */
export interface Trial {
  readonly name: string
  readonly summary: string
  /** The strongest last: what is printed last is compared with it. */
  readonly peers: readonly string[]
  /** What the design aims at, for the table. */
  readonly goal: string
  /** Left out of sets: see `chosen`. */
  readonly isAlone?: boolean
  /** Why a side cannot run here, or undefined. */
  unavailable?(side: string): string | undefined
  open(context: TrialContext): Promise<Bench>
}

/** For costs and times less is better; the ratio is turned so that over 1 always says that we are ahead. */
const lessIsBetter: ReadonlySet<MetricName> = new Set(['peak_memory', 'latency_p50', 'latency_p99', 'first_record'])

export interface Comparison {
  readonly name: MetricName
  readonly unit: string
  readonly ours: number
  readonly peer: number
  readonly ratio: number
}

/** Medians of each metric that both sides measured. */
export function compare(ours: readonly Outcome[], peer: readonly Outcome[]): Comparison[] {
  return metricNames.flatMap((name) => {
    const mine = ours.flatMap((outcome) => outcome.metrics[name] ?? [])
    const theirs = peer.flatMap((outcome) => outcome.metrics[name] ?? [])
    if (mine.length === 0 || theirs.length === 0) return []
    const a = median(mine.map((measured) => measured.value))
    const b = median(theirs.map((measured) => measured.value))
    return [{ name, unit: mine[0]?.unit ?? '', ours: a, peer: b, ratio: lessIsBetter.has(name) ? b / a : a / b }]
  })
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}
