import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { kafkaClient } from '@millrace/kafka'
import { memoryBroker } from './memory-broker.ts'
import { virtually } from './virtual-run.ts'

test('a backlog does not wait for fetches of partitions that have nothing new', async () => {
  const waitedMs = await virtually(async (clock) => {
    const random = seededRandom(1)
    const { transport } = memoryBroker({ clock, random })
    await using client = kafkaClient({ brokers: 'broker:9092', transport, clock, random })
    await client.admin.createTopics([{ name: 'orders', partitions: 3 }])
    await using producer = client.producer()
    await producer.send({ topic: 'orders', partition: 2, key: null, value: Buffer.from('1') })
    await using consumer = client.consumer({ maxWaitMs: 500 })
    const [first, second, third] = [0, 1, 2].map((partition) => ({ topic: 'orders', partition }))
    assert.ok(first && second && third)
    // One fetch begins after the other, so both sets of idle partitions wait on their own from then on.
    consumer.assign([first])
    await consumer.poll({ timeoutMs: 10 })
    consumer.assign([first, second, third])
    consumer.pause([third])
    await consumer.poll({ timeoutMs: 1_010 })
    consumer.resume([third])
    const resumedMs = clock.now()
    const [fetched] = await consumer.poll({ timeoutMs: 1_000 })
    assert.equal(fetched?.partition, 2)
    return clock.now() - resumedMs
  })
  assert.ok(waitedMs < 100, `the records came after ${waitedMs} ms`)
})
