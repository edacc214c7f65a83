import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyQuery, queryable, rangeQuery, type StreamsInstance } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { setUpGroup } from './group-setup.ts'
import { waitUntil } from './kafka.ts'
import { expectedSpend, placeOrders, spendNow } from './orders.ts'
import poisonedApp from './poisoned-app.ts'
import spendApp, { spend } from './spend-app.ts'

const totals = queryable.keyValue('totals', spend)

async function assertTotals(streams: StreamsInstance, orders: number): Promise<void> {
  for (const [customer, total] of expectedSpend(orders)) {
    const { partitions } = await streams.queries.query(totals, keyQuery(customer))
    const [answer] = [...partitions.values()]
    assert.ok(answer?.ok, String(answer?.ok === false ? answer.error : 'no answer'))
    assert.equal(answer.result, total)
  }
}

function tasksByThread(streams: StreamsInstance): Map<string, number> {
  const tasks = [...streams.metrics()].filter(({ name }) => name === 'millrace_streams_tasks')
  return new Map(tasks.map(({ labels, value }) => [labels.thread!, value]))
}

/** Instances with several threads, and what becomes of failed ones, against any broker. */
export function registerThreadTests(where: string, suite: BrokerSuite): void {
  const setUp = () => setUpGroup(suite, new URL('./spend-app.ts', import.meta.url))
  test(`${where}: two threads share the tasks, answer queries, and go on where they stood after a restart`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, start, settled } = setup
    await placeOrders(client, 0, 1_000)
    {
      await using streams = await start('one', { threads: 2 })
      await settled(1_000)
      await waitUntil(() => streams.state() === 'running')
      // Until then state moves between the two.
      await waitUntil(() => [...tasksByThread(streams).values()].join() === '3,3')
      await assertTotals(streams, 1_000)
      const all = await streams.queries.query(totals, rangeQuery({}))
      assert.equal([...all.partitions.values()].flatMap((each) => (each.ok ? each.result : [])).length, 20)
      const lags = (await streams.queries.lags()).filter(({ store }) => store === 'totals')
      assert.deepEqual(lags.map(({ partition, role, offsetLag }) => [partition, role, offsetLag]).sort(), [
        [0, 'active', 0],
        [1, 'active', 0],
        [2, 'active', 0],
      ])
      const { isLocal } = streams.queries.metadataForKey('totals', 'c1')
      assert.equal(isLocal, true)
      assert.equal(streams.queries.get('totals', 'c1')?.value, expectedSpend(1_000).get('c1'))
      const windows = streams.queries.windowFetch('per-minute', 'c1', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })
      assert.equal(
        windows.reduce((sum, { value }) => sum + (value as number), 0),
        expectedSpend(1_000).get('c1'),
      )
    }
    await placeOrders(client, 1_000, 200)
    await using streams = await start('one', { threads: 2 })
    await settled(1_200)
    await waitUntil(() => streams.state() === 'running' && [...tasksByThread(streams).values()].join() === '3,3')
    await assertTotals(streams, 1_200)
  })

  test(`${where}: threads are added and removed while records are processed; tasks move with their state`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, start, settled } = setup
    let restored = 0
    const restoreListener = { onBatchRestored: ({ records }: { records: number }) => (restored += records) }
    await using streams = await start('one', { threads: 2, restoreListener: restoreListener as never })
    await placeOrders(client, 0, 1_000)
    await settled(1_000)
    assert.equal(streams.addThread(), 3)
    await waitUntil(() => [...tasksByThread(streams).values()].join() === '2,2,2')
    await placeOrders(client, 1_000, 300)
    await settled(1_300)
    assert.equal(await streams.removeThread(), 3)
    await placeOrders(client, 1_300, 300)
    await settled(1_600)
    await waitUntil(() => [...tasksByThread(streams).values()].join() === '3,3')
    await assertTotals(streams, 1_600)
    assert.ok(restored < 100, `${restored} records were restored although the disk is shared`)
  })

  test(`${where}: a topology that is a closure cannot be run by several threads, and the error says so`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    await assert.rejects(setup.start('one', { threads: 2, topology: spendApp }), {
      code: 'STREAMS_THREADS_NEED_MODULE',
    })
    await using one = await setup.start('one', { topology: spendApp })
    await waitUntil(() => one.state() === 'running')
    assert.throws(() => one.addThread(), { code: 'STREAMS_THREADS_NEED_MODULE' })
  })

  test(`${where}: a failed thread is replaced where the handler says so, and the failure is told`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, start, directory } = setup
    const told: unknown[] = []
    await using streams = await start('one', {
      topology: new URL('./poisoned-app.ts', import.meta.url),
      args: { file: join(directory, 'failed-once') },
      threads: 2,
      uncaughtHandler(error) {
        told.push((error as { code?: string }).code)
        return 'replaceThread'
      },
    })
    await placeOrders(client, 0, 100)
    await waitUntil(async () => (await spendNow(client)).size === 100)
    assert.deepEqual(told, ['STREAMS_PROCESS_FAILED'])
    await waitUntil(() => streams.state() === 'running')
  })

  test(`${where}: the only thread is replaced too`, { skip: suite.skip }, async () => {
    await using setup = await setUp()
    const { client, start, directory } = setup
    const told: unknown[] = []
    await using streams = await start('one', {
      topology: () => poisonedApp({ file: join(directory, 'failed-once') }),
      uncaughtHandler(error) {
        told.push((error as { code?: string }).code)
        return 'replaceThread'
      },
    })
    await placeOrders(client, 0, 100)
    await waitUntil(async () => (await spendNow(client)).size === 100)
    assert.deepEqual(told, ['STREAMS_PROCESS_FAILED'])
    await waitUntil(() => streams.state() === 'running')
  })

  test(`${where}: an instance whose thread failed stops alone, or takes the whole application with it`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, start } = setup
    const poisoned = {
      topology: new URL('./poisoned-app.ts', import.meta.url),
      args: { file: null },
      uncaughtHandler: () => 'shutdownApplication' as const,
    }
    await using one = await start('one', poisoned)
    await using two = await start('two', { ...poisoned, threads: 2 })
    await waitUntil(() => one.state() === 'running' && two.state() === 'running')
    await placeOrders(client, 7, 1)
    const ends = await Promise.allSettled([one.finished, two.finished])
    const codes = ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'none')).sort()
    assert.deepEqual(codes, ['STREAMS_PROCESS_FAILED', 'STREAMS_SHUTDOWN_REQUESTED'])
    assert.equal(one.state(), 'error')
    assert.equal(two.state(), 'error')
  })

  test(`${where}: what a thread left open when the instance died is ended by a run that has fewer threads`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUp()
    const { client, start, settled } = setup
    {
      await using streams = await start('one', { threads: 2, instanceId: 'one' })
      await placeOrders(client, 0, 100)
      await settled(100)
      await waitUntil(() => streams.state() === 'running')
    }
    // As the second thread would have left it: output of a task that another thread takes over.
    const dead = client.producer({ transactionalId: 'spend-one-2', transactionTimeoutMs: 300_000 })
    await dead.init()
    dead.begin()
    await dead.send({ topic: 'spend-totals-changelog', partition: 0, key: Buffer.from('c0'), value: Buffer.from('-1') })
    await dead.flush()
    await using streams = await start('one', { instanceId: 'one', threads: 1 })
    await placeOrders(client, 100, 100)
    // Far less than the time-out of what was left.
    await settled(200)
    await waitUntil(() => streams.state() === 'running')
    await assert.rejects(dead.commit())
    await dead.close().catch(() => undefined)
  })
}
