import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type StreamsInstance, startStreams } from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { createTopics, customers, expectedSpend, placeOrders, spendNow } from './orders.ts'
import spendApp from './spend-app.ts'

/** What an instance promises about its state, against any broker. */
export function registerInstanceTests(name: string, { skip, startBroker }: BrokerSuite): void {
  describe(name, { skip }, () => {
    let broker: RunningBroker
    let client: KafkaClient
    let directory: string
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'))
      broker = await startBroker()
      client = kafkaClient({ brokers: broker.brokers })
      await createTopics(client)
    })
    after(async () => {
      await client?.close()
      await broker?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    const start = (stateDir: string, options: { applicationServer?: string } = {}): Promise<StreamsInstance> =>
      startStreams({ topology: spendApp, brokers: broker.brokers, stateDir: join(directory, stateDir), ...options })

    async function assertSpend(count: number): Promise<void> {
      const expected = expectedSpend(count)
      await waitUntil(async () => {
        const found = await spendNow(client)
        return [...expected].every(([key, total]) => found.get(key) === total)
      })
      assert.deepEqual(await spendNow(client), expected)
    }

    test('an aggregate on disk is exact, answers queries, and goes on where it stood after a restart', async () => {
      await placeOrders(client, 0, 2_000)
      {
        await using streams = await start('one')
        await assertSpend(2_000)
        assert.equal(streams.state(), 'running')
        const expected = expectedSpend(2_000)
        for (const [key, total] of expected) assert.equal(streams.queries.get('totals', key)?.value, total)
        assert.equal(streams.queries.range('totals').length, customers)
        assert.equal(streams.queries.range('totals', { limit: 5 }).length, 5)
        const windows = streams.queries.windowFetch('per-minute', 'c7', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })
        assert.equal(
          windows.reduce((sum, { value }) => sum + (value as number), 0),
          expected.get('c7'),
        )
      }
      await placeOrders(client, 2_000, 500)
      await using again = await start('one')
      await assertSpend(2_500)
      const restored = [...again.metrics()].find(({ name }) => name === 'millrace_streams_restored_records_total')
      assert.equal(restored?.value, 0, 'the checkpoint was at the end of the changelog')
    })

    test('a lost disk is restored from the changelog, and every instance knows who owns a key', async () => {
      await using one = await start('two-a', { applicationServer: 'a:1' })
      await using two = await start('two-b', { applicationServer: 'b:1' })
      await waitUntil(() => one.state() === 'running' && two.state() === 'running' && ownersOf(one).size === 2)
      const expected = expectedSpend(2_500)
      for (const [key, total] of expected) {
        const { host, isLocal } = one.queries.metadataForKey('totals', key)
        assert.deepEqual(two.queries.metadataForKey('totals', key), {
          ...one.queries.metadataForKey('totals', key),
          isLocal: !isLocal,
        })
        const owner = isLocal ? one : two
        assert.equal(host, isLocal ? 'a:1' : 'b:1')
        assert.equal(owner.queries.get('totals', key)?.value, total)
        const other = isLocal ? two : one
        assert.throws(() => other.queries.get('totals', key), { code: 'STREAMS_STORE_NOT_LOCAL' })
      }
    })
  })
}

function ownersOf(streams: StreamsInstance): Set<string | undefined> {
  return new Set(streams.queries.metadataForStore('totals').map(({ host }) => host))
}
