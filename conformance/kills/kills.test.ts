import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { apacheKafka, embeddedBroker, type KillsBroker } from './brokers.ts'
import { type RoundOptions, type RoundResult, runRound } from './round.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 100_000)
const timeout = 300_000

/** A folder that is kept when something is wrong. */
async function round(
  start: (folder: string) => Promise<KillsBroker>,
  options: Pick<RoundOptions, 'kills' | 'processingGuarantee'>,
  of = seed,
): Promise<RoundResult> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
  await using broker = await start(folder)
  const { brokers, kill: killBroker } = broker
  const result = await runRound({ brokers, killBroker, seed: of, folder: join(folder, 'round'), ...options })
  await rm(folder, { recursive: true, force: true })
  return result
}

const brokers = [
  { on: 'the embedded broker', skip: false, start: (folder: string) => embeddedBroker(folder) },
  { on: 'Apache Kafka', skip: apacheKafkaUnavailable() ?? false, start: () => apacheKafka() },
] as const

for (const { on, skip, start } of brokers) {
  test(`three instances on ${on} are killed, and nothing is lost, twice or answered wrongly (seed ${seed})`, {
    skip,
    timeout,
  }, async (context) => {
    const result = await round(start, { kills: 4 })
    assert.deepEqual(result.problems, [])
    assert.ok(result.payments > 500 && result.answers > 50, `too little happened: ${JSON.stringify(result)}`)
    const { kills, payments, outputs, answers, refusals } = result
    context.diagnostic(
      `${kills} kills, ${payments} payments, ${outputs} outputs, ${answers} answers, ${refusals} refusals`,
    )
  })
}

test(`at least once loses nothing, and what it does twice is found (seed ${seed})`, {
  timeout: 3 * timeout,
}, async () => {
  const twice = /payments come after|of \d+ payments|was written \d+ times/
  // A kill that hits nobody who has just written something is possible; so many of them are not.
  for (const more of [0, 1, 2]) {
    const options = { kills: 4, processingGuarantee: 'at_least_once' } as const
    const { problems, losses } = await round(embeddedBroker, options, seed + more)
    assert.deepEqual(losses, [])
    if (problems.some((problem) => twice.test(problem))) return
  }
  assert.fail('nothing was found to be there twice')
})
