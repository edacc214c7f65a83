import { cpus, totalmem } from 'node:os'
import { type Comparison, ours } from './trial.ts'

/** What a trial gave beside one peer: medians, and where and when. */
export interface Report {
  readonly trial: string
  readonly peer: string
  readonly runs: number
  readonly scale: number
  readonly machine: string
  readonly date: string
  readonly metrics: readonly Comparison[]
}

export function machineText(): string {
  const [cpu] = cpus()
  return `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

export function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

/** For people who look on. */
export function tableText({ peer, metrics }: Report): string {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(22))).join('')
  const rows = metrics.map(({ name, unit, ours: mine, peer: theirs, ratio }) =>
    row([name, format(mine), format(theirs), `${ratio.toFixed(2)}x`, unit]),
  )
  return [row(['metric', ours, peer, 'ratio', 'unit']), ...rows].join('\n')
}

/** Rows of the table in docs/explanation/performance.md. */
export function markdownRows({ trial, peer, metrics }: Report): string[] {
  return metrics.map(({ name, unit, ours: mine, peer: theirs, ratio }) => {
    const cells = [`\`${trial}\``, peer, `\`${name}\`, ${unit}`, format(mine), format(theirs), `${ratio.toFixed(2)}x`]
    return `| ${cells.join(' | ')} |`
  })
}
