import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { runnable, topology } from '../core/dsl/topology.ts'
import { decodeSubscription, encodeUserData, type HostMap, nothingAssigned, runsHere } from './assignment/user-data.ts'
import { resolveConfig } from './config.ts'
import { GroupRole, type GroupRoleOptions } from './group-role.ts'
import { MemoryStateStores } from './memory-state-stores.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<number>() })

/** A member that has task 0_0 open, as far in its changelog as `offset`. */
function member() {
  const app = topology('shop')
  app.stream(order).groupByKey().count({ store: 'counts' })
  const role = new GroupRole({
    plan: runnable(app).plan(),
    partitionsOf: () => 1,
    config: resolveConfig({}),
    clock: systemClock,
    stores: new MemoryStateStores(),
    processId: 'one',
    speaksForDisk: false,
    endsApplication: false,
    onJoining: () => undefined,
  } as Partial<GroupRoleOptions> as GroupRoleOptions)
  const active = {
    text: '0_0',
    isComplete: false,
    task: { changelogs: () => [{ store: 'counts', topic: 'c', partition: 0, checkpoint: 5 }] },
  }
  const consumer = { groupMetadata: () => ({ generationId: 3, memberId: 'a' }), requestRejoin: () => undefined }
  role.attach({ consumer, tasks: { all: [active], standbys: [] }, standbys: {} } as never)
  const assignor = role.assignor()
  let generation = 1
  const told = (hosts: Partial<HostMap>) =>
    assignor.onAssignment!([], encodeUserData({ ...nothingAssigned, ...hosts }), generation++)
  const says = async () => decodeSubscription(await assignor.userData!([])).offsets['0_0']
  return { active, told, says }
}

test('a task that was promised is at home here while it is restored for the first time, and not after', async () => {
  const { active, told, says } = member()
  told({ promised: ['0_0'] })
  told({ owned: ['0_0'] })
  assert.equal(await says(), runsHere)
  active.isComplete = true
  assert.equal(await says(), runsHere)
  // Its stores are lost.
  active.isComplete = false
  assert.notEqual(await says(), runsHere)
})

test('a task that was not promised is as far as its state is', async () => {
  const { told, says } = member()
  told({ owned: ['0_0'] })
  assert.notEqual(await says(), runsHere)
})
