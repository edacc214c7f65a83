import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apacheKafkaClassPath, apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { MortalBroker } from './mortal-broker.ts'
import { runRound } from './round.ts'

const skip = apacheKafkaUnavailable() ?? false
const kills = 20
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 100_000)

for (const durability of ['write', 'fsync'] as const) {
  test(`Kafka's own clients lose and repeat nothing over ${kills} kills of the broker (${durability}, seed ${seed})`, {
    skip,
    timeout: 300_000,
  }, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-data-'))
    try {
      await using broker = await MortalBroker.start(folder, durability)
      const result = await runRound({ broker, seed, kills, classPath: apacheKafkaClassPath() })
      assert.deepEqual(result.problems, [])
      assert.ok(result.acknowledged > 100 && result.copied > 100, `too little happened: ${JSON.stringify(result)}`)
      context.diagnostic(`${result.acknowledged} acknowledged, ${result.consumed} consumed, ${result.copied} copied`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}
