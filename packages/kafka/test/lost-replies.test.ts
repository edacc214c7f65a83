import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, isMillraceError, type Random, seededRandom } from '@millrace/base'
import { decodedRecords, type KafkaClient, kafkaClient, type Producer } from '@millrace/kafka'
import { type Faults, type MemoryBroker, memoryBroker } from './memory-broker.ts'
import { virtually } from './virtual-run.ts'

const faults: Faults = { loseRequest: 0.05, loseReply: 0.05, silence: 0.02, delay: 0.2, delayMsMax: 400, repeat: 0 }
const seeds = Number(process.env.MILLRACE_SEEDS ?? 25)
const firstSeed = Number(process.env.MILLRACE_SEED_FROM ?? 1)

function clientOf(broker: MemoryBroker, clock: Clock, random: Random): KafkaClient {
  return kafkaClient({ brokers: 'broker:9092', transport: broker.transport, clock, random, requestTimeoutMs: 2_000 })
}

/** Everything in the topic up to the end offsets of this moment, per partition. */
async function readAll(client: KafkaClient, topic: string, count: number): Promise<string[][]> {
  const consumer = client.consumer()
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  const ends = await consumer.endOffsets(partitions)
  consumer.assign(partitions)
  const values: string[][] = partitions.map(() => [])
  while (ends.some(({ partition, offset }) => (consumer.position({ topic, partition }) ?? 0) < offset)) {
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { value } of decodedRecords(fetched)) values[fetched.partition]?.push(String(value))
    }
  }
  await consumer.close()
  return values
}

test(`an idempotent producer neither loses nor doubles nor reorders, whatever happens to replies (${seeds} seeds)`, async () => {
  let happened = 0
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    await virtually(async (clock) => {
      const random = seededRandom(seed)
      const broker = memoryBroker({ clock, random, faults: { ...faults, repeat: 0.05 } })
      const client = clientOf(broker, clock, random)
      await client.admin.createTopics([{ name: 't', partitions: 3 }], { ifNotExists: true })
      const producer = client.producer({ maxBatchBytes: 400 })
      const sent: Promise<unknown>[] = []
      const expected: string[][] = [[], [], []]
      for (let index = 0; index < 150; index++) {
        const partition = index % 3
        expected[partition]?.push(String(index))
        sent.push(producer.send({ topic: 't', partition, key: null, value: Buffer.from(String(index)) }))
        if (index % 10 === 0) await sent.at(-1)
      }
      await Promise.all(sent)
      broker.heal()
      happened += broker.faults
      assert.deepEqual(await readAll(client, 't', 3), expected, `seed ${seed}`)
      await client.close()
    })
  }
  assert.ok(happened > seeds, `only ${happened} faults in ${seeds} seeds`)
})

test(`what is given up is written at most once, and what comes after it exactly once (${seeds} seeds)`, async () => {
  let givenUp = 0
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    await virtually(async (clock) => {
      const random = seededRandom(seed)
      const heavy = {
        loseRequest: 0.25,
        loseReply: 0.25,
        silence: 0.15,
        delay: 0.2,
        delayMsMax: 400,
        spare: [3, 18, 19, 22],
      }
      const broker = memoryBroker({ clock, random, faults: heavy })
      const client = clientOf(broker, clock, random)
      await client.admin.createTopics([{ name: 't', partitions: 2 }], { ifNotExists: true })
      const producer = client.producer({ maxBatchBytes: 300, deliveryTimeoutMs: 3_000 })
      const acknowledged: string[][] = [[], []]
      const unknown = new Set<string>()
      for (let round = 0; round < 12; round++) {
        const sends = Array.from({ length: 12 }, async (_, index) => {
          const text = `${round}-${index}`
          try {
            const at = await producer.send({ topic: 't', partition: index % 2, key: null, value: Buffer.from(text) })
            acknowledged[at.partition]?.push(text)
          } catch (error) {
            assert.ok(isMillraceError(error))
            assert.equal(error.code, 'KAFKA_DELIVERY_TIMEOUT', error.message)
            unknown.add(text)
          }
        })
        await Promise.all(sends)
      }
      broker.heal()
      const logs = await readAll(client, 't', 2)
      for (const [partition, log] of logs.entries()) {
        assert.equal(new Set(log).size, log.length, `seed ${seed}: written twice`)
        const certain = log.filter((text) => !unknown.has(text))
        assert.deepEqual(certain, acknowledged[partition], `seed ${seed}: lost or out of order`)
      }
      givenUp += unknown.size
      await client.close()
    })
  }
  assert.ok(givenUp > seeds, `only ${givenUp} given up`)
})

for (const version of [1, 2] as const) {
  test(`a transactional loop writes every output once across crashes, version ${version} (${seeds} seeds)`, async () => {
    let happened = 0
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      happened += await virtually((clock) => exactlyOnceRun(clock, seed, version))
    }
    assert.ok(happened > seeds, `only ${happened} faults in ${seeds} seeds`)
  })
}

test('a seed replays its run: the same faults, the same end, the same moment', async () => {
  const run = () => virtually(async (clock) => [await exactlyOnceRun(clock, firstSeed, 2), clock.now()])
  assert.deepEqual(await run(), await run())
})

const inputs = 60

/** Consume-transform-produce without an input topic: the committed offset is the position, the output is its numbers. */
async function exactlyOnceRun(clock: Clock, seed: number, version: 1 | 2): Promise<number> {
  const random = seededRandom(seed)
  const broker = memoryBroker({ clock, random, faults, transactionVersion: version })
  let client = clientOf(broker, clock, random)
  await client.admin.createTopics([{ name: 'out', partitions: 2 }], { ifNotExists: true })
  await client.admin.createTopics([{ name: 'in' }], { ifNotExists: true })
  for (let lives = 0; ; lives++) {
    assert.ok(lives < 200, `seed ${seed} makes no progress`)
    if (await oneLife(client, random)) break
    // A crash: nothing is closed, nothing is aborted; a successor starts.
    client = clientOf(broker, clock, random)
  }
  broker.heal()
  const values = (await readAll(client, 'out', 2)).flat().map(Number)
  const expected = Array.from({ length: inputs }, (_, index) => index)
  assert.deepEqual(
    values.sort((a, b) => a - b),
    expected,
    `seed ${seed}`,
  )
  await client.close()
  return broker.faults
}

/** Works until everything is committed (true) or it crashes (false). */
async function oneLife(client: KafkaClient, random: Random): Promise<boolean> {
  const producer = client.producer({ transactionalId: 'app', maxBatchBytes: 400 })
  const group = { groupId: 'app', generationId: -1, memberId: '', groupInstanceId: null }
  try {
    await producer.init()
    for (;;) {
      const position = (await client.admin.committedOffsets('app'))[0]?.offset ?? 0
      if (position >= inputs) {
        await producer.close()
        return true
      }
      const next = Math.min(inputs, position + 1 + Math.floor(random.next() * 8))
      producer.begin()
      for (let index = position; index < next; index++) {
        producer
          .send({ topic: 'out', partition: index % 2, key: null, value: Buffer.from(String(index)) })
          .catch(() => {})
      }
      if (random.next() < 0.05) return false
      const offsets = [{ topic: 'in', partition: 0, offset: next }]
      if (!(await finish(producer, () => producer.sendOffsets({ group, offsets }), random))) return false
    }
  } catch (error) {
    // A fenced or failed producer ends this life; anything else is a bug.
    if (isMillraceError(error)) return false
    throw error
  }
}

async function finish(producer: Producer, sendOffsets: () => Promise<void>, random: Random): Promise<boolean> {
  try {
    await sendOffsets()
    if (random.next() < 0.1) {
      await producer.abort()
      return true
    }
    const committing = producer.commit()
    if (random.next() < 0.05) {
      committing.catch(() => {})
      return false
    }
    await committing
    return true
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'KAFKA_TRANSACTION_ABORTABLE') throw error
    await producer.abort()
    return true
  }
}
