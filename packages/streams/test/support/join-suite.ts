import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { partitionForKey } from '@millrace/protocol'
import { type StartStreamsOptions, type StreamsInstance, startStreams } from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { customer, mergedApp, named, sale } from './customers-app.ts'
import { metric } from './group-setup.ts'
import { committedRecords, waitUntil } from './kafka.ts'

const partitions = 3
const sales = 300
const module = new URL('./customers-app.ts', import.meta.url)
const patience = { maxMs: 3_600_000 }

interface Written {
  readonly key?: string
  readonly value: unknown
  readonly timestamp: number
  readonly partition?: number
}

class Setup implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaClient
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-joins-'))

  constructor(broker: RunningBroker) {
    this.broker = broker
    this.client = kafkaClient({ brokers: broker.brokers })
  }

  async createTopics(count = partitions): Promise<void> {
    const config = { 'retention.ms': '-1' }
    await this.client.admin.createTopics(
      [sale, customer, named].map(({ name }) => ({ name, partitions: count, config })),
    )
  }

  start(options: Partial<StartStreamsOptions>): Promise<StreamsInstance> {
    return startStreams({
      topology: module,
      brokers: this.broker.brokers,
      stateDir: join(this.directory, 'state'),
      ...options,
    })
  }

  async write(topic: string, records: readonly Written[]): Promise<void> {
    await using producer = this.client.producer({ lingerMs: 5 })
    const sent = records.map(({ key, value, ...rest }) =>
      producer.send({
        topic,
        key: key === undefined ? null : Buffer.from(key),
        value: Buffer.from(JSON.stringify(value)),
        ...rest,
      }),
    )
    await Promise.all(sent)
  }

  /** Sale `i` is of customer `i` and at time 1000 + i. */
  writeSales(): Promise<void> {
    return this.write(
      sale.name,
      Array.from({ length: sales }, (_, i) => ({ key: `c${i}`, value: i, timestamp: 1_000 + i })),
    )
  }

  /** All customers, from before the sales; behind them, in each partition, one that says that the table is later than all sales. */
  async writeCustomers(): Promise<void> {
    await this.write(
      customer.name,
      Array.from({ length: sales }, (_, i) => ({ key: `c${i}`, value: `name ${i}`, timestamp: i })),
    )
    const behind = Array.from({ length: partitions }, (_, partition) => ({
      key: `behind-${partition}`,
      value: 'nobody',
      timestamp: 5_000,
      partition,
    }))
    await this.write(customer.name, behind)
  }

  async named(count = partitions): Promise<string[]> {
    return (await committedRecords(this.client, named.name, count)).map(({ value }) => value as string)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.broker.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const everyNamed = Array.from({ length: sales }, (_, i) => `${i} of name ${i}`).sort()

/** Joins with a table that is still to be read, against any broker. */
export function registerJoinTests(where: string, suite: BrokerSuite): void {
  const setUp = async (): Promise<Setup> => new Setup(await suite.startBroker())

  test(`${where}: waiting for the table, a cold start finds every row, though the table is written last`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await setup.createTopics()
    await setup.writeSales()
    await using streams = await setup.start({ args: patience, threads: 2 })
    await waitUntil(() => metric(streams, 'records_processed_total') >= sales)
    assert.deepEqual(await setup.named(), [])
    await setup.writeCustomers()
    await waitUntil(async () => (await setup.named()).length >= sales)
    assert.deepEqual((await setup.named()).sort(), everyNamed)
    assert.deepEqual(streams.joinMisses(), [])
  })

  test(`${where}: what waits for the table survives restarts and lost disks, and is joined once`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await setup.createTopics()
    await setup.writeSales()
    for (const stateDir of ['one', 'two']) {
      await using streams = await setup.start({ args: patience, stateDir: join(setup.directory, stateDir) })
      const waiting = async (): Promise<number> =>
        (await setup.client.admin.committedOffsets('customers-app'))
          .filter(({ topic }) => topic === sale.name)
          .reduce((sum, { offset }) => sum + offset, 0)
      await waitUntil(async () => streams.state() === 'running' && (await waiting()) >= sales)
    }
    assert.deepEqual(await setup.named(), [])
    await setup.writeCustomers()
    // Neither of the disks that it has seen.
    await using _ = await setup.start({ args: patience, stateDir: join(setup.directory, 'three') })
    await waitUntil(async () => (await setup.named()).length >= sales)
    assert.deepEqual((await setup.named()).sort(), everyNamed)
  })

  test(`${where}: misses of a running instance say why, with both times, from its threads too`, {
    skip: suite.skip,
  }, async () => {
    for (const threads of [1, 2]) {
      await using setup = await setUp()
      await setup.createTopics()
      const partition = partitionForKey(Buffer.from('bob'), partitions)
      await setup.write(customer.name, [{ key: 'ann', value: 'Ann', timestamp: 2_000, partition }])
      await using streams = await setup.start({ threads })
      await waitUntil(() => metric(streams, 'records_processed_total') >= 1)
      const lost = [
        { key: 'bob', value: 1, timestamp: 2_500, partition },
        { key: 'bob', value: 2, timestamp: 1_500, partition },
        { value: 3, timestamp: 1_500, partition },
        { key: 'bob', value: 4, timestamp: 1_500, partition: (partition + 1) % partitions },
      ]
      await setup.write(sale.name, lost)
      await waitUntil(() => streams.joinMisses().length === lost.length)
      const misses = streams.joinMisses().map((miss) => [miss.node, miss.reason, miss.timestamp, miss.tableTimeMs])
      const expected = [
        ['with-customer', 'not-loaded', 2_500, 2_000],
        ['with-customer', 'no-row', 1_500, 2_000],
        ['with-customer', 'null-key', 1_500, 2_000],
        ['with-customer', 'not-co-partitioned', 1_500, undefined],
      ]
      const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort()
      assert.deepEqual(sorted(misses), sorted(expected), `${threads} threads`)
    }
  })

  test(`${where}: an input that has nothing is waited for, so that a late producer's records come in their order`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await setup.createTopics(1)
    const at = (from: number) => Array.from({ length: 50 }, (_, i) => from + 2 * i)
    await setup.write(
      sale.name,
      at(1_001).map((timestamp) => ({ key: 'a', value: timestamp, timestamp })),
    )
    await using streams = await setup.start({ topology: mergedApp, maxTaskIdleMs: 60_000 })
    await waitUntil(() => streams.state() === 'running')
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.deepEqual(await setup.named(1), [])
    await setup.write(
      customer.name,
      at(1_000).map((timestamp) => ({ key: 'a', value: 'x'.repeat(timestamp), timestamp })),
    )
    await waitUntil(async () => (await setup.named(1)).length >= 99)
    const times = (await setup.named(1)).map(Number)
    // The last of one topic waits until the other has more.
    assert.deepEqual(
      times,
      Array.from({ length: 99 }, (_, i) => 1_000 + i),
    )
  })
}
