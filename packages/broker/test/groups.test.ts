import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apis, ErrorCode, type JoinGroupResponse, type SyncGroupResponse } from '@millrace/protocol'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, type Pending, testCore } from './support/core-client.ts'
import { MortalProcess } from './support/mortal.ts'

interface Member {
  readonly memberId: string
  readonly generationId: number
  readonly groupInstanceId?: string
}

const group = { groupId: 'readers' }

function join(
  client: CoreClient,
  options: {
    memberId?: string
    groupInstanceId?: string
    protocols?: readonly string[]
    metadata?: string
    version?: number
    sessionTimeoutMs?: number
    rebalanceTimeoutMs?: number
  } = {},
): Pending<JoinGroupResponse> {
  const { protocols = ['range'], metadata = '', version = 9, ...rest } = options
  return client.begin(apis.JoinGroup, version, {
    ...group,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 30_000,
    protocolType: 'consumer',
    protocols: protocols.map((name) => ({ name, metadata: Buffer.from(metadata) })),
    ...rest,
  })
}

/** Joins as a new member does: it is given an id, and comes again with it. */
function joinNew(client: CoreClient, options: Parameters<typeof join>[1] = {}): Pending<JoinGroupResponse> {
  const first = join(client, options)
  assert.equal(first.body?.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
  return join(client, { ...options, memberId: first.body!.memberId })
}

function sync(
  client: CoreClient,
  member: Member,
  assignments: Record<string, string> = {},
): Pending<SyncGroupResponse> {
  return client.begin(apis.SyncGroup, 5, {
    ...group,
    ...member,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
  })
}

function heartbeat(client: CoreClient, member: Member): number {
  return client.call(apis.Heartbeat, 4, { ...group, ...member }).errorCode
}

function commit(client: CoreClient, member: Member | undefined, committedOffset: number, version = 9): number {
  const answer = client.call(apis.OffsetCommit, version, {
    ...group,
    generationIdOrMemberEpoch: member?.generationId ?? -1,
    memberId: member?.memberId ?? '',
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: 'note' }] }],
  })
  return answer.topics[0]!.partitions[0]!.errorCode
}

function committed(client: CoreClient): { committedOffset: number; metadata: string | null } {
  const answer = client.call(apis.OffsetFetch, 7, { ...group, topics: [{ name: 'order', partitionIndexes: [0] }] })
  const { committedOffset, metadata } = answer.topics[0]!.partitions[0]!
  return { committedOffset, metadata }
}

/** A group of one, stable. */
function soloGroup(client: CoreClient): Member {
  const joined = joinNew(client).body!
  assert.equal(joined.errorCode, ErrorCode.NONE)
  const member = { memberId: joined.memberId, generationId: joined.generationId }
  const synced = sync(client, member, { [member.memberId]: 'all' }).body!
  assert.equal(synced.errorCode, ErrorCode.NONE)
  assert.equal(synced.assignment.toString(), 'all')
  return member
}

function state(client: CoreClient): string {
  return client.call(apis.DescribeGroups, 5, { groups: [group.groupId] }).groups[0]!.groupState
}

test('the first member of a group starts at once, as its leader', () => {
  const { client } = testCore()
  const joined = joinNew(client).body!
  assert.equal(joined.errorCode, ErrorCode.NONE)
  assert.equal(joined.leader, joined.memberId)
  assert.equal(joined.generationId, 1)
  assert.equal(joined.protocolName, 'range')
  assert.deepEqual(
    joined.members.map((member) => member.memberId),
    [joined.memberId],
  )
  assert.equal(state(client), 'CompletingRebalance')
})

test('a second member makes the first join again, and both get what the leader assigns', () => {
  const { client } = testCore()
  const first = soloGroup(client)
  assert.equal(heartbeat(client, first), ErrorCode.NONE)
  const second = joinNew(client)
  assert.equal(second.body, undefined)
  assert.equal(heartbeat(client, first), ErrorCode.REBALANCE_IN_PROGRESS)
  const again = join(client, { memberId: first.memberId })
  assert.equal(again.body!.generationId, 2)
  assert.equal(second.body!.generationId, 2)
  assert.equal(second.body!.leader, first.memberId)
  assert.deepEqual(second.body!.members, [])
  assert.equal(again.body!.members.length, 2)
  const follower = { memberId: second.body!.memberId, generationId: 2 }
  const followerSync = sync(client, follower)
  assert.equal(followerSync.body, undefined)
  sync(client, { ...first, generationId: 2 }, { [first.memberId]: 'left', [follower.memberId]: 'right' })
  assert.equal(followerSync.body!.assignment.toString(), 'right')
  assert.equal(state(client), 'Stable')
  assert.equal(heartbeat(client, first), ErrorCode.ILLEGAL_GENERATION)
  assert.equal(sync(client, follower).body!.assignment.toString(), 'right')
})

test('a member that falls silent is out after its session timeout, and the rest goes on without it', () => {
  const { client, clock } = testCore()
  const first = soloGroup(client)
  const second = joinNew(client)
  join(client, { memberId: first.memberId })
  const follower = { memberId: second.body!.memberId, generationId: 2 }
  sync(client, follower)
  sync(client, { ...first, generationId: 2 }, { [first.memberId]: 'left', [follower.memberId]: 'right' })
  for (let elapsed = 0; elapsed < 12_000; elapsed += 3_000) {
    clock.advance(3_000)
    if (heartbeat(client, follower) === ErrorCode.REBALANCE_IN_PROGRESS) break
  }
  const alone = join(client, { memberId: follower.memberId }).body!
  assert.equal(alone.generationId, 3)
  assert.equal(alone.leader, follower.memberId)
  assert.equal(heartbeat(client, { ...first, generationId: 2 }), ErrorCode.UNKNOWN_MEMBER_ID)
})

test('members that do not come back within the rebalance timeout are left behind', () => {
  const { client, clock } = testCore()
  const first = joinNew(client, { sessionTimeoutMs: 60_000 }).body!
  sync(client, first, { [first.memberId]: 'all' })
  const second = joinNew(client, { sessionTimeoutMs: 60_000 })
  clock.advance(29_999)
  assert.equal(second.body, undefined)
  clock.advance(1)
  assert.equal(second.body!.generationId, 2)
  assert.equal(second.body!.leader, second.body!.memberId)
  assert.equal(join(client, { memberId: first.memberId }).body!.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
})

test('a member that does not ask for its assignment is left behind', () => {
  const { client, clock } = testCore()
  const first = joinNew(client, { sessionTimeoutMs: 60_000 }).body!
  assert.equal(state(client), 'CompletingRebalance')
  clock.advance(30_000)
  assert.equal(state(client), 'Empty')
  assert.equal(heartbeat(client, first), ErrorCode.UNKNOWN_MEMBER_ID)
})

test('the protocol that most members prefer is chosen among those that all support', () => {
  const { client } = testCore()
  const first = joinNew(client, { protocols: ['sticky', 'range'] }).body!
  assert.equal(first.protocolName, 'sticky')
  assert.equal(joinNew(client, { protocols: ['roundrobin', 'range'] }).body, undefined)
  const again = join(client, { memberId: first.memberId, protocols: ['sticky', 'range'] }).body!
  assert.equal(again.protocolName, 'range')
  const stranger = join(client, { protocols: ['sticky'] }).body!
  assert.equal(stranger.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
})

test('a member that leaves makes room at once', () => {
  const { client } = testCore()
  const first = soloGroup(client)
  const second = joinNew(client)
  join(client, { memberId: first.memberId })
  const left = client.call(apis.LeaveGroup, 5, { ...group, members: [{ memberId: first.memberId }] })
  assert.equal(left.members[0]!.errorCode, ErrorCode.NONE)
  const alone = join(client, { memberId: second.body!.memberId }).body!
  assert.equal(alone.generationId, 3)
  assert.equal(alone.leader, second.body!.memberId)
})

test('a static member that restarts keeps its place and its assignment without a rebalance', () => {
  const { client } = testCore()
  const first = join(client, { groupInstanceId: 'one' }).body!
  assert.equal(first.errorCode, ErrorCode.NONE)
  const identity = { groupInstanceId: 'one' }
  sync(client, { ...identity, memberId: first.memberId, generationId: 1 }, { [first.memberId]: 'all' })
  const restarted = join(client, { groupInstanceId: 'one' }).body!
  assert.equal(restarted.errorCode, ErrorCode.NONE)
  assert.equal(restarted.generationId, 1)
  assert.notEqual(restarted.memberId, first.memberId)
  assert.equal(restarted.leader, restarted.memberId)
  assert.equal(restarted.skipAssignment, true)
  const now = { ...identity, memberId: restarted.memberId, generationId: 1 }
  assert.equal(sync(client, now).body!.assignment.toString(), 'all')
  assert.equal(heartbeat(client, { ...now, memberId: first.memberId }), ErrorCode.FENCED_INSTANCE_ID)
  const left = client.call(apis.LeaveGroup, 5, { ...group, members: [{ memberId: '', groupInstanceId: 'one' }] })
  assert.equal(left.members[0]!.errorCode, ErrorCode.NONE)
  assert.equal(state(client), 'Empty')
})

test('only members of the present generation commit, and others only while the group is empty', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  assert.equal(commit(client, undefined, 1), ErrorCode.NONE)
  const member = soloGroup(client)
  assert.equal(commit(client, undefined, 2), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(commit(client, { ...member, generationId: 9 }, 3), ErrorCode.ILLEGAL_GENERATION)
  assert.equal(commit(client, { ...member, memberId: 'stranger' }, 4), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.deepEqual(committed(client), { committedOffset: 1, metadata: 'note' })
  assert.equal(commit(client, member, 5), ErrorCode.NONE)
  assert.equal(committed(client).committedOffset, 5)
})

test('after a restart the group is where it was, and members silent since then are out', () => {
  const { client, storage, clock } = testCore()
  createTopic(client, 'order')
  const member = soloGroup(client)
  commit(client, member, 5)
  const next = testCore({ storage, clock })
  assert.equal(state(next.client), 'Stable')
  assert.equal(heartbeat(next.client, member), ErrorCode.NONE)
  assert.equal(commit(next.client, member, 6), ErrorCode.NONE)
  assert.deepEqual(committed(next.client), { committedOffset: 6, metadata: 'note' })
  assert.equal(sync(next.client, member).body!.assignment.toString(), 'all')
  clock.advance(10_000)
  assert.equal(state(next.client), 'Empty')
})

test('a group that is empty can be deleted, and stays deleted', () => {
  const { client, storage, clock } = testCore()
  createTopic(client, 'order')
  const member = soloGroup(client)
  commit(client, member, 5)
  const remove = (from: CoreClient): number =>
    from.call(apis.DeleteGroups, 2, { groupsNames: [group.groupId] }).results[0]!.errorCode
  assert.equal(remove(client), ErrorCode.NON_EMPTY_GROUP)
  client.call(apis.LeaveGroup, 5, { ...group, members: [{ memberId: member.memberId }] })
  assert.equal(remove(client), ErrorCode.NONE)
  assert.equal(remove(client), ErrorCode.GROUP_ID_NOT_FOUND)
  const next = testCore({ storage, clock })
  assert.equal(committed(next.client).committedOffset, -1)
  assert.equal(remove(next.client), ErrorCode.GROUP_ID_NOT_FOUND)
})

test('offsets go with their topic', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  commit(client, undefined, 5)
  client.call(apis.DeleteTopics, 6, { topics: [{ name: 'order' }], timeoutMs: 1000 })
  createTopic(client, 'order')
  assert.equal(committed(client).committedOffset, -1)
})

test('offsets of a topic that is gone are not there after a stop in between either', () => {
  const disk = simulatedStorage({ random: seededRandom(5) })
  const clock = new VirtualClock(1_700_000_000_000)
  const process = new MortalProcess(disk, clock)
  const { client } = testCore({ storage: process.storage, clock: process.clock as VirtualClock })
  createTopic(client, 'order')
  commit(client, undefined, 5)
  // The deletion is recorded, and the process dies before the offsets are deleted too.
  process.dieAfter(1)
  client.begin(apis.DeleteTopics, 6, { topics: [{ name: 'order' }], timeoutMs: 1000 })
  assert.ok(process.dead)
  disk.crash('kill')
  const next = testCore({ storage: disk, clock })
  assert.equal(next.core.topics.topic('order'), undefined)
  createTopic(next.client, 'order')
  assert.equal(committed(next.client).committedOffset, -1)
})

test('members whose assignors have no name in common cannot share a group', () => {
  const { client } = testCore()
  soloGroup(client)
  const other = join(client, { protocols: ['roundrobin'] })
  assert.equal(other.body?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
})

test('offsets of an empty group expire, and the group with them', () => {
  const { client, core, clock } = testCore({ config: { 'offsets.retention.minutes': '60' } })
  createTopic(client, 'order')
  const member = soloGroup(client)
  commit(client, member, 5)
  for (let elapsed = 0; elapsed < 3_600_000; elapsed += 5_000) {
    clock.advance(5_000)
    heartbeat(client, member)
  }
  client.call(apis.LeaveGroup, 5, { ...group, members: [{ memberId: member.memberId }] })
  clock.advance(3_599_000)
  assert.equal(committed(client).committedOffset, 5)
  clock.advance(601_000)
  assert.equal(committed(client).committedOffset, -1)
  assert.equal(core.groups.group(group.groupId), undefined)
})

test('offsets of topics that the members read cannot be deleted, others can', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  commit(client, undefined, 5)
  const remove = (): { errorCode: number; partition: number | undefined } => {
    const answer = client.call(apis.OffsetDelete, 0, {
      ...group,
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0 }] }],
    })
    return { errorCode: answer.errorCode, partition: answer.topics[0]?.partitions[0]?.errorCode }
  }
  assert.deepEqual(remove(), { errorCode: ErrorCode.NONE, partition: ErrorCode.NONE })
  assert.equal(committed(client).committedOffset, -1)
  // Metadata that is no consumer's subscription: what it reads is not known.
  soloGroup(client)
  assert.deepEqual(remove(), { errorCode: ErrorCode.NON_EMPTY_GROUP, partition: undefined })
})

test('groups are listed by state', () => {
  const { client } = testCore()
  soloGroup(client)
  const listed = (statesFilter: string[]): string[] =>
    client
      .call(apis.ListGroups, 5, { statesFilter })
      .groups.map((one) => `${one.groupId} ${one.groupState} ${one.groupType}`)
  assert.deepEqual(listed([]), ['readers Stable classic'])
  assert.deepEqual(listed(['stable']), ['readers Stable classic'])
  assert.deepEqual(listed(['Empty']), [])
})

test('this node coordinates every group and transactional id', () => {
  const { client, core } = testCore({ advertised: { host: 'localhost', port: 9092 } })
  const old = client.call(apis.FindCoordinator, 3, { key: 'readers', keyType: 0 })
  assert.deepEqual([old.errorCode, old.nodeId, old.host, old.port], [0, core.nodeId, 'localhost', 9092])
  const several = client.call(apis.FindCoordinator, 6, { keyType: 1, coordinatorKeys: ['a', 'b'] })
  assert.deepEqual(
    several.coordinators.map(({ key, port }) => `${key}:${port}`),
    ['a:9092', 'b:9092'],
  )
  assert.equal(
    client.call(apis.FindCoordinator, 6, { keyType: 2, coordinatorKeys: ['s'] }).coordinators[0]!.errorCode,
    ErrorCode.INVALID_REQUEST,
  )
})

test('a commit that the device took back is not shown, and the next one holds', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const member = soloGroup(client)
  assert.equal(commit(client, member, 5), ErrorCode.NONE)
  storage.syncError = new Error('input/output error')
  assert.equal(commit(client, member, 6), ErrorCode.COORDINATOR_NOT_AVAILABLE)
  storage.syncError = undefined
  assert.equal(committed(client).committedOffset, 5)
  assert.equal(commit(client, member, 7), ErrorCode.NONE)
  assert.equal(committed(client).committedOffset, 7)
  assert.equal(heartbeat(client, member), ErrorCode.NONE)
})

test('nobody is told of a commit or an assignment before it is safe', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const joined = joinNew(client).body!
  const member = { memberId: joined.memberId, generationId: joined.generationId }
  storage.holdSyncs = true
  const synced = sync(client, member, { [member.memberId]: 'all' })
  assert.equal(synced.body, undefined)
  storage.releaseSyncs()
  assert.equal(synced.body!.assignment.toString(), 'all')
  const body = { ...group, generationIdOrMemberEpoch: member.generationId, memberId: member.memberId }
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }] }]
  const committing = client.begin(apis.OffsetCommit, 9, { ...body, topics })
  const fetched = client.begin(apis.OffsetFetch, 7, { ...group, topics: [{ name: 'order', partitionIndexes: [0] }] })
  assert.equal(committing.body, undefined)
  assert.equal(fetched.body, undefined)
  storage.releaseSyncs()
  assert.equal(committing.body!.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE)
  assert.equal(fetched.body!.topics[0]!.partitions[0]!.committedOffset, 5)
})

test('a leader whose assignment the full disk refused is asked again', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage })
  const joined = joinNew(client).body!
  const member = { memberId: joined.memberId, generationId: joined.generationId }
  storage.freeBytes = 0
  assert.equal(sync(client, member, { [member.memberId]: 'all' }).body!.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  storage.freeBytes = Number.POSITIVE_INFINITY
  const again = join(client, { memberId: member.memberId }).body!
  assert.equal(again.generationId, 2)
  const synced = sync(client, { ...member, generationId: 2 }, { [member.memberId]: 'all' }).body!
  assert.equal(synced.assignment.toString(), 'all')
})

test('a group takes no more members than group.max.size', () => {
  const { client } = testCore({ config: { 'group.max.size': '1' } })
  const member = soloGroup(client)
  assert.equal(join(client).body!.errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED)
  assert.equal(heartbeat(client, member), ErrorCode.NONE)
})

test('a new group waits for more members while they keep coming, if it is told to', () => {
  const { client, clock } = testCore({ config: { 'group.initial.rebalance.delay.ms': '3000' } })
  const first = joinNew(client)
  clock.advance(2_000)
  const second = joinNew(client)
  clock.advance(1_000)
  assert.equal(first.body, undefined)
  clock.advance(3_000)
  assert.equal(first.body!.generationId, 1)
  assert.equal(first.body!.members.length, 2)
  assert.equal(second.body!.generationId, 1)
})

test('a member id that was given out and not used does not hold up the group for longer than a session', () => {
  const { client, clock } = testCore()
  const first = soloGroup(client)
  assert.equal(join(client).body!.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
  const second = joinNew(client)
  const again = join(client, { memberId: first.memberId })
  clock.advance(9_999)
  assert.equal(again.body, undefined)
  clock.advance(1)
  assert.equal(again.body!.generationId, 2)
  assert.equal(second.body!.generationId, 2)
})

test('offsets outlive a restart also where somebody has set their topic to delete by time', () => {
  const { core, client, clock, storage } = testCore()
  createTopic(client, 'order')
  const commit = client.begin(apis.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }],
  })
  assert.equal(commit.body?.topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE)
  // AlterConfigs takes back what is not named: the policy, too.
  const configs = [{ name: 'retention.ms', value: '1' }]
  client.call(apis.AlterConfigs, 2, {
    resources: [{ resourceType: 2, resourceName: '__consumer_offsets', configs }],
  })
  assert.equal(core.topics.topic('__consumer_offsets')!.config.string('cleanup.policy'), 'delete')
  clock.advance(3_600_000)
  core.enforceRetention()
  core.close()
  const again = testCore({ storage, clock })
  const offsets = again.client.call(apis.OffsetFetch, 7, { groupId: 'g', topics: null })
  assert.equal(offsets.topics[0]?.partitions[0]?.committedOffset, 7)
})

test('an offset of a deleted topic is not that of a new one of its name, also where the disk was too full to remove it', () => {
  const storage = simulatedStorage({ random: seededRandom(3) })
  const { client } = testCore({ storage })
  createTopic(client, 'order')
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }]
  client.call(apis.OffsetCommit, 8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics })
  const committed = (from: CoreClient): number =>
    from.call(apis.OffsetFetch, 7, { groupId: 'g', topics: [{ name: 'order', partitionIndexes: [0] }] }).topics[0]!
      .partitions[0]!.committedOffset
  assert.equal(committed(client), 7)
  // Enough for the journal's record, not for a batch.
  storage.freeBytes = 90
  const { responses } = client.call(apis.DeleteTopics, 5, { topicNames: ['order'] })
  assert.equal(responses[0]!.errorCode, ErrorCode.NONE)
  storage.freeBytes = 1_000_000
  createTopic(client, 'order')
  assert.equal(committed(client), -1)
  storage.crash('kill')
  const again = testCore({ storage })
  assert.equal(committed(again.client), -1)
  assert.deepEqual([...again.core.groups.store.offsets.groupIds()], [])
})
