import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StreamsInstance } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { metric, setUpGroup } from './group-setup.ts'
import { waitUntil } from './kafka.ts'
import { placeOrders } from './orders.ts'
import spendApp from './spend-app.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const allPartitions = (topic: string) => [0, 1, 2].map((partition) => ({ topic, partition }))

/** What those who run instances rely on, against any broker. */
export function registerOperationsTests(name: string, suite: BrokerSuite): void {
  test(`${name}: a paused application commits nothing, keeps its assignment, and goes on where it stood`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    await using streams = await start('one', { limits: { sessionTimeoutMs: 600 } })
    await placeOrders(client, 0, 300)
    await settled(300)
    streams.pause()
    assert.equal(streams.isPaused(), true)
    await pause(300)
    const [commits, rebalances, tasks] = ['commits_total', 'rebalances_total', 'tasks'].map((name) =>
      metric(streams, name),
    )
    const committed = await client.admin.committedOffsets('spend')
    await placeOrders(client, 300, 300)
    await pause(1_000)
    assert.deepEqual(await client.admin.committedOffsets('spend'), committed)
    assert.equal(metric(streams, 'commits_total'), commits)
    assert.equal(metric(streams, 'rebalances_total'), rebalances)
    assert.equal(metric(streams, 'tasks'), tasks)
    streams.resume()
    await settled(600)
  })

  test(`${name}: static members are restarted one by one, and nothing moves`, { skip: suite.skip }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    const names = ['one', 'two', 'three']
    const instances = new Map<string, StreamsInstance>()
    const launch = async (name: string): Promise<void> => {
      instances.set(name, await start(name, { groupInstanceId: name, applicationServer: `${name}:1` }))
    }
    for (const name of names) await launch(name)
    const all = (): StreamsInstance[] => [...instances.values()]
    await waitUntil(() => all().every((one) => one.state() === 'running'))
    await placeOrders(client, 0, 300)
    await settled(300)
    // Until warm-ups have come to rest.
    await waitUntil(() => all().every((one) => metric(one, 'standby_tasks') === 0 && one.state() === 'running'))
    const ownersOf = (one: StreamsInstance) =>
      one.queries.metadataForStore('totals').map(({ host, partitions }) => [host, partitions])
    const sorted = (one: StreamsInstance) => ownersOf(one).sort((a, b) => String(a[0]).localeCompare(String(b[0])))
    const before = sorted(all()[0]!)
    const rebalances = new Map(names.map((name) => [name, metric(instances.get(name)!, 'rebalances_total')]))
    for (const name of names) {
      await instances.get(name)!.close()
      await launch(name)
      await waitUntil(() => all().every((one) => one.state() === 'running'))
      assert.deepEqual(sorted(instances.get(name)!), before)
      for (const other of names) {
        if (other === name) continue
        assert.equal(
          metric(instances.get(other)!, 'rebalances_total'),
          rebalances.get(other),
          `${other} while ${name} restarted`,
        )
      }
      rebalances.set(name, metric(instances.get(name)!, 'rebalances_total'))
      assert.equal(metric(instances.get(name)!, 'restored_records_total'), 0)
    }
    await placeOrders(client, 300, 300)
    await settled(600)
    for (const one of all()) await one.close({ group: 'leave' })
  })

  test(`${name}: a closed instance leaves the group, or stays in it when told to`, { skip: suite.skip }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start } = setup
    const members = async (): Promise<number> => {
      const [group] = await client.admin.describeGroups(['spend'])
      return group!.members.length
    }
    const one = await start('one')
    await waitUntil(() => one.state() === 'running')
    await one.close()
    assert.equal(await members(), 0)
    const again = await start('one', { limits: { sessionTimeoutMs: 10_000 } })
    await waitUntil(() => again.state() === 'running')
    await again.close({ group: 'remain' })
    assert.equal(await members(), 1)
  })

  test(`${name}: state of tasks that have gone elsewhere is deleted after its delay, and not that of tasks that are here`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled, directory } = setup
    const limits = { stateCleanupDelayMs: 1_200, acceptableRecoveryLag: 10_000_000, maxWarmupReplicas: 10 }
    const probing = { probingRebalanceIntervalMs: 300 }
    await using one = await start('one', { limits: { ...limits, ...probing } })
    await placeOrders(client, 0, 300)
    await settled(300)
    const directories = (name: string): string[] =>
      ['1_0', '1_1', '1_2'].filter((task) => existsSync(join(directory, name, 'spend', task, 'store.mdb')))
    assert.equal(directories('one').length, 3)
    await using two = await start('two', { limits: { ...limits, ...probing } })
    await waitUntil(
      () => two.state() === 'running' && metric(two, 'standby_tasks') === 0 && directories('two').length > 0,
    )
    await waitUntil(() => directories('one').length + directories('two').length === 3, 15_000)
    await placeOrders(client, 300, 100)
    await settled(400)
    assert.equal(metric(one, 'tasks') + metric(two, 'tasks'), 6)
  })

  test(`${name}: consumed records of repartition topics are deleted`, { skip: suite.skip }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    await using streams = await start('one', { limits: { repartitionPurgeIntervalMs: 200 } })
    await placeOrders(client, 0, 500)
    await settled(500)
    await waitUntil(() => streams.state() === 'running')
    const topic = 'spend-by-customer-repartition'
    const offsets = async (at: 'earliest' | 'latest'): Promise<number> => {
      const listed = await client.admin.listOffsets(allPartitions(topic).map((one) => ({ ...one, at })))
      return listed.reduce((sum, { offset }) => sum + offset, 0)
    }
    await placeOrders(client, 500, 100)
    await settled(600)
    await pause(300)
    await placeOrders(client, 600, 10)
    await settled(610)
    await waitUntil(async () => (await offsets('earliest')) >= 500)
    assert.ok((await offsets('latest')) >= 610)
  })

  test(`${name}: a changelog that was deleted and created again ends the instance instead of its state`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled, directory } = setup
    {
      await using _ = await start('one')
      await placeOrders(client, 0, 300)
      await settled(300)
    }
    const topic = 'spend-totals-changelog'
    await client.admin.deleteTopics([topic])
    await client.admin.createTopics([{ name: topic, partitions: 3, config: { 'cleanup.policy': 'compact' } }])
    {
      await using streams = await start('one')
      await assert.rejects(streams.finished, { code: 'STREAMS_CHANGELOG_LOST' })
    }
    // As its remedy says.
    rmSync(join(directory, 'one'), { recursive: true })
    await using streams = await start('one')
    await waitUntil(() => streams.state() === 'running')
  })

  test(`${name}: a changelog that has lost records which the store does not know of ends the instance`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    {
      await using _ = await start('one')
      await placeOrders(client, 0, 300)
      await settled(300)
    }
    {
      await using _ = await start('two')
      await placeOrders(client, 300, 300)
      await settled(600)
    }
    const topic = 'spend-totals-changelog'
    const ends = await client.admin.listOffsets(allPartitions(topic).map((one) => ({ ...one, at: 'latest' as const })))
    await client.admin.alterConfigs([{ resource: { topic }, set: { 'cleanup.policy': 'delete' } }])
    await client.admin.deleteRecords(ends.map(({ partition, offset }) => ({ topic, partition, offset })))
    await client.admin.alterConfigs([{ resource: { topic }, set: { 'cleanup.policy': 'compact' } }])
    await using streams = await start('one')
    await assert.rejects(streams.finished, { code: 'STREAMS_CHANGELOG_LOST' })
  })
}
