import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type StartStreamsOptions, type StreamsInstance, startStreams } from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, expectedSpend, partitions, placeOrders, spendNow } from './orders.ts'
import spendApp, { order } from './spend-app.ts'

const everyPartition = Array.from({ length: partitions }, (_, partition) => partition)

class Setup implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaClient
  readonly survived: string[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-changed-'))
  readonly #listen = (message: unknown): void => {
    const { error } = message as { error: unknown }
    this.survived.push(isMillraceError(error) ? error.code : String(error))
  }

  constructor(broker: RunningBroker) {
    this.broker = broker
    this.client = kafkaClient({ brokers: broker.brokers })
    subscribe('millrace:streams:failure', this.#listen)
  }

  start(options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> {
    return startStreams({
      topology: spendApp,
      brokers: this.broker.brokers,
      stateDir: join(this.#directory, 'state'),
      ...options,
      limits: { topicCheckIntervalMs: 200, ...options.limits },
    })
  }

  /** Runs the application until it has added up so many orders. */
  async runUntil(orders: number): Promise<void> {
    await using _ = await this.start()
    await this.settled(orders)
  }

  async settled(orders: number): Promise<void> {
    const expected = expectedSpend(orders)
    await waitUntil(async () => {
      const found = await spendNow(this.client)
      return [...expected].every(([customer, total]) => found.get(customer) === total)
    })
  }

  async recreate(topic: string): Promise<void> {
    const { admin } = this.client
    const [before] = await admin.describeTopics([topic])
    const settings = (await admin.describeConfigs({ topic })).filter(({ isDefault }) => !isDefault)
    const config = Object.fromEntries(settings.map(({ name: setting, value }) => [setting, value!]))
    await admin.deleteTopics([topic])
    await waitUntil(async () => !(await admin.listTopics()).some(({ name }) => name === topic))
    await admin.createTopics([{ name: topic, partitions: before!.partitions.length, config }])
  }

  /** Deletes all records of a topic, as retention would. */
  async empty(topic: string): Promise<void> {
    const { admin } = this.client
    const [found] = await admin.describeTopics([topic])
    const [policy] = await admin.describeConfigs({ topic }, ['cleanup.policy'])
    // Of compacted topics alone nothing is deleted.
    await admin.alterConfigs([{ resource: { topic }, set: { 'cleanup.policy': 'delete' } }])
    const all = found!.partitions.map((_, partition) => ({ topic, partition, offset: -1 }))
    // It takes a moment until a setting counts.
    await waitUntil(() =>
      admin.deleteRecords(all).then(
        () => true,
        (error: unknown) => {
          if (isMillraceError(error) && error.code === 'KAFKA_POLICY_VIOLATION') return false
          throw error
        },
      ),
    )
    await admin.alterConfigs([{ resource: { topic }, set: { 'cleanup.policy': policy!.value! } }])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unsubscribe('millrace:streams:failure', this.#listen)
    await this.client.close()
    await this.broker.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** What becomes of an application whose topics are not what they were, against any broker. */
export function registerChangedTopicTests(name: string, { skip, startBroker }: BrokerSuite): void {
  const setUp = async (): Promise<Setup> => {
    const setup = new Setup(await startBroker())
    await createTopics(setup.client)
    return setup
  }

  test(`${name}: an input that was created anew while the application was away is not added to the state of the old one`, {
    skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    // Keeps state of the topic itself, without a repartition topic between.
    await setup.runUntil(300)
    await setup.recreate('spend-by-customer-repartition')
    await using streams = await setup.start()
    await assert.rejects(streams.finished, { code: 'STREAMS_TOPIC_RECREATED' })
  })

  test(`${name}: an input that is created anew while the application is at work ends it`, { skip }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    await using streams = await setup.start()
    await setup.settled(300)
    // What the watch has seen once.
    await new Promise((resolve) => setTimeout(resolve, 500))
    await setup.recreate(order.name)
    await assert.rejects(streams.finished, (error: Error & { code: string }) => {
      assert.ok(['STREAMS_TOPIC_RECREATED', 'STREAMS_INPUT_LOST'].includes(error.code), error.code)
      return true
    })
  })

  test(`${name}: an input that is deleted is waited for, and named`, { skip }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    await using streams = await setup.start({ limits: { sourceTopicsTimeoutMs: 1_000, topicCheckIntervalMs: 200 } })
    await setup.settled(300)
    await setup.client.admin.deleteTopics([order.name])
    await assert.rejects(streams.finished, { code: 'STREAMS_SOURCE_TOPIC_MISSING' })
    assert.ok(setup.survived.includes('STREAMS_SOURCE_TOPIC_MISSING'))
  })

  test(`${name}: partitions that are added are not left unread`, { skip }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    {
      await using streams = await setup.start()
      await setup.settled(300)
      await setup.client.admin.createPartitions([{ topic: order.name, count: partitions + 1 }])
      await assert.rejects(streams.finished, { code: 'STREAMS_PARTITIONS_CHANGED' })
    }
    await using again = await setup.start()
    await assert.rejects(again.finished, { code: 'STREAMS_INTERNAL_TOPIC_MISMATCH' })
  })

  test(`${name}: records that were deleted before they were read are missed`, { skip }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    await setup.runUntil(300)
    await placeOrders(setup.client, 300, 100)
    await setup.empty(order.name)
    {
      await using streams = await setup.start()
      await assert.rejects(streams.finished, (error: Error & { code: string; fields: object }) => {
        assert.equal(error.code, 'STREAMS_INPUT_LOST')
        assert.match(error.message, /^order-\d has records \d+ to \d+, but is to be read from \d+ on$/)
        return true
      })
    }
    setup.survived.length = 0
    await using streams = await setup.start({ lostInput: 'continue' })
    await waitUntil(() => streams.state() === 'running')
    assert.ok(setup.survived.filter((code) => code === 'STREAMS_INPUT_LOST').length >= everyPartition.length)
    const before = await spendNow(setup.client)
    await placeOrders(setup.client, 400, 20)
    await waitUntil(async () => [...(await spendNow(setup.client))].every(([key, total]) => total > before.get(key)!))
  })

  test(`${name}: a changelog that lost what a store has not seen ends the application instead of emptying the store`, {
    skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    await setup.runUntil(300)
    await placeOrders(setup.client, 300, 300)
    // Another instance goes on, so that the first one's stores are behind.
    {
      await using _ = await setup.start({ stateDir: 'memory' })
      await setup.settled(600)
    }
    await setup.empty('spend-totals-changelog')
    await using streams = await setup.start()
    await assert.rejects(streams.finished, { code: 'STREAMS_CHANGELOG_LOST' })
  })

  test(`${name}: a changelog that was created anew ends the application instead of emptying the store`, {
    skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    await setup.runUntil(300)
    await setup.recreate('spend-totals-changelog')
    await using streams = await setup.start()
    await assert.rejects(streams.finished, { code: 'STREAMS_CHANGELOG_LOST' })
  })
}
