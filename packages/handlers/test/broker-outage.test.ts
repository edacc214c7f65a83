import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { consume } from '@millrace/handlers'
import { kafkaClient } from '@millrace/kafka'
import { eventually, readAll } from './support.ts'

test('a broker that goes away and comes back costs time and nothing else, a dead letter in between included', async () => {
  await using cleanup = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-handlers-'))
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }))
  let broker = await startBroker({ dataDir })
  cleanup.defer(() => broker.close())
  const { port } = broker
  await using kafka = kafkaClient({ brokers: broker.brokers })
  const order = topic('order', { key: serdes.string, value: serdes.json<{ n: number }>() })
  await kafka.admin.createTopics([{ name: 'order', partitions: 1 }])
  await using producer = kafka.producer()
  const write = (n: number, value = JSON.stringify({ n })) =>
    producer.send({ topic: 'order', key: Buffer.from('k'), value: Buffer.from(value) })
  await write(0)
  await write(1, 'poison')
  await write(2)

  const seen: number[] = []
  const mayGoOn = Promise.withResolvers<void>()
  await using running = await consume(
    order,
    async ({ value }) => {
      seen.push(value?.n ?? -1)
      if (value?.n === 0) await mayGoOn.promise
    },
    { brokers: broker.brokers, groupId: 'g', onFailure: 'dead-letter', commitIntervalMs: 50, retryDelayMsMax: 50 },
  )
  await eventually('the first message is in flight', () => seen.length === 1)
  await broker.close()
  // The next message is the poison: its dead letter meets a broker that is not there.
  mayGoOn.resolve()
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.deepEqual([running.state, seen], ['running', [0]])
  broker = await startBroker({ dataDir, port })
  await eventually('the message after the poison is handled', () => seen.includes(2))
  await write(3)
  await eventually('a new message is handled', () => seen.includes(3))
  assert.equal(running.state, 'running')
  const letters = await readAll(kafka, 'order.dlq', 1)
  assert.deepEqual(
    letters.map(({ value }) => value?.toString()),
    ['poison'],
  )
  // Without an inbox a message may come twice; none may be missing, and their order stays.
  assert.deepEqual([...new Set(seen)], [0, 2, 3])
})

test('closing while the broker is away ends within its limit', async () => {
  const broker = await startBroker({ memory: true })
  const order = topic('order', { key: serdes.string, value: serdes.string })
  {
    await using kafka = kafkaClient({ brokers: broker.brokers })
    await kafka.admin.createTopics([{ name: 'order', partitions: 1 }])
    await using producer = kafka.producer()
    await producer.send({ topic: 'order', key: null, value: Buffer.from('v') })
  }
  let seen = 0
  const handler = (): void => void seen++
  const running = await consume(order, handler, { brokers: broker.brokers, groupId: 'g', stopTimeoutMs: 200 })
  await eventually('the message is handled', () => seen === 1)
  await broker.close()
  const startMs = performance.now()
  await running.close()
  assert.ok(performance.now() - startMs < 1_000)
  assert.equal(running.state, 'stopped')
})
