import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { startStreams } from '@millrace/streams'
import { registerFailureTests } from './support/failure-suite.ts'
import { fastGroups } from './support/group-setup.ts'
import { waitUntil } from './support/kafka.ts'
import { createTopics, placeOrders, sameTotals, spendNow } from './support/orders.ts'
import spendApp from './support/spend-app.ts'

registerFailureTests('on the embedded broker', { startBroker: () => startBroker({ memory: true, config: fastGroups }) })

test('a broker that goes away is waited for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-failures-'))
  const dataDir = join(directory, 'broker')
  const first = await startBroker({ dataDir })
  const { port } = first
  await using client = kafkaClient({ brokers: first.brokers })
  await createTopics(client)
  await using streams = await startStreams({
    topology: spendApp,
    brokers: first.brokers,
    stateDir: join(directory, 'state'),
  })
  await waitUntil(() => streams.state() === 'running')
  await placeOrders(client, 0, 500)
  await first.close()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.notEqual(streams.state(), 'error')
  const second = await startBroker({ dataDir, port })
  await placeOrders(client, 500, 500)
  await waitUntil(async () => sameTotals(await spendNow(client), 1_000), 60_000)
  await streams.close()
  await client.close()
  await second.close()
  rmSync(directory, { recursive: true })
})

test('closing does not wait for a broker that is away', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-failures-'))
  const broker = await startBroker({ memory: true })
  const client = kafkaClient({ brokers: broker.brokers })
  await createTopics(client)
  const streams = await startStreams({
    topology: spendApp,
    brokers: broker.brokers,
    stateDir: join(directory, 'state'),
    limits: { closeTimeoutMs: 1_000 },
  })
  await waitUntil(() => streams.state() === 'running')
  await client.close()
  await broker.close()
  const startedMs = performance.now()
  await streams.close()
  assert.ok(performance.now() - startedMs < 5_000)
  rmSync(directory, { recursive: true })
})
