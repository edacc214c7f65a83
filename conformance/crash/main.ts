// Kills the broker under Kafka's own clients: `npm run crash -- --seed-from 1 --kills 1000 [--durability fsync] [--verbose]`.
// Rounds of 25 kills; a round that fails prints its seed and ends the run with status 1.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apacheKafkaClassPath } from '../kafka/apache-kafka.ts'
import { type Durability, MortalBroker } from './mortal-broker.ts'
import { runRound } from './round.ts'

const killsPerRound = 25

const { values } = parseArgs({
  options: {
    'seed-from': { type: 'string', default: '1' },
    kills: { type: 'string', default: '100' },
    durability: { type: 'string', default: 'write' },
    verbose: { type: 'boolean', default: false },
  },
})
const from = Number(values['seed-from'])
const wanted = Number(values.kills)
const durability = values.durability as Durability
const log = values.verbose ? (line: string) => console.log(`  ${line}`) : () => {}
const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-data-'))
const classPath = apacheKafkaClassPath()
const broker = await MortalBroker.start(folder, durability)
const totals = { acknowledged: 0, consumed: 0, copied: 0 }
let seed = from
let failed = false
try {
  for (; broker.kills < wanted && !failed; seed++) {
    const kills = Math.min(killsPerRound, wanted - broker.kills)
    const result = await runRound({ broker, seed, kills, classPath, log })
    totals.acknowledged += result.acknowledged
    totals.consumed += result.consumed
    totals.copied += result.copied
    failed = result.problems.length > 0
    for (const problem of result.problems) console.log(problem)
    const what = `${result.acknowledged} acknowledged, ${result.copied} copied, copiers restarted ${result.copierRestarts} times`
    console.log(`seed ${seed}: ${failed ? 'FAILED' : 'ok'}, ${broker.kills} kills so far, ${what}`)
  }
} finally {
  await broker[Symbol.asyncDispose]()
  if (failed) console.log(`the data is kept in ${folder}; again with --seed-from ${seed - 1} --kills ${killsPerRound}`)
  else await rm(folder, { recursive: true, force: true })
}
const starts = broker.startsMs.toSorted((a, b) => a - b)
const median = Math.round(starts[starts.length >> 1] ?? 0)
console.log(
  `${broker.kills} kills under ${durability}: ${failed ? 'a problem' : 'no problem'}; ${totals.acknowledged} records acknowledged, ` +
    `${totals.consumed} consumed, ${totals.copied} copied in transactions; start after a kill ${median} ms (median), ` +
    `${Math.round(starts.at(-1) ?? 0)} ms (longest); go on with --seed-from ${seed}`,
)
process.exitCode = failed ? 1 : 0
