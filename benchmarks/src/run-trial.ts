import { format, machineText, type Report, tableText } from './report.ts'
import { compare, type Outcome, ours, type Trial } from './trial.ts'

export interface RunOptions {
  readonly peers: readonly string[]
  readonly runs: number
  readonly scale: number
  readonly nodeArguments: readonly string[]
}

/** Us and the peers in turn on the same work. Fails where their results differ. */
export async function runTrial(trial: Trial, { peers, runs, scale, nodeArguments }: RunOptions): Promise<Report[]> {
  const outcomes = new Map<string, Outcome[]>([ours, ...peers].map((side) => [side, []]))
  {
    await using bench = await trial.open({ scale, nodeArguments, say: (text) => console.log(`  ${text}`) })
    for (let i = 1; i <= runs; i++) {
      for (const [side, measured] of outcomes) {
        const outcome = await bench.run(side)
        measured.push(outcome)
        console.log(`run ${i} of ${runs}, ${side}: ${line(outcome)}`)
      }
    }
  }
  const results = new Set([...outcomes.values()].flat().map((outcome) => outcome.result))
  if (results.size !== 1) throw new Error(`the results differ, so nothing is compared:\n${[...results].join('\n')}`)
  console.log(`\n${trial.name}: ${trial.summary}\ngoal: ${trial.goal}; same result on every side: ${[...results][0]}`)
  const where = { machine: machineText(), date: new Date().toISOString().slice(0, 10) }
  const reports = peers.map((peer) => {
    const metrics = compare(outcomes.get(ours) ?? [], outcomes.get(peer) ?? [])
    return { trial: trial.name, peer, runs, scale, ...where, metrics }
  })
  for (const report of reports) console.log(`\n${tableText(report)}`)
  for (const report of reports) console.log(JSON.stringify(report))
  return reports
}

function line({ metrics }: Outcome): string {
  return Object.entries(metrics)
    .map(([name, { value, unit }]) => `${name} ${format(value)} ${unit}`)
    .join(', ')
}
