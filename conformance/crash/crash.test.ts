import assert from 'node:assert/strict'
import { globSync, statSync, truncateSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apacheKafkaClassPath, apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { type Durability, MortalBroker } from './mortal-broker.ts'
import { runRound } from './round.ts'

const skip = apacheKafkaUnavailable() ?? false
const kills = 20
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 100_000)

async function inFolder(durability: Durability, use: (broker: MortalBroker, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-data-'))
  try {
    await using broker = await MortalBroker.start(folder, durability)
    await use(broker, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

for (const durability of ['write', 'fsync'] as const) {
  test(`Kafka's own clients lose and repeat nothing over ${kills} kills of the broker (${durability}, seed ${seed})`, {
    skip,
    timeout: 300_000,
  }, async (context) => {
    await inFolder(durability, async (broker) => {
      const result = await runRound({ broker, seed, kills, classPath: apacheKafkaClassPath() })
      assert.deepEqual(result.problems, [])
      assert.ok(result.acknowledged > 100 && result.copied > 100, `too little happened: ${JSON.stringify(result)}`)
      context.diagnostic(`${result.acknowledged} acknowledged, ${result.consumed} consumed, ${result.copied} copied`)
    })
  })
}

test('a broker that loses the last batch of its logs when it is killed is found out', {
  skip,
  timeout: 300_000,
}, async () => {
  await inFolder('write', async (broker, folder) => {
    broker.afterDeath = () => {
      for (const log of globSync(`${folder}/logs/*/*/*.log`)) {
        const { size } = statSync(log)
        if (size > 2_000) truncateSync(log, size - 1)
      }
    }
    const { problems } = await runRound({ broker, seed, kills: 3, classPath: apacheKafkaClassPath() })
    assert.match(problems.join('\n'), /acknowledged and not in the log/)
  })
})
