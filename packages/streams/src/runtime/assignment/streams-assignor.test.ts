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
    racksOf: () => Promise.reject(new Error('not asked here')),
    onAssigned: () => undefined,
    onFailure: (error) => failures.push(error),
    selfId: () => 'a',
    ...options,
  })
}

type Says = Partial<Subscription> & { readonly owned?: readonly number[]; readonly generation?: number }

/** `owned`: partitions of `order`, and with them the tasks `0_0` and `0_1`. */
const member = (memberId: string, { owned = [], generation = 1, ...says }: Says = {}): AssignorMember => ({
  memberId,
  instanceId: null,
  topics: ['order'],
  ownedPartitions: owned.map((partition) => ({ topic: 'order', partition })),
  generationId: generation,
  rackId: null,
  userData: encodeUserData({
    ...{ version: 1, host: null, promised: [], process: memberId, standby: [] },
    offsets: {},
    tags: {},
    ...says,
  }),
})

const runsBoth = { owned: [0, 1], offsets: { '0_0': runsHere, '0_1': runsHere } }

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
  const far = await assigned([member('a', runsBoth), member('b', { offsets: { '0_1': 89 } })])
  assert.deepEqual(far.get('a')?.partitions, [0, 1])
  assert.deepEqual(far.get('b')?.told.warmup, ['0_1'])
  const near = await assigned([member('a', runsBoth), member('b', { offsets: { '0_1': 90 } })])
  assert.deepEqual(near.get('b')?.told.promised, ['0_1'])
  assert.deepEqual(near.get('b')?.told.warmup, [])
})

test('a task that moves is taken from its owner first, and its copy follows on until it is given to the new one', async () => {
  const moving = await assigned([member('a', runsBoth), member('b', { standby: ['0_1'], offsets: { '0_1': 100 } })])
  assert.deepEqual(moving.get('a')?.partitions, [0])
  assert.deepEqual(moving.get('b')?.partitions, [])
  assert.deepEqual(moving.get('b')?.told.standby, ['0_1'])
  assert.deepEqual([moving.get('a')?.told.followsUp, moving.get('b')?.told.followsUp], [true, true])
  // What its owner did last lies beyond the copy now: it is given nevertheless, or it would go to and fro.
  const b = member('b', { standby: ['0_1'], promised: ['0_1'], offsets: { '0_1': 50 } })
  const moved = await assigned([member('a', { owned: [0], offsets: { '0_0': runsHere, '0_1': 100 } }), b])
  assert.deepEqual(moved.get('a')?.partitions, [0])
  assert.deepEqual(moved.get('b')?.partitions, [1])
  assert.equal(moved.get('a')?.told.followsUp, false)
})

test('a copy in the process that runs the task is not made while the task goes from one of its threads to another', async () => {
  const moving = await assigned([member('a', { ...runsBoth, process: 'p' }), member('b', { process: 'p' })])
  assert.deepEqual(moving.get('b')?.told.promised, ['0_1'])
  assert.deepEqual(moving.get('b')?.told.standby, [])
})

test('members are told what they were taken for the owners of: by the later generation, and neither of two in one', async () => {
  const slept = await assigned([
    member('a', { ...runsBoth, generation: 3 }),
    member('b', { ...runsBoth, generation: 4 }),
  ])
  assert.deepEqual(slept.get('a')?.told.owned, [])
  assert.deepEqual(slept.get('b')?.told.owned, ['0_0', '0_1'])
  assert.deepEqual(slept.get('a')?.partitions, [])
  const contested = await assigned([member('a', runsBoth), member('b', { ...runsBoth, owned: [1] })])
  assert.deepEqual(contested.get('a')?.told.owned, ['0_0'])
  assert.deepEqual(contested.get('b')?.told.owned, [])
})

test('a member that nobody has heard of before owns nothing, and neither does one that was left out', () => {
  const told: HostMap[] = []
  const { onAssignment } = assignor({ onAssigned: (hosts) => told.push(hosts) })
  onAssignment!([], null, 7)
  assert.deepEqual(told[0]?.owned, [])
})

test('only the leader is to probe, and only while a warm-up is being made', async () => {
  const given = await assigned([member('a', runsBoth), member('b')])
  assert.equal(given.get('a')?.told.probes, true)
  assert.equal(given.get('b')?.told.probes, false)
  assert.equal((await assigned([member('a', runsBoth)])).get('a')?.told.probes, false)
})

test('where the ends of changelogs cannot be found out, tasks stay where they run', async () => {
  const away = new Error('the broker is away')
  const endsOf = (_: readonly TopicPartition[]) => Promise.reject(away)
  const b = member('b', { offsets: { '0_0': 100, '0_1': 100 } })
  const given = await assigned([member('a', runsBoth), b], { endsOf })
  assert.deepEqual(given.get('a')?.partitions, [0, 1])
  assert.equal(given.get('a')?.told.probes, true)
  assert.ok(failures.includes(away))
})

test('hosts are told as they will be when what moves has moved', async () => {
  const b = member('b', { host: 'b:1', standby: ['0_1'], offsets: { '0_1': 100 } })
  const given = await assigned([member('a', { ...runsBoth, host: 'a:1' }), b])
  assert.deepEqual(given.get('a')?.told.hosts, [
    ['a:1', ['0_0']],
    ['b:1', ['0_1']],
  ])
})

test('when one member wants the application to end, all are told', async () => {
  const given = await assigned([member('a'), member('b', { shutdown: true })])
  assert.equal(given.get('a')?.told.shutdown, true)
  assert.equal(given.get('b')?.told.shutdown, true)
})

test('a member of a newer protocol is refused', async () => {
  const newer = { ...member('a'), userData: Buffer.from('{"version":2}') }
  await assert.rejects(assigned([newer]), { code: 'STREAMS_ASSIGNMENT_VERSION' })
})

test('racks are asked for where they decide, and a cluster that does not tell them stops nobody', async () => {
  const config = {
    ...{ numStandbyReplicas: 0, acceptableRecoveryLag: 10, maxWarmupReplicas: 2, rackAwareAssignmentTags: [] },
    rackAwareAssignmentStrategy: 'min_traffic' as const,
  }
  const asked: (readonly string[])[] = []
  const racksOf: StreamsAssignorOptions['racksOf'] = (topics) => {
    asked.push(topics)
    const [y, x] = [['y'], ['x']]
    return Promise.resolve(new Map(topics.flatMap((name) => [[`${name}/0`, y] as const, [`${name}/1`, x] as const])))
  }
  const group = [member('a', { rack: 'x' }), member('b', { rack: 'y' })]
  const given = await assigned(group, { config, racksOf })
  assert.deepEqual([given.get('a')?.partitions, given.get('b')?.partitions], [[1], [0]])
  assert.deepEqual(asked, [['order', 'shop-totals-changelog']])
  await assigned([member('a', { rack: 'x' }), member('b')], { config, racksOf })
  await assigned(group, { racksOf })
  assert.equal(asked.length, 1)
  const untold = await assigned(group, { config, racksOf: () => Promise.reject(new Error('away')) })
  assert.deepEqual([untold.get('a')?.partitions, untold.get('b')?.partitions], [[0], [1]])
  assert.equal(String(failures.pop()), 'Error: away')
})
