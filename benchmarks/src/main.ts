// `npm run bench -- <trial>`: us and the peers in turn on the same work, medians, one JSON object as the last line.
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { type Comparison, compare, type Outcome, ours, type Trial } from './trial.ts'
import { trials } from './trials.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    peer: { type: 'string', multiple: true },
    alone: { type: 'boolean', default: false },
    'node-args': { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})

const usage = `npm run bench -- --list
npm run bench -- <trial> [options]
  --runs <n>          of each side, in turn; medians count (3)
  --scale <fraction>  of the full size, for a quick look (1)
  --peer <name>       only this peer; may be repeated
  --alone             no peer at all
  --node-args=<args>  for our own processes, such as "--cpu-prof --cpu-prof-dir=profile"`

function list(): void {
  for (const { name, summary, peers, goal } of trials)
    console.log(`${name.padEnd(20)} ${summary}\n${' '.repeat(20)} peers: ${peers.join(', ')}; goal: ${goal}`)
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

function table(peer: string, comparisons: readonly Comparison[]): void {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(22))).join('')
  console.log(`\n${row(['metric', ours, peer, 'ratio', 'unit'])}`)
  for (const { name, unit, ours: mine, peer: theirs, ratio } of comparisons) {
    console.log(row([name, format(mine), format(theirs), `${ratio.toFixed(2)}x`, unit]))
  }
}

function line({ metrics }: Outcome): string {
  return Object.entries(metrics)
    .map(([name, { value, unit }]) => `${name} ${format(value)} ${unit}`)
    .join(', ')
}

async function run(trial: Trial, peers: readonly string[], runs: number, scale: number): Promise<void> {
  const outcomes = new Map<string, Outcome[]>([ours, ...peers].map((side) => [side, []]))
  const nodeArguments = values['node-args'].split(' ').filter((part) => part !== '')
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
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const date = new Date().toISOString().slice(0, 10)
  const compared = peers.map((peer) => ({ peer, metrics: compare(outcomes.get(ours) ?? [], outcomes.get(peer) ?? []) }))
  for (const { peer, metrics } of compared) table(peer, metrics)
  for (const { peer, metrics } of compared)
    console.log(JSON.stringify({ trial: trial.name, peer, runs, scale, machine, date, metrics }))
}

/** The peers that were asked for and can run here; says why the others cannot. */
function peersOf(trial: Trial): readonly string[] {
  const asked = values.alone ? [] : trial.peers.filter((peer) => values.peer?.includes(peer) ?? true)
  return asked.filter((peer) => {
    const reason = trial.unavailable?.(peer)
    if (reason !== undefined) console.error(`${trial.name}: ${peer} is left out: ${reason}`)
    return reason === undefined
  })
}

async function start(trial: Trial): Promise<void> {
  const reason = trial.unavailable?.(ours)
  const peers = peersOf(trial)
  if (reason !== undefined) console.error(`${trial.name} cannot run here: ${reason}`)
  else if (peers.length > 0 || values.alone) return run(trial, peers, Number(values.runs), Number(values.scale))
  else console.error(`${trial.name} has no peer to compare with; --alone runs Millrace only`)
  process.exitCode = 1
}

const [name] = positionals
const trial = trials.find((candidate) => candidate.name === name)
if (values.list) list()
else if (values.help || !trial) {
  console.log(name === undefined ? usage : `there is no trial "${name}"\n${usage}`)
  process.exitCode = values.help ? 0 : 2
} else await start(trial)
