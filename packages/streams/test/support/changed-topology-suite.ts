import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  queryable,
  type StartStreamsOptions,
  type StreamsInstance,
  sessionWindow,
  startStreams,
  type Topology,
  timestampedRangeQuery,
  topology,
  tumbling,
} from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, expectedSpend, placeOrders, spendNow } from './orders.ts'
import { order, spend } from './spend-app.ts'

type Build = (app: Topology) => void

class Setup implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaClient
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-changed-'))

  constructor(broker: RunningBroker) {
    this.broker = broker
    this.client = kafkaClient({ brokers: broker.brokers })
  }

  start(build: Build, options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> {
    return startStreams({
      topology: () => {
        const app = topology('changing')
        build(app)
        return app
      },
      brokers: this.broker.brokers,
      stateDir: join(this.directory, 'state'),
      ...options,
    })
  }

  async settled(orders: number): Promise<void> {
    const expected = expectedSpend(orders)
    await waitUntil(async () => {
      const found = await spendNow(this.client)
      return [...expected].every(([customer, total]) => found.get(customer) === total)
    })
    assert.deepEqual(await spendNow(this.client), expected)
  }

  /** Runs the program until it stands in its group. */
  async ran(build: Build): Promise<void> {
    await using streams = await this.start(build)
    await waitUntil(() => streams.state() === 'running')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.broker.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function setUpOn(suite: BrokerSuite): Promise<Setup> {
  const setup = new Setup(await suite.startBroker())
  await createTopics(setup.client)
  return setup
}

function windowsCounted(streams: StreamsInstance): boolean {
  if (streams.state() !== 'running') return false
  return streams.queries.windowFetchAll('kept', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }).length > 0
}

const add = (total: number, o: { cents: number }): number => total + o.cents

const totals: Build = (app) => {
  app
    .stream(order)
    .groupBy((o): string => o.customer, { name: 'by-customer' })
    .reduce(add, { initial: 0, store: 'totals' })
    .to(spend)
}

/** A program that is deployed with another topology, and applications that are in each other's way, against any broker. */
export function registerChangedTopologyTests(where: string, suite: BrokerSuite): void {
  const setUp = (): Promise<Setup> => setUpOn(suite)
  test(`${where}: a program whose sub-topologies are counted otherwise finds its state by name`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 300)
    {
      await using _ = await setup.start(totals)
      await setup.settled(300)
    }
    await placeOrders(setup.client, 300, 100)
    await using _ = await setup.start((app) => {
      app
        .stream(spend)
        .filter((cents) => cents < 0)
        .groupByKey()
        .count({ store: 'negative' })
      totals(app)
    })
    await setup.settled(400)
  })

  for (const [name, before, after] of [
    [
      'rows to windows',
      (app: Topology) => void app.stream(order).groupByKey().count({ store: 'kept' }),
      (app: Topology) =>
        void app
          .stream(order)
          .groupByKey()
          .window(tumbling({ sizeMs: 1_000 }))
          .count({ store: 'kept' }),
    ],
    [
      'rows to versions',
      (app: Topology) => void app.table(order, { store: 'kept' }),
      (app: Topology) => void app.table(order, { store: 'kept', historyRetentionMs: 1_000 }),
    ],
  ] as const) {
    test(`${where}: a store that is changed from ${name} is refused, on a disk of its own, too`, {
      skip: suite.skip,
    }, async () => {
      await using setup = await setUp()
      await setup.ran(before)
      for (const stateDir of ['state', 'another']) {
        await using streams = await setup.start(after, { stateDir: join(setup.directory, stateDir) })
        await assert.rejects(streams.finished, { code: 'STREAMS_STORE_CHANGED' })
      }
    })
  }

  test(`${where}: a store that is changed from windows to sessions is refused by the disk that knows it, or by what the changelog holds`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const windows: Build = (app) =>
      void app
        .stream(order)
        .groupByKey()
        .window(tumbling({ sizeMs: 1_000 }))
        .count({ store: 'kept' })
    const sessions: Build = (app) =>
      void app
        .stream(order)
        .groupByKey()
        .window(sessionWindow({ gapMs: 1_000 }))
        .count({ store: 'kept' })
    await placeOrders(setup.client, 0, 50)
    {
      await using streams = await setup.start(windows)
      await waitUntil(() => windowsCounted(streams))
    }
    {
      await using streams = await setup.start(sessions)
      await assert.rejects(streams.finished, {
        code: 'STREAMS_STORE_CHANGED',
        fields: { store: 'kept', found: 'window', expected: 'session' },
      })
    }
    await using streams = await setup.start(sessions, { stateDir: join(setup.directory, 'another') })
    await assert.rejects(streams.finished, { code: 'STREAMS_STORE_CHANGED', fields: { store: 'kept' } })
  })

  test(`${where}: a store goes on where its format changes to the one with headers, and not back`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 200)
    const headed: Partial<StartStreamsOptions> = { config: { 'dsl.store.format': 'headers' } }
    {
      await using _ = await setup.start(totals)
      await setup.settled(200)
    }
    await placeOrders(setup.client, 200, 100)
    {
      await using streams = await setup.start(totals, headed)
      await setup.settled(300)
      const totalsOf = queryable.keyValue('totals', spend)
      const { partitions } = await streams.queries.query(totalsOf, timestampedRangeQuery())
      const entries = [...partitions.values()].flatMap((answer) => (answer.ok ? answer.result : []))
      assert.deepEqual(new Map(entries.map(({ key, value }) => [key, value])), expectedSpend(300))
      for (const { headers } of entries) assert.deepEqual(headers, [])
    }
    await using streams = await setup.start(totals)
    await assert.rejects(streams.finished, {
      code: 'STREAMS_STORE_CHANGED',
      fields: { store: 'totals', found: 'keyValue with headers', expected: 'keyValue' },
    })
  })

  test(`${where}: state that is named by the position of its step is not left behind when the step moves`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 100)
    const counted: Build = (app) => void app.stream(order).groupByKey().count().toStream()
    await setup.ran(counted)
    const moved: Build = (app) => {
      app
        .stream(order)
        .filter((o) => o.cents >= 0)
        .groupByKey()
        .count()
    }
    {
      await using streams = await setup.start(moved)
      await assert.rejects(streams.finished, (error: Error & { code: string }) => {
        assert.equal(error.code, 'STREAMS_NAMES_MOVED')
        assert.match(error.message, /changing-KSTREAM-AGGREGATE-STATE-STORE-0000000001-changelog would be left behind/)
        return true
      })
    }
    // Named as it was, the store goes on.
    await setup.ran((app) => {
      app
        .stream(order)
        .filter((o) => o.cents >= 0)
        .groupByKey()
        .count({ store: 'KSTREAM-AGGREGATE-STATE-STORE-0000000001' })
    })
  })

  test(`${where}: an application with the id of another one at work is refused, and the other goes on`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await placeOrders(setup.client, 0, 100)
    await using first = await setup.start(totals)
    await setup.settled(100)
    const other: Build = (app) => void app.stream(spend).groupByKey().count({ store: 'updates' })
    await using second = await setup.start(other, { stateDir: join(setup.directory, 'other') })
    await assert.rejects(second.finished, { code: 'STREAMS_TOPOLOGY_DIFFERS' })
    await placeOrders(setup.client, 100, 100)
    await setup.settled(200)
    assert.equal(first.state(), 'running')
  })

  test(`${where}: a member of another kind in the group of an application is named`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    await using consumer = setup.client.consumer({ groupId: 'changing', sessionTimeoutMs: 6_000 })
    consumer.subscribe({ topics: [order.name] })
    await waitUntil(async () => {
      await consumer.poll({ timeoutMs: 50 })
      return consumer.assignment().length > 0
    })
    await using streams = await setup.start(totals)
    const polled = setInterval(() => void consumer.poll({ timeoutMs: 10 }).catch(() => undefined), 50)
    try {
      await assert.rejects(streams.finished, { code: 'KAFKA_INCONSISTENT_GROUP_PROTOCOL' })
    } finally {
      clearInterval(polled)
    }
  })

  test(`${where}: joined topics with unlike numbers of partitions are refused`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    await setup.client.admin.createPartitions([{ topic: spend.name, count: 5 }])
    await using streams = await setup.start((app) => {
      app
        .stream(order)
        .join(app.table(spend), (o, cents) => o.cents - cents)
        .groupByKey()
        .count({ store: 'joined' })
    })
    await assert.rejects(streams.finished, { code: 'STREAMS_NOT_COPARTITIONED', message: /order.*spend|spend.*order/ })
  })
}
