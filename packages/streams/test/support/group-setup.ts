import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type StartStreamsOptions, type StreamsInstance, startStreams } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, expectedSpend, spendNow } from './orders.ts'

/** Settings of brokers under which groups change fast enough for a test. */
export const fastGroups = { 'group.min.session.timeout.ms': '500', 'group.initial.rebalance.delay.ms': '0' }

/** A broker with the orders' topics, and instances of the spend application on it, each with a disk of its own. */
export interface GroupSetup extends AsyncDisposable {
  readonly client: KafkaClient
  readonly directory: string
  start(name: string, options?: Partial<StartStreamsOptions>): Promise<StreamsInstance>
  /** Until everybody's total is that of so many orders. */
  settled(orders: number): Promise<void>
}

export async function setUpGroup(
  { startBroker }: BrokerSuite,
  topology: StartStreamsOptions['topology'],
): Promise<GroupSetup> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-group-'))
  const broker = await startBroker()
  const client = kafkaClient({ brokers: broker.brokers })
  await createTopics(client)
  return {
    client,
    directory,
    start: (name, options = {}) =>
      startStreams({
        topology,
        brokers: broker.brokers,
        stateDir: join(directory, name),
        ...options,
        limits: { heartbeatIntervalMs: 100, probingRebalanceIntervalMs: 500, ...options.limits },
      }),
    async settled(orders) {
      const expected = expectedSpend(orders)
      await waitUntil(async () => {
        const found = await spendNow(client)
        return [...expected].every(([customer, total]) => found.get(customer) === total)
      })
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await broker.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The sum of a figure over all labels. */
export function metric(streams: StreamsInstance, name: string): number {
  return [...streams.metrics()]
    .filter((one) => one.name === `millrace_streams_${name}`)
    .reduce((sum, { value }) => sum + value, 0)
}
