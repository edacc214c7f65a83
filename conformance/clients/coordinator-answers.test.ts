import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { apis, ErrorCode, RecordBatchBuilder } from '@millrace/protocol'
import { apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { RawClient } from './raw-client.ts'

/** What a conversation saw, in order: a label and the code (or other figure) that came back. */
type Observations = [string, unknown][]

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

const notYet: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
]

/** One broker, and the same questions for each. */
class Conversation {
  readonly client: RawClient
  readonly seen: Observations = []

  constructor(client: RawClient) {
    this.client = client
  }

  see(what: string, value: unknown): void {
    this.seen.push([what, value])
  }

  async init(transactionalId: string, expected?: Producer): Promise<{ code: number; producer: Producer }> {
    const answer = await this.client.askUntil(({ errorCode }) => !notYet.includes(errorCode), apis.InitProducerId, 5, {
      transactionalId,
      transactionTimeoutMs: 60_000,
      producerId: expected?.producerId ?? -1,
      producerEpoch: expected?.producerEpoch ?? -1,
    })
    const { errorCode: code, producerId, producerEpoch } = answer
    return { code, producer: { transactionalId, producerId, producerEpoch } }
  }

  async produce(producer: Producer, baseSequence: number, version = 12, transactional = true): Promise<number> {
    const builder = new RecordBatchBuilder()
    builder.append(Date.now(), null, Buffer.from('value'))
    const { producerId, producerEpoch } = producer
    const records = builder.build({ producerId, producerEpoch, baseSequence, transactional })
    const codeOf = (answer: { responses: { partitionResponses: { errorCode: number }[] }[] }): number =>
      answer.responses[0]!.partitionResponses[0]!.errorCode
    const answer = await this.client.askUntil((one) => !notYet.includes(codeOf(one)), apis.Produce, version, {
      transactionalId: transactional ? producer.transactionalId : null,
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }],
    })
    return codeOf(answer)
  }

  async add(producer: Producer, version = 3): Promise<number> {
    const codeOf = (answer: { resultsByTopicV3AndBelow: { resultsByPartition: { partitionErrorCode: number }[] }[] }) =>
      answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
    const answer = await this.client.askUntil(
      (one) => !notYet.includes(codeOf(one)),
      apis.AddPartitionsToTxn,
      version,
      {
        v3AndBelowTransactionalId: producer.transactionalId,
        v3AndBelowProducerId: producer.producerId,
        v3AndBelowProducerEpoch: producer.producerEpoch,
        v3AndBelowTopics: [{ name: 'order', partitions: [0] }],
      },
    )
    return codeOf(answer)
  }

  async end(producer: Producer, committed: boolean, version = 5): Promise<{ code: number; next: Producer }> {
    const answer = await this.client.askUntil(({ errorCode }) => !notYet.includes(errorCode), apis.EndTxn, version, {
      ...producer,
      committed,
    })
    const { errorCode: code, producerId, producerEpoch } = answer
    return { code, next: version >= 5 && code === 0 ? { ...producer, producerId, producerEpoch } : producer }
  }

  /** Kafka answers EndTxn before the markers are in the logs; what comes late must come after them here. */
  async markersWritten(transactionalId: string): Promise<void> {
    await this.client.askUntil(
      ({ transactionStates: [one] }) => one!.transactionState.startsWith('Complete'),
      ...([apis.DescribeTransactions, 0, { transactionalIds: [transactionalId] }] as const),
    )
  }

  async commitInTransaction(producer: Producer, version = 5, member: object = {}): Promise<number> {
    const codeOf = (answer: { topics: { partitions: { errorCode: number }[] }[] }): number =>
      answer.topics[0]!.partitions[0]!.errorCode
    const answer = await this.client.askUntil((one) => !notYet.includes(codeOf(one)), apis.TxnOffsetCommit, version, {
      ...producer,
      groupId: 'transactional-readers',
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
      ...member,
    })
    return codeOf(answer)
  }
}

async function idempotence(talk: Conversation): Promise<void> {
  const { producer } = await talk.init('plain')
  const send = (sequence: number, fields: Partial<Producer> = {}): Promise<number> =>
    talk.produce({ ...producer, ...fields }, sequence, 9, false)
  talk.see('first batch', await send(0))
  talk.see('second batch', await send(1))
  talk.see('first batch again', await send(0))
  talk.see('gap', await send(5))
  talk.see('new epoch in the middle', await send(2, { producerEpoch: 1 }))
  talk.see('new epoch', await send(0, { producerEpoch: 1 }))
  talk.see('old epoch', await send(2))
}

async function newerTransactions(talk: Conversation): Promise<void> {
  const { producer } = await talk.init('newer')
  talk.see('commit before anything', (await talk.end(producer, true)).code)
  talk.see('produce', await talk.produce(producer, 0))
  const committed = await talk.end(producer, true)
  talk.see('commit', [committed.code, committed.next.producerEpoch])
  await talk.markersWritten('newer')
  talk.see('late batch', await talk.produce(producer, 1))
  const again = await talk.end(producer, true)
  talk.see('commit again', [again.code, again.next.producerEpoch])
  talk.see('abort after commit', (await talk.end(producer, false)).code)
  talk.see('commit of nothing', (await talk.end(committed.next, true)).code)
  const aborted = await talk.end(committed.next, false)
  talk.see('abort of nothing', [aborted.code, aborted.next.producerEpoch])
  talk.see('offsets', await talk.commitInTransaction(aborted.next))
  const ended = await talk.end(aborted.next, true)
  talk.see('commit of offsets', [ended.code, ended.next.producerEpoch])
  await talk.markersWritten('newer')
  talk.see('late offsets', await talk.commitInTransaction(aborted.next))
}

async function firstSequences(talk: Conversation): Promise<void> {
  const { producer: newer } = await talk.init('sequences-newer')
  talk.see('first batch with a sequence', await talk.produce(newer, 3))
  talk.see('first batch', await talk.produce(newer, 0))
  talk.see('gap', await talk.produce(newer, 7))
  const ended = await talk.end(newer, true)
  await talk.markersWritten('sequences-newer')
  talk.see('next transaction with a sequence', await talk.produce(ended.next, 1))
  talk.see('next transaction', await talk.produce(ended.next, 0))
  talk.see('the same batch again', await talk.produce(ended.next, 0))
  const { producer: older } = await talk.init('sequences-older')
  talk.see('add', await talk.add(older))
  talk.see('first batch of version 1 with a sequence', await talk.produce(older, 3, 11))
}

async function olderTransactions(talk: Conversation): Promise<void> {
  const { producer } = await talk.init('older')
  talk.see('produce before adding', await talk.produce(producer, 0, 9))
  talk.see('produce before adding, v11', await talk.produce(producer, 0, 11))
  talk.see('offsets before adding', await talk.commitInTransaction(producer, 4))
  talk.see('add', await talk.add(producer))
  talk.see('produce', await talk.produce(producer, 0, 9))
  const offsets = { ...producer, groupId: 'transactional-readers' }
  const added = await talk.client.askUntil((one) => !notYet.includes(one.errorCode), apis.AddOffsetsToTxn, 3, offsets)
  talk.see('add offsets', added.errorCode)
  talk.see('offsets', await talk.commitInTransaction(producer, 3))
  talk.see('offsets of a stranger', await talk.commitInTransaction(producer, 3, { memberId: 'x', generationId: 4 }))
  talk.see('commit', (await talk.end(producer, true, 3)).code)
  talk.see('commit again', (await talk.end(producer, true, 3)).code)
  talk.see('abort after commit', (await talk.end(producer, false, 3)).code)
  await talk.markersWritten('older')
  talk.see('late batch', await talk.produce(producer, 1, 9))
  talk.see('late batch, v11', await talk.produce(producer, 1, 11))
}

async function fencing(talk: Conversation): Promise<void> {
  const { producer: first } = await talk.init('fenced')
  talk.see('open', await talk.produce(first, 0))
  const { code, producer: second } = await talk.init('fenced')
  talk.see('successor', [code, second.producerEpoch > first.producerEpoch])
  talk.see('zombie produces', await talk.produce(first, 1))
  talk.see('zombie produces as v11', await talk.produce(first, 1, 11))
  talk.see('zombie adds', await talk.add(first))
  talk.see('zombie adds as v1', await talk.add(first, 1))
  talk.see('zombie commits', (await talk.end(first, true)).code)
  talk.see('zombie commits as v3', (await talk.end(first, true, 3)).code)
  talk.see('zombie commits as v1', (await talk.end(first, true, 1)).code)
  talk.see('zombie offsets', await talk.commitInTransaction(first))
  talk.see('zombie asks for an epoch', (await talk.init('fenced', first)).code)
  const stranger = { ...second, producerId: second.producerId + 77 }
  talk.see('stranger adds', await talk.add(stranger))
  talk.see('stranger commits', (await talk.end(stranger, true)).code)
  talk.see('stranger produces', await talk.produce(stranger, 0))
  talk.see('stranger asks for an epoch', (await talk.init('fenced', stranger)).code)
  const bumped = await talk.init('fenced', second)
  talk.see('epoch on request', [bumped.code, bumped.producer.producerEpoch - second.producerEpoch])
  const again = await talk.init('fenced', second)
  talk.see('epoch on request again', [again.code, again.producer.producerEpoch - second.producerEpoch])
  talk.see('unknown id adds', await talk.add({ ...second, transactionalId: 'nobody' }))
  talk.see('unknown id commits', (await talk.end({ ...second, transactionalId: 'nobody' }, true)).code)
  const negative = await talk.client.ask(apis.InitProducerId, 5, { transactionalId: 'fenced', transactionTimeoutMs: 0 })
  talk.see('no time', negative.errorCode)
  const long = await talk.client.ask(apis.InitProducerId, 5, { transactionalId: 'fenced', transactionTimeoutMs: 1e9 })
  talk.see('too much time', long.errorCode)
  const empty = await talk.client.ask(apis.InitProducerId, 5, { transactionalId: '', transactionTimeoutMs: 1000 })
  talk.see('empty id', empty.errorCode)
}

async function groups(talk: Conversation): Promise<void> {
  const { client } = talk
  const group = { groupId: 'readers' }
  const range = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const join = (fields: object = {}, version = 9): Promise<JoinAnswer> =>
    client.askUntil((answer) => !notYet.includes(answer.errorCode), apis.JoinGroup, version, {
      ...group,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: range,
      ...fields,
    })
  const commit = async (fields: object): Promise<number> => {
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 3, committedMetadata: 'm' }] }]
    const answer = await client.ask(apis.OffsetCommit, 9, { ...group, topics, ...fields })
    return answer.topics[0]!.partitions[0]!.errorCode
  }
  talk.see('unknown member joins', (await join({ memberId: 'nobody' })).errorCode)
  talk.see('short session', (await join({ sessionTimeoutMs: 10 })).errorCode)
  talk.see('no group', (await join({ groupId: '' })).errorCode)
  talk.see('no protocols', (await join({ protocols: [] })).errorCode)
  talk.see(
    'commit with a generation, no group',
    await commit({ groupId: 'unborn', memberId: 'x', generationIdOrMemberEpoch: 4 }),
  )
  talk.see('commit from outside', await commit({ memberId: '', generationIdOrMemberEpoch: -1 }))
  const first = await join()
  talk.see('first join', first.errorCode)
  const joined = await join({ memberId: first.memberId })
  const { memberId, generationId } = joined
  talk.see('joined', [joined.errorCode, generationId, joined.protocolName, joined.leader === memberId])
  const identity = { ...group, memberId, generationId }
  const heartbeat = async (fields: object = {}): Promise<number> =>
    (await client.ask(apis.Heartbeat, 4, { ...identity, ...fields })).errorCode
  const sync = async (fields: object = {}): Promise<[number, string]> => {
    const assignments = [{ memberId, assignment: Buffer.from('all') }]
    const protocol = { protocolType: 'consumer', protocolName: 'range' }
    const answer = await client.ask(apis.SyncGroup, 5, { ...identity, ...protocol, assignments, ...fields })
    return [answer.errorCode, answer.assignment.toString()]
  }
  talk.see('heartbeat before the assignment', await heartbeat())
  talk.see('commit before the assignment', await commit({ memberId, generationIdOrMemberEpoch: generationId }))
  talk.see('sync of another protocol', (await sync({ protocolName: 'other' }))[0])
  talk.see('sync of another generation', (await sync({ generationId: 9 }))[0])
  talk.see('sync', await sync())
  talk.see('sync again', await sync({ assignments: [] }))
  talk.see('heartbeat', await heartbeat())
  talk.see('heartbeat of another generation', await heartbeat({ generationId: 9 }))
  talk.see('heartbeat of nobody', await heartbeat({ memberId: 'nobody' }))
  talk.see('heartbeat to no group', await heartbeat({ groupId: 'none' }))
  talk.see('commit', await commit({ memberId, generationIdOrMemberEpoch: generationId }))
  talk.see('commit of another generation', await commit({ memberId, generationIdOrMemberEpoch: 9 }))
  talk.see('commit of nobody', await commit({ memberId: 'nobody', generationIdOrMemberEpoch: generationId }))
  talk.see('commit from outside', await commit({ memberId: '', generationIdOrMemberEpoch: -1 }))
  talk.see('other protocol', (await join({ protocols: [{ name: 'sticky', metadata: Buffer.alloc(0) }] })).errorCode)
  talk.see('other protocol type', (await join({ protocolType: 'connect' })).errorCode)
  const [described] = (await client.ask(apis.DescribeGroups, 5, { groups: ['readers'] })).groups
  talk.see('described', [described!.errorCode, described!.groupState, described!.protocolType, described!.protocolData])
  const [missing] = (await client.ask(apis.DescribeGroups, 5, { groups: ['none'] })).groups
  talk.see('described, missing', [missing!.errorCode, missing!.groupState])
  const [missingNow] = (await client.ask(apis.DescribeGroups, 6, { groups: ['none'] })).groups
  talk.see('described, missing, v6', [missingNow!.errorCode, missingNow!.groupState])
  const remove = async (groupId: string): Promise<number> =>
    (await client.ask(apis.DeleteGroups, 2, { groupsNames: [groupId] })).results[0]!.errorCode
  talk.see('delete a group with members', await remove('readers'))
  talk.see('delete no group', await remove('none'))
  const leave = async (id: string): Promise<number | undefined> =>
    (await client.ask(apis.LeaveGroup, 5, { ...group, members: [{ memberId: id }] })).members[0]?.errorCode
  talk.see('nobody leaves', await leave('nobody'))
  talk.see('leave', await leave(memberId))
  talk.see('heartbeat after leaving', await heartbeat())
  const offsets = await client.ask(apis.OffsetFetch, 7, {
    ...group,
    topics: [{ name: 'order', partitionIndexes: [0, 1] }],
  })
  talk.see(
    'offsets',
    offsets.topics[0]!.partitions.map((one) => [one.committedOffset, one.metadata, one.errorCode]),
  )
  const none = await client.ask(apis.OffsetFetch, 7, {
    groupId: 'none',
    topics: [{ name: 'order', partitionIndexes: [0] }],
  })
  talk.see('offsets of no group', [none.errorCode, none.topics[0]!.partitions[0]!.committedOffset])
  talk.see('delete an empty group', await remove('readers'))
}

interface JoinAnswer {
  readonly errorCode: number
  readonly memberId: string
  readonly generationId: number
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
}

async function oldClientsInGroups(talk: Conversation): Promise<void> {
  const { client } = talk
  const group = { groupId: 'old-readers' }
  const join = (memberId: string): Promise<JoinAnswer> =>
    client.askUntil((answer) => !notYet.includes(answer.errorCode), apis.JoinGroup, 2, {
      ...group,
      memberId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    })
  const joined = await join('')
  talk.see('joins at once', [joined.errorCode, joined.generationId, joined.protocolName])
  const { memberId, generationId } = joined
  const identity = { ...group, memberId, generationId }
  const assignments = [{ memberId, assignment: Buffer.from('all') }]
  const synced = await client.ask(apis.SyncGroup, 1, { ...identity, assignments })
  talk.see('sync', [synced.errorCode, synced.assignment.toString()])
  talk.see('heartbeat', (await client.ask(apis.Heartbeat, 1, identity)).errorCode)
  const commit = async (fields: object, version: number, partition: object = {}): Promise<unknown> => {
    const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null, ...partition }]
    const topics = [{ name: 'order', partitions }]
    const answer = await client.ask(apis.OffsetCommit, version, {
      ...group,
      memberId,
      generationIdOrMemberEpoch: generationId,
      topics,
      ...fields,
    })
    return answer.topics.map((topic) => topic.partitions.map((one) => one.errorCode))
  }
  talk.see('commit', await commit({ retentionTimeMs: 60_000 }, 2))
  talk.see('commit, no group', await commit({ groupId: 'unborn' }, 6))
  talk.see('commit of a partition that does not exist', await commit({}, 6, { partitionIndex: 99 }))
  talk.see('commit with long metadata', await commit({}, 6, { committedMetadata: 'x'.repeat(4097) }))
  const unknownTopic = [
    { name: 'none', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] },
  ]
  talk.see('commit of a topic that does not exist', await commit({ topics: unknownTopic }, 6))
  const all = await client.ask(apis.OffsetFetch, 2, { ...group, topics: null })
  talk.see(
    'all offsets',
    all.topics.map((topic) => [topic.name, topic.partitions.map((one) => [one.partitionIndex, one.committedOffset])]),
  )
  const remove = async (groupId: string, name: string): Promise<unknown> => {
    const topics = [{ name, partitions: [{ partitionIndex: 0 }] }]
    const answer = await client.ask(apis.OffsetDelete, 0, { groupId, topics })
    return [answer.errorCode, answer.topics.map((topic) => topic.partitions.map((one) => one.errorCode))]
  }
  talk.see('delete offsets of no group', await remove('none', 'order'))
  talk.see('nobody leaves', (await client.ask(apis.LeaveGroup, 1, { ...group, memberId: 'nobody' })).errorCode)
  talk.see('leave', (await client.ask(apis.LeaveGroup, 1, { ...group, memberId })).errorCode)
  talk.see('leave no group', (await client.ask(apis.LeaveGroup, 1, { groupId: 'none', memberId })).errorCode)
  talk.see('delete offsets', await remove(group.groupId, 'order'))
  talk.see('delete offsets of a topic that does not exist', await remove(group.groupId, 'none'))
}

async function inspection(talk: Conversation): Promise<void> {
  const { client } = talk
  for (const version of [8, 9, 10]) {
    const answer = await client.ask(apis.OffsetFetch, version, { groups: [{ groupId: 'none', topics: null }] })
    talk.see(`all offsets of no group, v${version}`, [answer.groups[0]!.errorCode, answer.groups[0]!.topics.length])
  }
  const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ'
  const byId = await client.ask(apis.OffsetFetch, 10, {
    groups: [{ groupId: 'none', topics: [{ topicId: unknownId, partitionIndexes: [0] }] }],
  })
  talk.see('offsets of an unknown id', [
    byId.groups[0]!.errorCode,
    byId.groups[0]!.topics.map((topic) => topic.partitions.map((one) => [one.errorCode, one.committedOffset])),
  ])
  const commit = await client.ask(apis.OffsetCommit, 10, {
    groupId: 'by-id',
    topics: [{ topicId: unknownId, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
  })
  talk.see('commit of an unknown id', commit.topics[0]!.partitions[0]!.errorCode)
  const share = await client.ask(apis.FindCoordinator, 6, { keyType: 7, coordinatorKeys: ['a'] }).catch(() => undefined)
  talk.see('coordinator of an unknown kind', share?.coordinators[0]?.errorCode)
  const transactions = await client.ask(apis.DescribeTransactions, 0, { transactionalIds: ['none', ''] })
  talk.see(
    'transactions',
    transactions.transactionStates.map((one) => one.errorCode),
  )
  const listed = await client.ask(apis.ListTransactions, 1, { stateFilters: ['Ongoing', 'Nonsense'] })
  talk.see('list', [listed.errorCode, listed.unknownStateFilters])
  const producers = await client.ask(apis.DescribeProducers, 0, { topics: [{ name: 'none', partitionIndexes: [0] }] })
  talk.see('producers', producers.topics[0]!.partitions[0]!.errorCode)
  const groups = await client.ask(apis.ListGroups, 5, { statesFilter: ['Dead'], typesFilter: ['classic'] })
  talk.see('groups', [groups.errorCode, groups.groups.length])
  const none = await client.ask(apis.DescribeGroups, 6, { groups: [''] })
  talk.see('group without a name', none.groups[0]!.errorCode)
  const deleted = await client.ask(apis.DeleteGroups, 2, { groupsNames: [''] })
  talk.see('delete a group without a name', deleted.results[0]!.errorCode)
  const heartbeat = await client.ask(apis.Heartbeat, 4, { groupId: '', memberId: 'a', generationId: 1 })
  talk.see('heartbeat without a group', heartbeat.errorCode)
  const sync = await client.ask(apis.SyncGroup, 5, { groupId: '', memberId: 'a', generationId: 1 })
  talk.see('sync without a group', sync.errorCode)
  const leave = await client.ask(apis.LeaveGroup, 5, { groupId: '', members: [{ memberId: 'a' }] })
  talk.see('leave without a group', [leave.errorCode, leave.members.length])
  const gone = await client.ask(apis.LeaveGroup, 5, { groupId: 'none', members: [{ memberId: 'a' }] })
  talk.see('leave a group that does not exist', [gone.errorCode, gone.members.map((one) => one.errorCode)])
}

async function staticMembers(talk: Conversation): Promise<void> {
  const { client } = talk
  const group = { groupId: 'static-readers', groupInstanceId: 'one' }
  const join = (memberId: string, version: number): Promise<JoinAnswer> =>
    client.askUntil((answer) => !notYet.includes(answer.errorCode), apis.JoinGroup, version, {
      ...group,
      memberId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    })
  const first = await join('', 9)
  talk.see('joins at once', [first.errorCode, first.generationId, first.skipAssignment])
  const sync = async (memberId: string, assigned: string): Promise<[number, string]> => {
    const assignments = assigned === '' ? [] : [{ memberId, assignment: Buffer.from(assigned) }]
    const protocol = { protocolType: 'consumer', protocolName: 'range' }
    const answer = await client.ask(apis.SyncGroup, 5, {
      ...group,
      ...protocol,
      memberId,
      generationId: 1,
      assignments,
    })
    return [answer.errorCode, answer.assignment.toString()]
  }
  talk.see('sync', await sync(first.memberId, 'all'))
  const restarted = await join('', 9)
  const isOwnLeader = restarted.leader === restarted.memberId
  talk.see('restarts', [restarted.errorCode, restarted.generationId, restarted.skipAssignment, isOwnLeader])
  talk.see('sync after the restart', await sync(restarted.memberId, ''))
  talk.see('the former self is fenced', (await sync(first.memberId, ''))[0])
  const older = await join('', 8)
  talk.see('restarts as v8', [older.errorCode, older.generationId, older.leader === restarted.memberId])
  talk.see('the former self joins', (await join(restarted.memberId, 9)).errorCode)
}

const conversations = {
  idempotence,
  newerTransactions,
  firstSequences,
  olderTransactions,
  fencing,
  groups,
  oldClientsInGroups,
  staticMembers,
  inspection,
}

async function observe(brokers: string): Promise<Record<string, Observations>> {
  const client = await RawClient.open(brokers)
  try {
    await client.ask(apis.CreateTopics, 7, {
      topics: [{ name: 'order', numPartitions: 2, replicationFactor: 1 }],
      timeoutMs: 10_000,
    })
    for (const keyType of [0, 1]) {
      await client.askUntil(
        (answer) => answer.coordinators[0]!.errorCode === 0,
        ...([apis.FindCoordinator, 4, { keyType, coordinatorKeys: ['any'] }] as const),
      )
    }
    const all: Record<string, Observations> = {}
    for (const [name, conversation] of Object.entries(conversations)) {
      const talk = new Conversation(client)
      await conversation(talk)
      all[name] = talk.seen
    }
    return all
  } finally {
    client.close()
  }
}

test('coordinators answer as those of Apache Kafka do', {
  skip: apacheKafkaUnavailable() ?? false,
  timeout: 180_000,
}, async () => {
  await using kafka = await startApacheKafka({ config: { 'group.initial.rebalance.delay.ms': '0' } })
  await using broker = await startBroker({ memory: true })
  const theirs = await observe(kafka.brokers)
  assert.deepEqual(await observe(broker.brokers), theirs)
})
