import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readDeadLetter } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { failureHandlers, startStreams, type Topology, topology } from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, customers, placeOrders, sameTotals, spendNow } from './orders.ts'
import spendApp, { order } from './spend-app.ts'

interface Setup extends AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaClient
  readonly directory: string
}

async function setUpOn(suite: BrokerSuite): Promise<Setup> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-failures-'))
  const broker = await suite.startBroker()
  const client = kafkaClient({ brokers: broker.brokers })
  return {
    broker,
    client,
    directory,
    async [Symbol.asyncDispose]() {
      await client.close()
      await broker.close()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Passes orders on, but for those that poison it. */
function poisoned(isPoison: (i: number) => boolean): Topology {
  const app = topology('poisoned')
  const passed = topic('spend', { key: serdes.string, value: serdes.json<number>() })
  app
    .stream(order)
    .mapValues((o) => {
      if (isPoison(o.cents)) throw new Error('poison')
      return o.cents
    })
    .to(passed)
  return app
}

/** What goes wrong beside an application or in it, against any broker. */
export function registerFailureTests(where: string, suite: BrokerSuite): void {
  const setUp = (): Promise<Setup> => setUpOn(suite)
  test(`${where}: at least once: sums are exact as long as nothing fails`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    const { client, broker, directory } = setup
    await createTopics(client)
    await placeOrders(client, 0, 1_000)
    const options = {
      topology: spendApp,
      brokers: broker.brokers,
      stateDir: join(directory, 'state'),
      processingGuarantee: 'at_least_once',
      commitIntervalMs: 50,
    } as const
    {
      await using _ = await startStreams(options)
      await waitUntil(async () => sameTotals(await spendNow(client), 1_000))
    }
    await placeOrders(client, 1_000, 200)
    await using _ = await startStreams(options)
    await waitUntil(async () => sameTotals(await spendNow(client), 1_200))
  })

  test(`${where}: at least once: results leave although no commit is due`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    const { client, broker } = setup
    await createTopics(client)
    await using _ = await startStreams({
      topology: spendApp,
      brokers: broker.brokers,
      stateDir: 'memory',
      processingGuarantee: 'at_least_once',
      commitIntervalMs: 3_600_000,
      // A cache is written down by the commit.
      limits: { cacheMaxBytes: 0 },
    })
    await placeOrders(client, 0, 100)
    // Through a repartition topic: they leave twice.
    await waitUntil(async () => sameTotals(await spendNow(client), 100))
    const offsets = await client.admin.committedOffsets('spend')
    assert.deepEqual(
      offsets.filter(({ offset }) => offset > 0),
      [],
    )
  })

  for (const processingGuarantee of ['exactly_once', 'at_least_once'] as const) {
    test(`${where}: ${processingGuarantee}: what is not committed is bounded, so that a commit comes before it is due`, {
      skip: suite.skip,
    }, async () => {
      await using setup = await setUp()
      const { client, broker, directory } = setup
      await createTopics(client)
      await using _ = await startStreams({
        topology: spendApp,
        brokers: broker.brokers,
        stateDir: join(directory, 'state'),
        processingGuarantee,
        commitIntervalMs: 40_000,
        limits: { uncommittedMaxBytes: 2_000, transactionTimeoutMs: 60_000 },
      })
      const committed = async (): Promise<number> =>
        (await client.admin.committedOffsets('spend'))
          .filter(({ topic }) => topic === order.name)
          .reduce((sum, { offset }) => sum + offset, 0)
      await placeOrders(client, 0, 2)
      await new Promise((resolve) => setTimeout(resolve, 500))
      assert.equal(await committed(), 0)
      await placeOrders(client, 2, 1_000)
      await waitUntil(async () => (await committed()) > 500)
    })
  }

  test(`${where}: an application waits for its topics, and says which are missing when it gives up`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { broker, client, directory } = setup
    const common = { topology: spendApp, brokers: broker.brokers }
    const limits = { sourceTopicsTimeoutMs: 300 }
    await using impatient = await startStreams({ ...common, stateDir: join(directory, 'one'), limits })
    await assert.rejects(impatient.finished, (error: Error & { code: string }) => {
      assert.equal(error.code, 'STREAMS_SOURCE_TOPIC_MISSING')
      assert.match(error.message, /order/)
      return true
    })
    assert.equal(impatient.state(), 'error')
    await using patient = await startStreams({ ...common, stateDir: join(directory, 'two') })
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(patient.state(), 'created')
    await createTopics(client)
    await waitUntil(() => patient.state() === 'running')
  })

  test(`${where}: a record that fails stops the instance, and nothing of its transaction becomes visible`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, broker, directory } = setup
    await createTopics(client)
    await placeOrders(client, 0, 10)
    await using streams = await startStreams({
      topology: () => poisoned((i) => i === 7),
      brokers: broker.brokers,
      stateDir: join(directory, 'state'),
    })
    await assert.rejects(streams.finished, { code: 'STREAMS_PROCESS_FAILED' })
    assert.equal(streams.state(), 'error')
    assert.equal((await spendNow(client)).size, 0)
  })

  test(`${where}: a record that goes to the dead letters is one transaction with what it would have been part of`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, broker, directory } = setup
    await createTopics(client)
    await placeOrders(client, 0, 30)
    await using _ = await startStreams({
      topology: () => poisoned((i) => i % 10 === 7),
      brokers: broker.brokers,
      stateDir: join(directory, 'state'),
      handlers: { process: failureHandlers.deadLetter },
    })
    await waitUntil(async () => (await spendNow(client)).size === 27)
    await using consumer = client.consumer()
    consumer.assign([0, 1, 2].map((partition) => ({ topic: 'order.dlq', partition })))
    const letters: string[] = []
    await waitUntil(async () => {
      for (const { batches } of await consumer.poll({ timeoutMs: 100 })) {
        for (const batch of batches) {
          for (const cursor = batch.cursor(); cursor.next(); ) {
            const letter = readDeadLetter(cursor.headers())
            assert.equal(letter?.topic, 'order')
            assert.equal(letter.stage, 'process')
            assert.match(letter.message, /poison/)
            letters.push(cursor.keyBytes()!.toString())
          }
        }
      }
      return letters.length >= 3
    })
    assert.deepEqual(letters.sort(), ['o17', 'o27', 'o7'])
  })

  test(`${where}: bytes that are no order go to the application's dead-letter topic under Kafka Streams' headers, and its partition moves on`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, broker, directory } = setup
    await createTopics(client)
    {
      await using producer = client.producer()
      await producer.send({
        topic: order.name,
        partition: 1,
        key: Buffer.from('bad'),
        value: Buffer.from('{'),
        timestamp: 1,
      })
    }
    await placeOrders(client, 0, 30)
    await using _ = await startStreams({
      topology: spendApp,
      brokers: broker.brokers,
      stateDir: join(directory, 'state'),
      config: {
        'errors.dead.letter.queue.topic.name': 'spend.errors',
        'deserialization.exception.handler': 'org.apache.kafka.streams.errors.LogAndContinueExceptionHandler',
      },
    })
    await waitUntil(async () => (await spendNow(client)).size === customers)
    await using consumer = client.consumer()
    consumer.assign([0, 1, 2].map((partition) => ({ topic: 'spend.errors', partition })))
    let letter: { key: string; value: string; headers: Map<string, string> } | undefined
    await waitUntil(async () => {
      for (const { batches } of await consumer.poll({ timeoutMs: 100 })) {
        for (const batch of batches) {
          for (const cursor = batch.cursor(); cursor.next(); ) {
            const headers = new Map(cursor.headers().map(({ key, value }) => [key, String(value)]))
            letter = { key: String(cursor.keyBytes()), value: String(cursor.valueBytes()), headers }
          }
        }
      }
      return letter !== undefined
    })
    assert.deepEqual([letter!.key, letter!.value], ['bad', '{'])
    const { headers } = letter!
    assert.equal(headers.get('__streams.errors.topic'), 'order')
    assert.equal(headers.get('__streams.errors.partition'), '1')
    assert.equal(headers.get('__streams.errors.offset'), '0')
    assert.match(headers.get('__streams.errors.message')!, /JSON/)
    assert.ok(headers.get('__streams.errors.exception'))
    assert.ok(headers.has('__streams.errors.stacktrace'))
    assert.equal(headers.get('__millrace.errors.stage'), 'deserialize')
    assert.ok(headers.get('__millrace.errors.application'))
    const topics = await client.admin.listTopics()
    assert.ok(!topics.some(({ name }) => name.endsWith('.dlq')))
  })

  test(`${where}: the states of an instance are published`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    const { client, broker, directory } = setup
    await createTopics(client)
    const states: string[] = []
    const listen = (message: unknown): void => {
      states.push((message as { state: string }).state)
    }
    subscribe('millrace:streams:state', listen)
    try {
      await using streams = await startStreams({
        topology: spendApp,
        brokers: broker.brokers,
        stateDir: join(directory, 'state'),
      })
      await waitUntil(() => streams.state() === 'running')
    } finally {
      unsubscribe('millrace:streams:state', listen)
    }
    assert.deepEqual(states, ['rebalancing', 'running', 'pending_shutdown', 'not_running'])
  })
}
