// `npm run bench -- <trial>`: us and the peers in turn on the same work, medians, one JSON object a peer as the last lines.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen } from './choose-trials.ts'
import { markdownRows, type Report } from './report.ts'
import { runTrial } from './run-trial.ts'
import { ours, type Trial } from './trial.ts'
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
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const usage = `npm run bench -- --list
npm run bench -- <trial> [options]      'streams-*' is all trials of that name but those that are run by themselves
  --runs <n>          of each side, in turn; medians count (3)
  --scale <fraction>  of the full size, for a quick look (1)
  --peer <name>       only this peer; may be repeated
  --alone             no peer at all
  --json <file>       all medians, with machine and date
  --node-args=<args>  for our own processes, such as "--cpu-prof --cpu-prof-dir=profile"`

function list(): void {
  for (const { name, summary, peers, goal } of trials)
    console.log(`${name.padEnd(20)} ${summary}\n${' '.repeat(20)} peers: ${peers.join(', ') || 'none'}; goal: ${goal}`)
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

/** undefined: it could not be run. */
async function start(trial: Trial): Promise<readonly Report[] | undefined> {
  const reason = trial.unavailable?.(ours)
  const peers = peersOf(trial)
  if (reason !== undefined) console.error(`${trial.name} cannot run here: ${reason}`)
  else if (peers.length > 0 || trial.peers.length === 0 || values.alone) {
    const nodeArguments = values['node-args'].split(' ').filter((part) => part !== '')
    return runTrial(trial, { peers, runs: Number(values.runs), scale: Number(values.scale), nodeArguments })
  } else console.error(`${trial.name} has no peer to compare with; --alone runs Millrace only`)
  return undefined
}

/** One that fails is told at the end, and the others go on. What there is by then is written after each of them. */
async function startAll(set: readonly Trial[]): Promise<void> {
  const reports: Report[] = []
  const failures: string[] = []
  for (const trial of set) {
    try {
      const made = await start(trial)
      if (made === undefined) failures.push(`${trial.name} was not run`)
      reports.push(...(made ?? []))
    } catch (error) {
      if (set.length === 1) throw error
      console.error(error)
      failures.push(`${trial.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`)
  }
  if (set.length > 1) console.log(`\n${reports.flatMap(markdownRows).join('\n')}`)
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = 1
}

const [name] = positionals
const set = name === undefined ? [] : chosen(trials, name)
if (values.list) list()
else if (values.help || set.length === 0) {
  console.log(name === undefined ? usage : `there is no trial "${name}"\n${usage}`)
  process.exitCode = values.help ? 0 : 2
} else await startAll(set)
