/** A record where it lies in the log. */
export interface Placed {
  readonly partition: number
  readonly offset: number
  readonly value: string
}

/** What one topic's producers were told, what readers saw on the way, and what is in the log at the end. */
export interface ProducedHistory {
  readonly topic: string
  readonly acknowledged: readonly Placed[]
  readonly consumed: readonly Placed[]
  /** The whole log, in its order. */
  readonly log: readonly Placed[]
}

const shownAtMost = 5

/**
 * What a log must be after idempotent producers: each acknowledged record at its offset, none twice, each producer's in the
 * order in which it sent, and nothing that a reader has seen is gone. Values are `<producer>.<number>`.
 */
export function problemsOfProduced({ topic, acknowledged, consumed, log }: ProducedHistory): string[] {
  const at = new Map(log.map((one) => [place(one), one.value]))
  const lost = acknowledged.filter((one) => at.get(place(one)) !== one.value)
  const changed = consumed.filter((one) => at.get(place(one)) !== one.value)
  const seen = new Set(consumed.map(place))
  const unread = log.filter((one) => !seen.has(place(one)))
  return [
    ...found(topic, 'acknowledged and not in the log', lost),
    ...found(topic, 'consumed and not in the log', changed),
    ...found(topic, 'in the log and never consumed', unread),
    ...found(topic, 'in the log twice', repeated(log)),
    ...found(topic, 'in the log before one that was sent earlier', disordered(log)),
  ]
}

/** What exactly-once copying means: each partition of the output, read committed, is the input's, in the same order. */
export function problemsOfCopied(topic: string, input: readonly Placed[], output: readonly Placed[]): string[] {
  const problems: string[] = []
  for (const partition of new Set([...input, ...output].map((one) => one.partition))) {
    const wanted = input.filter((one) => one.partition === partition)
    const got = output.filter((one) => one.partition === partition)
    const differs = wanted.findIndex((one, index) => one.value !== got[index]?.value)
    const missing = wanted.filter((one) => !got.some(({ value }) => value === one.value))
    problems.push(...found(topic, 'in the input and not in the output', differs < 0 ? [] : missing))
    problems.push(...found(topic, 'in the output twice', repeated(got)))
    if (differs < 0 && got.length === wanted.length) continue
    const expected = wanted[differs]?.value ?? 'the end'
    const actual = got[differs < 0 ? wanted.length : differs]?.value ?? 'the end'
    problems.push(
      `${topic}-${partition}: copies ${wanted.length} records as ${got.length}; where ${expected} belongs stands ${actual}`,
    )
  }
  return problems
}

function repeated(log: readonly Placed[]): Placed[] {
  const seen = new Set<string>()
  return log.filter(({ value }) => {
    if (seen.has(value)) return true
    seen.add(value)
    return false
  })
}

function disordered(log: readonly Placed[]): Placed[] {
  const latest = new Map<string, number>()
  return log.filter(({ partition, value }) => {
    const [producer, number] = value.split('.') as [string, string]
    const key = `${partition}/${producer}`
    const before = latest.get(key) ?? -1
    latest.set(key, Math.max(before, Number(number)))
    return Number(number) < before
  })
}

function found(topic: string, what: string, records: readonly Placed[]): string[] {
  if (records.length === 0) return []
  const shown = records
    .slice(0, shownAtMost)
    .map(({ partition, offset, value }) => `${value} at ${partition}/${offset}`)
  return [`${topic}: ${records.length} ${what}: ${shown.join(', ')}${records.length > shownAtMost ? ', …' : ''}`]
}

/** Names where a record lies. */
export function place({ partition, offset }: Placed): string {
  return `${partition}/${offset}`
}
