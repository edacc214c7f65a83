import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import type { AssignorMember, TopicPartition } from '@millrace/kafka'
import { runnable, topology } from '../../core/dsl/topology.ts'
import { type StreamsAssignorOptions, streamsAssignor } from './streams-assignor.ts'
import { decodeHostMap, encodeUserData, type HostMap, runsHere, type Subscription } from './user-data.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<number>() })

function plan() {
  const app = topology('shop')
  app
    .stream(order)
    .groupByKey()
    .reduce((sum: number, n) => sum + n, { initial: 0, store: 'totals' })
  return runnable(app).plan()
}

const failures: unknown[] = []

function assignor(options: Partial<StreamsAssignorOptions> = {}) {
  return streamsAssignor({
    subtopologies: plan().subtopologies,
    partitionsOf: () => 2,
    config: { numStandbyReplicas: 0, acceptableRecoveryLag: 10, maxWarmupReplicas: 2, rackAwareAssignmentTags: [] },
    taskAssignor: undefined,
    describeSelf: () => Promise.reject(new Error('not asked here')),
    endsOf: (changelogs) => Promise.resolve(new Map(changelogs.map((at) => [`${at.topic}/${at.partition}`, 100]))),
    onAssigned: () => undefined,
    onFailure: (error) => failures.push(error),
    selfId: () => 'a',
    ...options,
  })
}

const member = (memberId: string, subscription: Omit<Subscription, 'version'>): AssignorMember => ({
  memberId,
  instanceId: null,
  topics: ['order'],
  ownedPartitions: [],
  generationId: 1,
  rackId: null,
  userData: encodeUserData({ version: 1, ...subscription }),
})

const nothing = { host: null, owned: [], generation: -1, stored: [], standby: [], offsets: {}, tags: {} }

interface Given {
  readonly partitions: readonly number[]
  readonly told: HostMap
}

async function assigned(
  members: readonly AssignorMember[],
  options: Partial<StreamsAssignorOptions> = {},
): Promise<ReadonlyMap<string, Given>> {
  const result = await assignor(options).assign({ members, partitionsPerTopic: new Map([['order', 2]]) })
  return new Map(
    [...result].map(([memberId, { partitions, userData }]) => [
      memberId,
      { partitions: partitions.flatMap((one) => [...one.partitions]).sort(), told: decodeHostMap(userData) },
    ]),
  )
}

test('the lag of a copy is what its changelogs have and it has not', async () => {
  const runs = member('a', {
    ...nothing,
    process: 'p',
    owned: ['0_0', '0_1'],
    generation: 1,
    offsets: { '0_0': runsHere, '0_1': runsHere },
  })
  const far = await assigned([runs, member('b', { ...nothing, process: 'q', offsets: { '0_1': 89 } })])
  assert.deepEqual(far.get('a')?.partitions, [0, 1])
  assert.deepEqual(far.get('b')?.told.warmup, ['0_1'])
  const near = await assigned([runs, member('b', { ...nothing, process: 'q', offsets: { '0_1': 90 } })])
  assert.deepEqual(near.get('b')?.partitions, [1])
  assert.deepEqual(near.get('b')?.told.warmup, [])
})

test('only the leader is to probe, and only while a warm-up is being made', async () => {
  const runs = member('a', {
    ...nothing,
    owned: ['0_0', '0_1'],
    generation: 1,
    offsets: { '0_0': runsHere, '0_1': runsHere },
  })
  const given = await assigned([runs, member('b', nothing)])
  assert.equal(given.get('a')?.told.probes, true)
  assert.equal(given.get('b')?.told.probes, false)
  assert.equal((await assigned([runs])).get('a')?.told.probes, false)
})

test('where the ends of changelogs cannot be found out, tasks stay where they run', async () => {
  const runs = member('a', {
    ...nothing,
    owned: ['0_0', '0_1'],
    generation: 1,
    offsets: { '0_0': runsHere, '0_1': runsHere },
  })
  const away = new Error('the broker is away')
  const endsOf = (_: readonly TopicPartition[]) => Promise.reject(away)
  const given = await assigned([runs, member('b', { ...nothing, offsets: { '0_0': 100, '0_1': 100 } })], { endsOf })
  assert.deepEqual(given.get('a')?.partitions, [0, 1])
  assert.equal(given.get('a')?.told.probes, true)
  assert.ok(failures.includes(away))
})

test('a member of a release that knows no standbys runs what it ran, and is a process of its own', async () => {
  const old = { host: 'old:1', owned: ['0_0', '0_1'], generation: 1, stored: [] }
  const given = await assigned([member('a', nothing), member('o', old)])
  assert.deepEqual(given.get('o')?.partitions, [0, 1])
  assert.deepEqual(given.get('a')?.told.warmup, ['0_1'])
  assert.deepEqual(given.get('a')?.told.hosts, [['old:1', ['0_1', '0_0']]])
})

test('when one member wants the application to end, all are told', async () => {
  const given = await assigned([member('a', nothing), member('b', { ...nothing, shutdown: true })])
  assert.equal(given.get('a')?.told.shutdown, true)
  assert.equal(given.get('b')?.told.shutdown, true)
})

test('a member of a newer protocol is refused', async () => {
  const newer = { ...member('a', nothing), userData: Buffer.from('{"version":2}') }
  await assert.rejects(assigned([newer]), { code: 'STREAMS_ASSIGNMENT_VERSION' })
})
