import type { Asked } from './asker.ts'
import type { Instance } from './instance.ts'

/** How long everything must have been running before instances are held to their answers. */
const settlingMs = 1_500
const lookEveryMs = 50
/** A look that comes so late says that the machine stood still; nobody is blamed for what happened meanwhile. */
const standstillMs = 500
const shownAtMost = 3

/** How long questions may be refused because a task moves. */
const moveMs = 1_500

export interface CalmVerdict {
  /** How long questions took, ascending. */
  readonly timesMs: readonly number[]
  /** How long some were refused at most. */
  readonly refusedMs: number
  readonly problems: readonly string[]
}

/** Remembers when all instances were at work, and nothing was wrong. */
export class CalmTimes {
  readonly #instances: readonly Instance[]
  readonly #spans: { readonly fromMs: number; toMs: number }[] = []
  readonly #timer: NodeJS.Timeout
  #lookedAtMs = Date.now()
  #since: number | undefined
  #isDisturbed = false

  constructor(instances: readonly Instance[]) {
    this.#instances = instances
    this.#timer = setInterval(() => this.#look(), lookEveryMs)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  /** Something else than an instance is being harmed meanwhile. */
  async disturbedBy(work: Promise<void>): Promise<void> {
    this.#isDisturbed = true
    this.#look()
    await work
    this.#isDisturbed = false
  }

  /** What was asked in calm times: how long it took, and who refused. */
  judge(asked: readonly Asked[]): CalmVerdict {
    const calm = asked.filter(({ startMs, tookMs }) => this.#isCalm(startMs, startMs + tookMs))
    // A bound waits for what is on its way, on purpose, and for no longer than a second.
    const direct = calm.filter(({ kind }) => kind !== 'ownWrite' && kind !== 'stale')
    const series = seriesOf(direct.filter(({ refusal }) => refusal !== undefined))
    const refused = series.filter((each) => lengthOf(each) > moveMs).flat()
    const problems = refused.slice(0, shownAtMost).map(({ kind, host, startMs, refusal }) => {
      return `query: ${kind} was refused at ${new Date(startMs).toISOString()} by ${host} while all was well: ${refusal}`
    })
    if (refused.length > shownAtMost) problems.push(`query: and ${refused.length - shownAtMost} more refusals`)
    const timesMs = direct.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    return { timesMs, refusedMs: Math.max(0, ...series.map(lengthOf)), problems }
  }

  #isCalm(fromMs: number, toMs: number): boolean {
    return this.#spans.some((span) => span.fromMs <= fromMs && toMs <= span.toMs)
  }

  #look(): void {
    const nowMs = Date.now()
    const stoodStill = nowMs - this.#lookedAtMs > standstillMs
    this.#lookedAtMs = nowMs
    const since = this.#instances.map(({ runningSinceMs }) => runningSinceMs)
    if (stoodStill || this.#isDisturbed || since.includes(undefined)) {
      this.#since = undefined
      return
    }
    const latest = Math.max(...(since as number[]), this.#since ?? nowMs)
    if (latest !== this.#since) {
      this.#since = latest
      this.#spans.push({ fromMs: latest + settlingMs, toMs: nowMs })
    }
    this.#spans.at(-1)!.toMs = nowMs
  }
}

export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0
}

/** Refusals with no more time between them than a task takes to move: instances that came late are given theirs while all run. */
function seriesOf(refused: readonly Asked[]): readonly (readonly Asked[])[] {
  const sorted = [...refused].sort((a, b) => a.startMs - b.startMs)
  const series: Asked[][] = []
  for (const one of sorted) {
    const last = series.at(-1)
    if (last !== undefined && one.startMs - last.at(-1)!.startMs < moveMs) last.push(one)
    else series.push([one])
  }
  return series
}

function lengthOf(series: readonly Asked[]): number {
  return series.at(-1)!.startMs - series[0]!.startMs
}
