import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupAssignor, KafkaClient } from '@millrace/kafka'
import { queryable, rangeQuery, type StreamsInstance } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { metric, setUpGroup } from './group-setup.ts'
import { waitUntil } from './kafka.ts'
import { expectedSpend, partitions, placeOrders, spendUpdates } from './orders.ts'
import spendApp, { order, spend } from './spend-app.ts'

/** A member of the application's group that takes no tasks, and holds up whatever rebalance it does not poll in. */
const idler: GroupAssignor = {
  name: 'millrace-streams',
  supportedProtocols: ['cooperative'],
  userData: () => {
    const nothing = { promised: [], standby: [], offsets: {}, tags: {} }
    return Buffer.from(JSON.stringify({ version: 1, host: null, process: 'idler', ...nothing }))
  },
  assign: () => assert.fail('it does not lead'),
}

async function joinIdly(client: KafkaClient) {
  const consumer = client.consumer({ groupId: 'spend', assignors: [idler], heartbeatIntervalMs: 100 })
  let isAssigned = false
  consumer.subscribe({
    topics: [order.name],
    onAssigned: () => {
      isAssigned = true
    },
  })
  while (!isAssigned) await consumer.poll({ timeoutMs: 50 })
  return consumer
}

/** Its tasks by how often each has been opened and closed. */
const changes = (streams: StreamsInstance): readonly number[] => [
  metric(streams, 'thread_tasks_created_total'),
  metric(streams, 'thread_tasks_closed_total'),
]

/** What a rebalance does not do to tasks that stay, against any broker. */
export function registerRebalanceTests(name: string, suite: BrokerSuite): void {
  const { skip } = suite

  test(`${name}: records of tasks that stay are processed and committed while another member joins`, {
    skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    await using one = await start('one', {
      limits: { transactionTimeoutMs: 1_000 },
      taskAssignor: ({ tasks, members }) => ({
        members: new Map(
          members.map(({ memberId, process }) => [
            memberId,
            { active: process === 'first' ? tasks.map(({ task }) => task) : [], standby: [], warmup: [] },
          ]),
        ),
        needsProbing: false,
      }),
      instanceId: 'first',
    })
    await placeOrders(client, 0, 300)
    await settled(300)
    await using slow = await joinIdly(client)
    const before = changes(one)
    const rebalances = metric(one, 'rebalances_total')
    await using two = await start('two', { instanceId: 'second' })
    await waitUntil(async () => {
      const [group] = await client.admin.describeGroups(['spend'])
      return group?.state === 'PreparingRebalance'
    })
    // The group waits for the slow member all the while.
    for (let from = 300; from < 900; from += 200) {
      await placeOrders(client, from, 200)
      await settled(from + 200)
    }
    assert.equal(one.state(), 'running')
    assert.equal(metric(one, 'rebalances_total'), rebalances, 'the rebalance is not over')
    assert.notEqual(two.state(), 'running')
    await slow.close()
    await waitUntil(() => two.state() === 'running' && metric(one, 'rebalances_total') > rebalances)
    await placeOrders(client, 900, 100)
    await settled(1_000)
    assert.deepEqual(changes(one), before, 'no task was opened or closed')
    assert.equal(metric(one, 'failures_total'), 0)
    await assertEachOnce(client, 1_000)
  })

  test(`${name}: under load, a newcomer gets tasks whose copies are ready, and no others are touched`, {
    skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    const limits = { acceptableRecoveryLag: 200, maxWarmupReplicas: 6, probingRebalanceIntervalMs: 400 }
    await using one = await start('one', { limits })
    await placeOrders(client, 0, 2_000)
    await settled(2_000)
    const all = metric(one, 'tasks')
    const [created, closed] = changes(one) as [number, number]
    const starts: number[] = []
    const load = new AbortController()
    let placed = 2_000
    const placing = (async () => {
      for (; !load.signal.aborted; placed += 20) {
        await placeOrders(client, placed, 20)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    await using two = await start('two', {
      limits,
      restoreListener: { onRestoreStart: ({ startOffset, endOffset }) => starts.push(endOffset - startOffset) },
    })
    const [ones, twos] = [() => metric(one, 'tasks'), () => metric(two, 'tasks')]
    await waitUntil(() => twos() >= Math.floor(all / 2) && ones() + twos() === all && two.state() === 'running')
    load.abort()
    await placing
    await settled(placed)
    // A transaction's records at most beyond what the copy may miss.
    for (const missing of starts) assert.ok(missing <= 200 + 100, `a task began ${missing} records behind`)
    const [createdNow, closedNow] = changes(one) as [number, number]
    assert.equal(createdNow, created, 'what it has kept was not opened again, and what it gave up did not come back')
    assert.equal(closedNow - closed, twos())
    assert.equal(metric(one, 'failures_total') + metric(two, 'failures_total'), 0)
    await assertEachOnce(client, placed)
  })

  test(`${name}: a task that moves to an instance that came late is asked for in vain for less than a heartbeat`, {
    skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    // A rebalance that others have to hear of by a heartbeat takes longer.
    const limits = { heartbeatIntervalMs: 1_000 }
    const first = [await start('one', { limits }), await start('two', { limits })] as const
    await using _one = first[0]
    await using _two = first[1]
    await placeOrders(client, 0, 2_000)
    await settled(2_000)
    await waitUntil(() => first.every((one) => one.state() === 'running' && metric(one, 'tasks') > 0))
    await using three = await start('three', { limits })
    const instances = [...first, three]
    const gapsMs = await askedUntil(instances, () => three.state() === 'running' && metric(three, 'tasks') > 0)
    assert.ok(Math.max(...gapsMs) > 0, 'no task has moved')
    assert.ok(Math.max(...gapsMs) < 800, `nobody answered for ${gapsMs.join(', ')} ms`)
  })
}

/** Asks every partition of a store all the while; returns how long nobody answered for each at the longest. */
async function askedUntil(instances: readonly StreamsInstance[], isOver: () => boolean): Promise<number[]> {
  const totals = queryable.keyValue('totals', spend)
  const gapsMs = Array.from({ length: partitions }, () => 0)
  const answeredMs = gapsMs.map(() => performance.now())
  const ask = async (): Promise<void> => {
    for (const { queries } of instances) {
      const answers = await queries.query(totals, rangeQuery({ limit: 1 })).catch(() => undefined)
      for (const [partition, { ok }] of answers?.partitions ?? []) {
        const nowMs = performance.now()
        if (!ok) continue
        gapsMs[partition] = Math.max(gapsMs[partition]!, Math.round(nowMs - answeredMs[partition]!))
        answeredMs[partition] = nowMs
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const untilMs = performance.now() + 30_000
  while (!isOver() && performance.now() < untilMs) await ask()
  for (let i = 0; i < 20; i++) await ask()
  return gapsMs
}

async function assertEachOnce(client: KafkaClient, count: number): Promise<void> {
  const expected = expectedSpend(count)
  for (const [customer, updates] of await spendUpdates(client)) {
    const grows = updates.every((total, i) => i === 0 || total > updates[i - 1]!)
    assert.ok(grows, `${customer} was written twice or went back: ${updates.join(' ')}`)
    assert.equal(updates.at(-1), expected.get(customer))
  }
}
