// Kills instances of a streams application: `npm run kills:streams -- --kills 500 [--kafka] [--seed-from 1] [--verbose]`.
// Rounds of 25 kills; a round that fails prints its problems and its seed, keeps its folder, and ends the run with status 1.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apacheKafka, embeddedBroker } from './brokers.ts'
import { percentile } from './calm-times.ts'
import { type RoundResult, runRound } from './round.ts'

const { values } = parseArgs({
  options: {
    'seed-from': { type: 'string', default: '1' },
    kills: { type: 'string', default: '100' },
    'per-round': { type: 'string', default: '25' },
    kafka: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
let wanted = Number(values.kills)
const perRound = Number(values['per-round'])
const startedMs = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
const broker = values.kafka ? await apacheKafka() : await embeddedBroker(folder)
const results: RoundResult[] = []
let seed = Number(values['seed-from'])
let failed = false
// The round under way is finished, and the counts are told; a second time ends at once.
process.once('SIGINT', () => (wanted = 0))

const sum = (figure: (result: RoundResult) => number): number =>
  results.reduce((total, result) => total + figure(result), 0)

function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`)
}

try {
  for (; sum(({ kills }) => kills) < wanted && !failed; seed++) {
    const before = sum(({ kills }) => kills)
    const result = await runRound({
      brokers: broker.brokers,
      seed,
      kills: Math.min(perRound, wanted - before),
      folder: join(folder, `round-${seed}`),
      killBroker: broker.kill,
      log: (line) => (values.verbose ? console.log(`  ${line}`) : progress(`${before} kills, seed ${seed}: ${line}`)),
    })
    results.push(result)
    failed = result.problems.length > 0
    progress('')
    for (const problem of result.problems) console.log(problem)
    const { kills, stops, wiped, brokerKills, payments, answers, refusals, calmTimesMs } = result
    console.log(
      `seed ${seed}: ${failed ? 'FAILED' : 'ok'} (${result.setup}); ${kills} kills, ${wiped} disks lost, ${stops} stops, ` +
        `${brokerKills} broker kills; ${payments} payments, ${answers} answers, ${refusals} times "not now"; ` +
        `p50 ${percentile(calmTimesMs, 0.5).toFixed(1)} ms, p99 ${percentile(calmTimesMs, 0.99).toFixed(1)} ms of ${calmTimesMs.length}, ` +
        `refused for ${result.calmRefusedMs} ms at most`,
    )
    if (!failed) await rm(join(folder, `round-${seed}`), { recursive: true, force: true })
  }
} finally {
  await broker[Symbol.asyncDispose]()
  if (failed)
    console.log(`state and logs are kept in ${folder}; again with --seed-from ${seed - 1} --kills ${perRound}`)
  else await rm(folder, { recursive: true, force: true })
}
const times = results.flatMap(({ calmTimesMs }) => calmTimesMs).sort((a, b) => a - b)
console.log(
  `${sum(({ kills }) => kills)} kills on ${values.kafka ? 'Apache Kafka' : 'the embedded broker'}: ` +
    `${failed ? 'a problem' : 'no problem'}; ${sum(({ wiped }) => wiped)} disks lost, ${sum(({ stops }) => stops)} instances stopped, ` +
    `${sum(({ brokerKills }) => brokerKills)} broker kills; ${sum(({ payments }) => payments)} payments, ` +
    `${sum(({ outputs }) => outputs)} outputs compared; ${sum(({ answers }) => answers)} answers, ` +
    `${sum(({ refusals }) => refusals)} times "not now"; p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms ` +
    `of ${times.length} while nothing was wrong, refused for ${Math.max(0, ...results.map(({ calmRefusedMs }) => calmRefusedMs))} ms at most; ${Math.round((performance.now() - startedMs) / 1_000)} s; go on with --seed-from ${seed}`,
)
process.exitCode = failed ? 1 : 0
