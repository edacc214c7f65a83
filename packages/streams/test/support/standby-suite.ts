import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StartStreamsOptions, StreamsInstance } from '@millrace/streams'
import type { BrokerSuite } from './broker-suite.ts'
import { metric, setUpGroup } from './group-setup.ts'
import { waitUntil } from './kafka.ts'
import { expectedSpend, placeOrders } from './orders.ts'
import spendApp from './spend-app.ts'

/** Adds up what listeners are told, by event. */
function tally() {
  const started = new Map<string, number>()
  const totals = { restored: 0, ended: 0, loaded: 0, promoted: 0, starts: [] as { missing: number }[] }
  const listener: StartStreamsOptions['restoreListener'] = {
    onRestoreStart({ topic, partition, startOffset, endOffset }) {
      started.set(`${topic}/${partition}`, 0)
      totals.starts.push({ missing: endOffset - startOffset })
    },
    onBatchRestored({ topic, partition, records }) {
      const name = `${topic}/${partition}`
      started.set(name, started.get(name)! + records)
      totals.restored += records
    },
    onRestoreEnd({ topic, partition, totalRestored }) {
      assert.equal(totalRestored, started.get(`${topic}/${partition}`))
      totals.ended++
    },
    onBatchLoaded({ records }) {
      totals.loaded += records
    },
    onUpdateSuspended({ reason }) {
      if (reason === 'promoted') totals.promoted++
    },
  }
  return { listener, totals }
}

/** What standby copies and warm-ups promise, against any broker. */
export function registerStandbyTests(name: string, suite: BrokerSuite): void {
  test(`${name}: a standby follows the changelogs, and when it becomes active it replays only the tail`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    const limits = { acceptableRecoveryLag: 10_000 }
    await using one = await start('one', { numStandbyReplicas: 1, limits })
    await waitUntil(() => one.state() === 'running')
    const { listener, totals } = tally()
    await using two = await start('two', { numStandbyReplicas: 1, limits, restoreListener: listener })
    await waitUntil(() => one.state() === 'running' && two.state() === 'running')
    await placeOrders(client, 0, 3_000)
    await settled(3_000)
    // Each of the two runs some tasks and keeps copies of the other's.
    await waitUntil(() => metric(two, 'standby_tasks') > 0 && metric(two, 'standby_lag_records') === 0)
    assert.ok(totals.loaded > 0)
    const restoredBefore = totals.restored
    await one.close()
    await waitUntil(() => two.state() === 'running' && metric(two, 'standby_tasks') === 0 && totals.promoted > 0)
    assert.ok(totals.restored - restoredBefore <= 50, `${totals.restored - restoredBefore} records were replayed`)
    assert.equal(metric(two, 'restored_records_total'), totals.restored, 'what listeners were told adds up')
    assert.equal(metric(two, 'standby_records_total'), totals.loaded)
    for (const [customer, total] of expectedSpend(3_000)) {
      assert.equal(two.queries.get('totals', customer)?.value, total)
    }
    await placeOrders(client, 3_000, 200)
    await settled(3_200)
  })

  test(`${name}: an instance that is added gets no task with state before its copy is within the bound`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    const limits = { acceptableRecoveryLag: 20, maxWarmupReplicas: 1, probingRebalanceIntervalMs: 400 }
    await using one = await start('one', { limits })
    await placeOrders(client, 0, 3_000)
    await settled(3_000)
    const { listener, totals } = tally()
    await using two = await start('two', { limits, restoreListener: listener })
    const tasksOf = (streams: StreamsInstance): number => metric(streams, 'tasks')
    const all = tasksOf(one)
    await waitUntil(() => tasksOf(two) >= Math.floor(all / 2) && tasksOf(one) + tasksOf(two) === all)
    await waitUntil(() => one.state() === 'running' && two.state() === 'running' && metric(one, 'standby_tasks') === 0)
    assert.ok(totals.promoted > 0, 'it kept copies first')
    for (const { missing } of totals.starts) assert.ok(missing <= 20, `a task began ${missing} records behind`)
    await placeOrders(client, 3_000, 300)
    await settled(3_300)
  })

  test(`${name}: a restarted instance gets its tasks back and says how far its state is`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { client, start, settled } = setup
    const first = await start('one')
    await placeOrders(client, 0, 500)
    await settled(500)
    await first.close()
    const { listener, totals } = tally()
    await using two = await start('two', { restoreListener: listener })
    await waitUntil(() => two.state() === 'running')
    assert.ok(totals.restored > 0, 'the other one has nothing and restores everything')
    assert.equal(totals.ended, totals.starts.length)
  })

  test(`${name}: a task assignor of the user decides, and one that forgets a task is refused`, {
    skip: suite.skip,
  }, async () => {
    await using setup = await setUpGroup(suite, spendApp)
    const { start } = setup
    await using one = await start('one', {
      taskAssignor: ({ tasks, members }) => ({
        members: new Map(
          members.map(({ memberId, process }) => [
            memberId,
            { active: process.startsWith('chosen') ? tasks.map(({ task }) => task) : [], standby: [], warmup: [] },
          ]),
        ),
        needsProbing: false,
      }),
      instanceId: 'chosen',
    })
    await waitUntil(() => one.state() === 'running')
    assert.ok(metric(one, 'tasks') > 0)
    await one.close()
    await using forgetful = await start('two', {
      taskAssignor: ({ members }) => ({
        members: new Map(members.map(({ memberId }) => [memberId, { active: [], standby: [], warmup: [] }])),
        needsProbing: false,
      }),
    })
    await assert.rejects(forgetful.finished, { code: 'STREAMS_ASSIGNMENT_INVALID' })
  })
}
