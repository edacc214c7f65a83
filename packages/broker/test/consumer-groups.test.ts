import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import {
  apis,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { subscriptionBytes } from './support/model-consumers.ts'

const groupId = 'readers'

type Heartbeat = MessageInput<ConsumerGroupHeartbeatRequest>

function beat(client: CoreClient, request: Heartbeat, version = 1): ConsumerGroupHeartbeatResponse {
  return client.call(apis.ConsumerGroupHeartbeat, version, { groupId, ...request })
}

function join(client: CoreClient, memberId: string, more: Heartbeat = {}): ConsumerGroupHeartbeatResponse {
  return beat(client, {
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 10_000,
    subscribedTopicNames: ['order'],
    topicPartitions: [],
    ...more,
  })
}

/** `topic:partition`, in order. */
function assigned(core: BrokerCore, { assignment }: ConsumerGroupHeartbeatResponse): string[] | null {
  const partitions = assignment?.topicPartitions.flatMap(({ topicId, partitions: indexes }) =>
    indexes.map((one) => `${core.topics.topicById(topicId)?.name}:${one}`),
  )
  return partitions?.sort() ?? null
}

function owned(core: BrokerCore, name: string, partitions: number[]): { topicId: string; partitions: number[] }[] {
  return [{ topicId: core.topics.topic(name)!.id, partitions }]
}

function commit(client: CoreClient, memberId: string, epoch: number, partitionIndex: number, version = 9): number {
  const answer = client.call(apis.OffsetCommit, version, {
    groupId,
    memberId,
    generationIdOrMemberEpoch: epoch,
    topics: [{ name: 'order', partitions: [{ partitionIndex, committedOffset: 7, committedMetadata: '' }] }],
  })
  return answer.topics[0]!.partitions[0]!.errorCode
}

function describe(client: CoreClient): ConsumerGroupDescribeResponse['groups'][number] {
  return client.call(apis.ConsumerGroupDescribe, 1, { groupIds: [groupId] }).groups[0]!
}

test('the first member is assigned everything with its first heartbeat', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 2)
  const answer = join(client, 'a')
  assert.deepEqual([answer.errorCode, answer.memberEpoch, answer.heartbeatIntervalMs], [0, 2, 5000])
  assert.deepEqual(assigned(core, answer), ['order:0', 'order:1'])
  const again = beat(client, { memberId: 'a', memberEpoch: 2 })
  assert.equal(again.assignment, null)
  const group = describe(client)
  assert.deepEqual(
    [group.groupState, group.groupEpoch, group.assignmentEpoch, group.assignorName],
    ['Stable', 2, 2, 'uniform'],
  )
})

test('a partition changes hands only when its owner says that it has given it up', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 2)
  join(client, 'a')
  const b = join(client, 'b')
  assert.deepEqual([b.memberEpoch, assigned(core, b)], [3, []])
  const a = beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owned(core, 'order', [0, 1]) })
  assert.deepEqual([a.memberEpoch, assigned(core, a)], [2, ['order:0']])
  assert.equal(describe(client).groupState, 'Reconciling')
  // A heartbeat that does not say what it owns changes nothing.
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2 }).memberEpoch, 2)
  assert.equal(beat(client, { memberId: 'b', memberEpoch: 3 }).assignment, null)
  const revoked = beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owned(core, 'order', [0]) })
  assert.deepEqual([revoked.memberEpoch, revoked.assignment], [3, null])
  assert.deepEqual(assigned(core, beat(client, { memberId: 'b', memberEpoch: 3 })), ['order:1'])
  assert.equal(describe(client).groupState, 'Stable')
})

test('epochs fence: a greater one, a smaller one, one of nobody', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 1)
  join(client, 'a')
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 3 }).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  assert.equal(beat(client, { memberId: 'x', memberEpoch: 2 }).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  join(client, 'b')
  const owns = owned(core, 'order', [0])
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owns }).memberEpoch, 3)
  // The answer was lost: the epoch before is let through while the member owns nothing it must not.
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owns }).memberEpoch, 3)
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2 }).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  assert.equal(
    client.call(apis.ConsumerGroupHeartbeat, 1, { groupId: 'nobody', memberId: 'a', memberEpoch: 2 }).errorCode,
    ErrorCode.GROUP_ID_NOT_FOUND,
  )
})

test('what a first heartbeat must say', () => {
  const { client } = testCore({ config: { 'group.consumer.max.size': '1' } })
  createTopic(client, 'order', 1)
  const code = (more: Heartbeat, version = 1): number =>
    beat(
      client,
      {
        memberId: 'a',
        memberEpoch: 0,
        rebalanceTimeoutMs: 1000,
        subscribedTopicNames: [],
        topicPartitions: [],
        ...more,
      },
      version,
    ).errorCode
  assert.equal(code({ memberId: '' }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ rebalanceTimeoutMs: -1 }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ topicPartitions: null }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ subscribedTopicNames: null }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ memberEpoch: -3 }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ memberEpoch: -2 }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ instanceId: '' }), ErrorCode.INVALID_REQUEST)
  assert.equal(code({ serverAssignor: 'sticky' }), ErrorCode.UNSUPPORTED_ASSIGNOR)
  assert.equal(code({ subscribedTopicRegex: 'a[' }), ErrorCode.INVALID_REGULAR_EXPRESSION)
  assert.equal(code({ subscribedTopicRegex: '(?=a)' }), ErrorCode.INVALID_REGULAR_EXPRESSION)
  // Before v1 the broker makes the id.
  const answer = beat(
    client,
    { memberId: '', memberEpoch: 0, rebalanceTimeoutMs: 1, subscribedTopicNames: ['order'], topicPartitions: [] },
    0,
  )
  assert.equal(answer.errorCode, 0)
  assert.match(answer.memberId ?? '', /^[0-9a-f]{8}-/)
  assert.equal(code({}), ErrorCode.GROUP_MAX_SIZE_REACHED)
})

test('a member that falls silent, or does not revoke in time, is out', () => {
  const { core, client, clock } = testCore()
  createTopic(client, 'order', 2)
  join(client, 'a')
  join(client, 'b')
  beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owned(core, 'order', [0, 1]) })
  clock.advance(9_999)
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2 }).errorCode, 0)
  assert.equal(beat(client, { memberId: 'b', memberEpoch: 3 }).errorCode, 0)
  clock.advance(1)
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2 }).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  assert.deepEqual(assigned(core, beat(client, { memberId: 'b', memberEpoch: 3 })), ['order:0', 'order:1'])
  clock.advance(45_000)
  const group = describe(client)
  assert.deepEqual([group.groupState, group.members.length], ['Empty', 0])
})

test('a static member that goes keeps its place until its session ends; a second process of its name waits', () => {
  const { core, client, clock } = testCore()
  createTopic(client, 'order', 2)
  const one = { instanceId: 'one' }
  join(client, 'a', one)
  assert.equal(join(client, 'b', one).errorCode, ErrorCode.UNRELEASED_INSTANCE_ID)
  assert.equal(beat(client, { memberId: 'b', memberEpoch: 2, ...one }).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  assert.equal(beat(client, { memberId: 'a', memberEpoch: -2, ...one }).memberEpoch, -2)
  const other = join(client, 'c')
  assert.deepEqual(assigned(core, other), [], 'its partitions are not given away')
  const back = join(client, 'b', one)
  assert.deepEqual([back.errorCode, assigned(core, back)], [0, ['order:0']])
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 2, ...one }).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  beat(client, { memberId: 'b', memberEpoch: -2, ...one })
  for (let elapsed = 0; elapsed < 45_000; elapsed += 5_000) {
    clock.advance(5_000)
    beat(client, {
      memberId: 'c',
      memberEpoch: describe(client).members.find(({ memberId }) => memberId === 'c')!.memberEpoch,
    })
  }
  assert.deepEqual(
    describe(client).members.map(({ memberId }) => memberId),
    ['c'],
  )
})

test('new partitions, new topics of an expression and topics that go are found with the next heartbeat', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 1)
  const first = join(client, 'a', { subscribedTopicNames: [], subscribedTopicRegex: 'order.*' })
  assert.deepEqual(assigned(core, first), ['order:0'])
  createTopic(client, 'order-item', 1)
  createTopic(client, 'reorder', 1)
  const found = beat(client, { memberId: 'a', memberEpoch: 2 })
  assert.deepEqual([found.memberEpoch, assigned(core, found)], [3, ['order-item:0', 'order:0']])
  client.call(apis.CreatePartitions, 3, { topics: [{ name: 'order', count: 2, assignments: null }], timeoutMs: 1000 })
  const more = beat(client, { memberId: 'a', memberEpoch: 3 })
  assert.deepEqual([more.memberEpoch, assigned(core, more)], [4, ['order-item:0', 'order:0', 'order:1']])
  client.call(apis.DeleteTopics, 6, { topics: [{ name: 'order-item' }], timeoutMs: 1000 })
  const gone = beat(client, { memberId: 'a', memberEpoch: 4, topicPartitions: owned(core, 'order', [0, 1]) })
  assert.deepEqual([gone.memberEpoch, assigned(core, gone)], [5, ['order:0', 'order:1']])
  assert.equal(beat(client, { memberId: 'a', memberEpoch: 5 }).memberEpoch, 5)
})

test('an expression over many topics is looked up between requests', () => {
  const { core, client, clock } = testCore()
  for (let index = 0; index < 500; index++) createTopic(client, `event-${index}`, 1)
  const first = join(client, 'a', { subscribedTopicNames: [], subscribedTopicRegex: 'event-1\\d\\d' })
  assert.deepEqual(assigned(core, first), [])
  for (let slice = 0; slice < 5; slice++) clock.advance(0)
  const found = beat(client, { memberId: 'a', memberEpoch: first.memberEpoch })
  assert.equal(assigned(core, found)?.length, 100)
})

test('commits and fetches go by the member epoch; what is owned since before may be committed in an older one', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 2)
  join(client, 'a')
  assert.equal(commit(client, 'a', 2, 0), 0)
  assert.equal(commit(client, 'a', 3, 0), ErrorCode.STALE_MEMBER_EPOCH)
  assert.equal(commit(client, 'x', 2, 0), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(commit(client, 'a', 2, 0, 8), ErrorCode.UNSUPPORTED_VERSION)
  assert.equal(commit(client, '', -1, 0), ErrorCode.UNKNOWN_MEMBER_ID)
  join(client, 'b')
  beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owned(core, 'order', [0, 1]) })
  assert.equal(commit(client, 'a', 2, 1), 0, 'it is still giving that up')
  beat(client, { memberId: 'a', memberEpoch: 2, topicPartitions: owned(core, 'order', [0]) })
  assert.equal(commit(client, 'a', 2, 0), 0, 'on its way when the epoch changed')
  assert.equal(commit(client, 'a', 2, 1), ErrorCode.STALE_MEMBER_EPOCH)
  const fetch = (memberId: string | null, memberEpoch: number): number =>
    client.call(apis.OffsetFetch, 9, {
      groups: [{ groupId, memberId, memberEpoch, topics: null }],
      requireStable: true,
    }).groups[0]!.errorCode
  assert.deepEqual(
    [fetch('a', 3), fetch(null, -1), fetch('a', 2), fetch('x', 3)],
    [0, 0, ErrorCode.STALE_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID],
  )
})

test('groups of both types are listed by type and described by their own API alone', () => {
  const { client } = testCore()
  createTopic(client, 'order', 1)
  join(client, 'a')
  client.call(apis.OffsetCommit, 9, {
    groupId: 'simple',
    memberId: '',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
  })
  const list = (typesFilter: string[]): string[] =>
    client
      .call(apis.ListGroups, 5, { statesFilter: [], typesFilter })
      .groups.map((group) => `${group.groupId} ${group.groupType} ${group.groupState} ${group.protocolType}`)
  assert.deepEqual(list(['Consumer']), ['readers consumer Stable consumer'])
  assert.deepEqual(list(['classic']), ['simple classic Empty '])
  const classic = client.call(apis.DescribeGroups, 6, { groups: [groupId] }).groups[0]!
  assert.deepEqual([classic.errorCode, classic.groupState], [ErrorCode.GROUP_ID_NOT_FOUND, 'Dead'])
  const wrong = client.call(apis.ConsumerGroupDescribe, 1, { groupIds: ['simple'] }).groups[0]!
  assert.equal(wrong.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  const remove = (): number => client.call(apis.DeleteGroups, 2, { groupsNames: [groupId] }).results[0]!.errorCode
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0 }] }]
  const deleted = client.call(apis.OffsetDelete, 0, { groupId, topics })
  assert.equal(deleted.topics[0]!.partitions[0]!.errorCode, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
  assert.equal(remove(), ErrorCode.NON_EMPTY_GROUP)
  beat(client, { memberId: 'a', memberEpoch: -1 })
  assert.equal(remove(), 0)
  assert.equal(describe(client).errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
})

test('a classic group becomes a consumer group and back, with its offsets, unless the policy forbids it', () => {
  for (const policy of ['bidirectional', 'upgrade', 'downgrade', 'disabled']) {
    const { core, client } = testCore({ config: { 'group.consumer.migration.policy': policy } })
    createTopic(client, 'order', 2)
    const protocols = [{ name: 'range', metadata: subscriptionBytes(['order']) }]
    const joining = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols,
    }
    const { memberId } = client.call(apis.JoinGroup, 9, joining)
    const classic = client.call(apis.JoinGroup, 9, { ...joining, memberId })
    client.call(apis.SyncGroup, 5, {
      ...{ groupId, memberId, generationId: classic.generationId, protocolType: 'consumer', protocolName: 'range' },
      assignments: [],
    })
    assert.equal(commit(client, memberId, 1, 0), 0)
    const upgraded = join(client, 'new')
    if (policy === 'downgrade' || policy === 'disabled') {
      assert.equal(upgraded.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
      continue
    }
    assert.equal(upgraded.errorCode, 0)
    const types = describe(client).members.map((member) => member.memberType)
    assert.deepEqual(types.sort(), [0, 1])
    const heart = (generationId: number): number =>
      client.call(apis.Heartbeat, 4, { groupId, memberId, generationId }).errorCode
    assert.equal(heart(1), ErrorCode.REBALANCE_IN_PROGRESS)
    const again = client.call(apis.JoinGroup, 9, { ...joining, memberId })
    assert.deepEqual([again.errorCode, again.generationId, again.leader], [0, 2, ''])
    assert.equal(heart(2), 0)
    beat(client, { memberId: 'new', memberEpoch: -1 })
    const type = core.groups.group(groupId)?.type
    assert.equal(type, policy === 'bidirectional' ? 'classic' : 'consumer')
    assert.equal(core.groups.store.offsets.get(groupId)?.get('order', 0)?.offset, 7)
  }
})

test('an empty group takes the type of who joins it', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 1)
  join(client, 'a')
  commit(client, 'a', 2, 0)
  beat(client, { memberId: 'a', memberEpoch: -1 })
  const protocols = [{ name: 'range', metadata: subscriptionBytes(['order']) }]
  const joining = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer', protocols }
  const { memberId } = client.call(apis.JoinGroup, 9, joining)
  assert.equal(core.groups.group(groupId)?.type, 'classic')
  client.call(apis.LeaveGroup, 5, { groupId, members: [{ memberId }] })
  join(client, 'b')
  assert.equal(core.groups.group(groupId)?.type, 'consumer')
  assert.equal(core.groups.store.offsets.get(groupId)?.get('order', 0)?.offset, 7)
})

test('under fsync no member is told what a power loss would take back', () => {
  const random = seededRandom(3)
  const storage = simulatedStorage({ random })
  const { core, client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order', 1)
  storage.holdSyncs = true
  const answer = client.begin(apis.ConsumerGroupHeartbeat, 1, {
    groupId,
    memberId: 'a',
    memberEpoch: 0,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ['order'],
    topicPartitions: [],
  })
  assert.equal(answer.body, undefined)
  storage.releaseSyncs()
  assert.equal((answer.body as ConsumerGroupHeartbeatResponse | undefined)?.memberEpoch, 2)
  assert.equal(core.groups.group(groupId)?.type, 'consumer')
})

test('without the protocol in the setting, and without the feature, there are no consumer groups', () => {
  const { client } = testCore({ config: { 'group.coordinator.rebalance.protocols': 'classic' } })
  assert.equal(join(client, 'a').errorCode, ErrorCode.UNSUPPORTED_VERSION)
  assert.equal(describe(client).errorCode, ErrorCode.UNSUPPORTED_VERSION)
})

test('ApiVersions says group.version 1', () => {
  const { client } = testCore()
  const answer = client.call(apis.ApiVersions, 4, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
  const found = answer.finalizedFeatures.find(({ name }) => name === 'group.version')
  assert.equal(found?.maxVersionLevel, 1)
})
