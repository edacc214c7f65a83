// `npm run bench -- <trial>`: us and the peer in turn on the same work, medians, one JSON object as the last line.
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { type Comparison, compare, type Outcome, type Trial } from './trial.ts'
import { trials } from './trials.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

const usage = `npm run bench -- --list
npm run bench -- <trial> [--runs 3] [--scale 1]`

function list(): void {
  for (const { name, summary, peer, goal } of trials)
    console.log(`${name.padEnd(20)} ${summary}; peer: ${peer}; goal: ${goal}`)
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

function table(trial: Trial, comparisons: readonly Comparison[]): void {
  console.log(`\n${trial.name}: ${trial.summary}\npeer: ${trial.peer}; goal: ${trial.goal}\n`)
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(16))).join('')
  console.log(row(['metric', 'ours', 'peer', 'ratio', 'unit']))
  for (const { name, unit, ours, peer, ratio } of comparisons) {
    console.log(row([name, format(ours), format(peer), `${ratio.toFixed(2)}x`, unit]))
  }
}

async function run(trial: Trial, runs: number, scale: number): Promise<void> {
  const ours: Outcome[] = []
  const peer: Outcome[] = []
  const context = { scale, say: (line: string) => console.log(`  ${line}`) }
  for (let i = 1; i <= runs; i++) {
    console.log(`run ${i} of ${runs}: Millrace`)
    ours.push(await trial.run('ours', context))
    console.log(`run ${i} of ${runs}: ${trial.peer}`)
    peer.push(await trial.run('peer', context))
  }
  const results = new Set([...ours, ...peer].map((outcome) => outcome.result))
  if (results.size !== 1) throw new Error(`the results differ, so nothing is compared:\n${[...results].join('\n')}`)
  const metrics = compare(ours, peer)
  table(trial, metrics)
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const date = new Date().toISOString().slice(0, 10)
  console.log(JSON.stringify({ trial: trial.name, peer: trial.peer, runs, machine, date, metrics }))
}

const [name] = positionals
const trial = trials.find((candidate) => candidate.name === name)
if (values.list) list()
else if (values.help || !trial) {
  console.log(name === undefined ? usage : `there is no trial "${name}"\n${usage}`)
  process.exitCode = values.help ? 0 : 2
} else {
  const reason = trial.unavailable?.()
  if (reason !== undefined) {
    console.error(`${trial.name} cannot run here: ${reason}`)
    process.exitCode = 1
  } else {
    await run(trial, Number(values.runs), Number(values.scale))
  }
}
