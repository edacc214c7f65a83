import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '@millrace/broker'
import { decodedRecords, kafkaClient } from '@millrace/kafka'

test('producer and group member outlive restarts of the broker', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-restart-'))
  let broker = await startBroker({ dataDir, worker: false })
  const { port } = broker
  const client = kafkaClient({ brokers: broker.brokers })
  try {
    await client.admin.createTopics([{ name: 't', partitions: 2 }])
    const producer = client.producer()
    const consumer = client.consumer({ groupId: 'g', heartbeatIntervalMs: 200 })
    consumer.subscribe({ topics: ['t'] })
    const seen: string[] = []
    let stopped = false
    const polling = (async () => {
      while (!stopped) {
        for (const fetched of await consumer.poll({ timeoutMs: 100 })) {
          for (const { value } of decodedRecords(fetched)) seen.push(String(value))
        }
      }
    })()
    const sends: Promise<unknown>[] = []
    let next = 0
    const produce = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        const value = String(next++)
        sends.push(producer.send({ topic: 't', partition: index % 2, key: null, value: Buffer.from(value) }))
        await delay(2)
      }
    }
    await produce(50)
    for (let restart = 0; restart < 2; restart++) {
      const producing = produce(150)
      await delay(50)
      await broker.close()
      await delay(100)
      broker = await startBroker({ dataDir, worker: false, port })
      await producing
    }
    await Promise.all(sends)
    const dueMs = Date.now() + 20_000
    while (new Set(seen).size < next) {
      assert.ok(Date.now() < dueMs, `${new Set(seen).size} of ${next} seen`)
      await delay(50)
    }
    stopped = true
    await polling
    const ends = await consumer.endOffsets([0, 1].map((partition) => ({ topic: 't', partition })))
    assert.equal(
      ends.reduce((sum, { offset }) => sum + offset, 0),
      next,
      'every record is in the log once',
    )
  } finally {
    await client.close()
    await broker.close()
    await rm(dataDir, { recursive: true, force: true })
  }
})
