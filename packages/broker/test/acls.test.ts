import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import {
  apis,
  type CreateAclsRequest,
  type DeleteAclsResponse,
  type DescribeAclsRequest,
  type DescribeAclsResponse,
  ErrorCode,
  encodeRequest,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { standardAuthorizer } from '../src/core/config/security-config-definitions.ts'
import { PatternType, Permission } from '../src/core/security/acls/acl.ts'
import { AclOperation, type Denial, ResourceType } from '../src/core/security/authorization.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { beginFetch, fetchNow, produce } from './support/requests.ts'

type Creation = MessageInput<CreateAclsRequest['creations'][number]>
type Filter = MessageInput<DescribeAclsRequest>

const config = { 'authorizer.class.name': standardAuthorizer, 'super.users': 'User:root;User:CN=ops,O=Acme' }
const { ANY, ALL, READ, WRITE, CREATE, ALTER, DESCRIBE, DESCRIBE_CONFIGS } = AclOperation
const { LITERAL, PREFIXED, MATCH } = PatternType

function clientAs(core: BrokerCore, name: string, clientHost?: string): CoreClient {
  const client = new CoreClient(core, clientHost)
  client.session.principal = { type: 'User', name }
  return client
}

function secured(options: Parameters<typeof testCore>[0] = {}) {
  const made = testCore({ config, ...options })
  return { ...made, root: clientAs(made.core, 'root'), alice: clientAs(made.core, 'alice') }
}

function acl(given: Partial<Creation> = {}): Creation {
  return {
    resourceType: ResourceType.TOPIC,
    resourceName: 'orders',
    resourcePatternType: LITERAL,
    principal: 'User:alice',
    host: '*',
    operation: READ,
    permissionType: Permission.ALLOW,
    ...given,
  }
}

function create(client: CoreClient, ...creations: Creation[]): number[] {
  return client.call(apis.CreateAcls, 3, { creations }).results.map((result) => result.errorCode)
}

const everything: Filter = {
  resourceTypeFilter: ResourceType.ANY,
  resourceNameFilter: null,
  patternTypeFilter: PatternType.ANY,
  principalFilter: null,
  hostFilter: null,
  operation: ANY,
  permissionType: Permission.ANY,
}

function remove(client: CoreClient, ...filters: Filter[]): DeleteAclsResponse['filterResults'] {
  const wanted = filters.map((filter) => ({ ...everything, ...filter }))
  return client.call(apis.DeleteAcls, 3, { filters: wanted }).filterResults
}

function describe(client: CoreClient, filter: Filter = {}): DescribeAclsResponse {
  return client.call(apis.DescribeAcls, 3, { ...everything, ...filter })
}

/** Names and principals of what a filter finds, as text. */
function found(client: CoreClient, filter: Filter = {}): string[] {
  const { resources } = describe(client, filter)
  return resources
    .flatMap(({ resourceName, patternType, acls }) =>
      acls.map(
        ({ principal, operation }) => `${resourceName}${patternType === PREFIXED ? '+' : ''} ${principal} ${operation}`,
      ),
    )
    .sort()
}

test('without an authorizer everyone may do everything, and ACLs are refused as Kafka refuses them', () => {
  const { client } = testCore()
  assert.equal(describe(client).errorCode, ErrorCode.SECURITY_DISABLED)
  assert.deepEqual(create(client, acl(), acl()), [ErrorCode.SECURITY_DISABLED, ErrorCode.SECURITY_DISABLED])
  assert.deepEqual(
    remove(client, {}).map((result) => result.errorCode),
    [ErrorCode.SECURITY_DISABLED],
  )
  createTopic(client, 'orders')
  assert.equal(produce(client, 'orders', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
})

test('super users are those named, whatever is denied to them', () => {
  const { core, root } = secured()
  assert.deepEqual(
    create(root, acl({ principal: 'User:*', resourceName: '*', operation: ALL, permissionType: Permission.DENY })),
    [0],
  )
  createTopic(root, 'orders')
  assert.equal(produce(root, 'orders', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
  const ops = clientAs(core, 'CN=ops,O=Acme')
  assert.equal(fetchNow(ops, 'orders', 0).errorCode, ErrorCode.NONE)
  assert.equal(fetchNow(clientAs(core, 'ops'), 'orders', 0).errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
})

test('a super user that is no principal is refused at the start', () => {
  assert.throws(() => testCore({ config: { ...config, 'super.users': 'root' } }), { code: 'BROKER_CONFIG_INVALID' })
  assert.throws(() => testCore({ config: { 'authorizer.class.name': 'com.example.Mine' } }), {
    code: 'BROKER_CONFIG_INVALID',
  })
})

test('what no ACL is about is everyone’s only where the setting says so', () => {
  const { root, alice } = secured({ config: { ...config, 'allow.everyone.if.no.acl.found': 'true' } })
  createTopic(root, 'orders')
  createTopic(root, 'payments')
  create(root, acl({ principal: 'User:bob' }))
  assert.equal(fetchNow(alice, 'orders', 0).errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  assert.equal(fetchNow(alice, 'payments', 0).errorCode, ErrorCode.NONE)
})

test('rights are those of the host that the connection came from', () => {
  const { core, root } = secured()
  createTopic(root, 'orders')
  create(root, acl({ host: '10.0.0.1' }))
  assert.equal(fetchNow(clientAs(core, 'alice', '::ffff:10.0.0.1'), 'orders', 0).errorCode, ErrorCode.NONE)
  const elsewhere = clientAs(core, 'alice', '10.0.0.2')
  assert.equal(fetchNow(elsewhere, 'orders', 0).errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
})

test('what is wrong with an ACL is refused by itself, the others of the request are made', () => {
  const { root } = secured()
  const { INVALID_REQUEST, NONE } = ErrorCode
  const wrong: Partial<Creation>[] = [
    { resourceName: '' },
    { resourceType: ResourceType.CLUSTER, resourceName: 'mine' },
    { resourceType: ResourceType.ANY },
    { resourceType: 0 },
    { resourceType: 99 },
    { resourcePatternType: PatternType.ANY },
    { resourcePatternType: MATCH },
    { operation: ANY },
    { operation: 77 },
    { permissionType: Permission.ANY },
    { principal: 'alice' },
  ]
  assert.deepEqual(create(root, acl(), ...wrong.map(acl), acl({ operation: WRITE })), [
    NONE,
    ...wrong.map(() => INVALID_REQUEST),
    NONE,
  ])
  assert.deepEqual(found(root), ['orders User:alice 3', 'orders User:alice 4'])
})

test('an ACL that is there already is made once', () => {
  const { root } = secured()
  assert.deepEqual(create(root, acl(), acl()), [0, 0])
  assert.deepEqual(create(root, acl()), [0])
  assert.deepEqual(found(root), ['orders User:alice 3'])
})

test('filters find by pattern, by what a resource comes under, and by each field', () => {
  const { root } = secured()
  create(
    root,
    acl(),
    acl({ resourceName: '*', principal: 'User:*', operation: DESCRIBE }),
    acl({ resourceName: 'ord', resourcePatternType: PREFIXED, operation: WRITE, host: '10.0.0.1' }),
    acl({ resourceName: 'orders', resourcePatternType: PREFIXED, permissionType: Permission.DENY }),
    acl({ resourceType: ResourceType.GROUP, resourceName: 'orders', principal: 'User:bob' }),
  )
  const topic = { resourceTypeFilter: ResourceType.TOPIC }
  assert.equal(found(root).length, 5)
  assert.equal(found(root, topic).length, 4)
  const onOrders = { ...topic, resourceNameFilter: 'orders' }
  assert.deepEqual(found(root, onOrders), ['orders User:alice 3', 'orders+ User:alice 3'])
  assert.deepEqual(found(root, { ...onOrders, patternTypeFilter: PREFIXED }), ['orders+ User:alice 3'])
  assert.deepEqual(found(root, { ...onOrders, patternTypeFilter: LITERAL }), ['orders User:alice 3'])
  assert.deepEqual(found(root, { ...onOrders, patternTypeFilter: MATCH }), [
    '* User:* 8',
    'ord+ User:alice 4',
    'orders User:alice 3',
    'orders+ User:alice 3',
  ])
  assert.deepEqual(
    found(root, { resourceNameFilter: 'orders', patternTypeFilter: MATCH, principalFilter: 'User:bob' }),
    ['orders User:bob 3'],
  )
  assert.deepEqual(found(root, { hostFilter: '10.0.0.1' }), ['ord+ User:alice 4'])
  assert.deepEqual(found(root, { permissionType: Permission.DENY }), ['orders+ User:alice 3'])
  assert.deepEqual(found(root, { operation: ALL }), [])
  assert.equal(describe(root, { patternTypeFilter: 0 }).errorCode, ErrorCode.INVALID_REQUEST)
  assert.equal(describe(root, { resourceTypeFilter: 42 }).errorCode, ErrorCode.INVALID_REQUEST)
})

test('deleting tells for each filter what went, and a wrong filter deletes nothing', () => {
  const { root } = secured()
  create(root, acl(), acl({ operation: WRITE }), acl({ principal: 'User:bob' }))
  const [alices, reads, wrong] = remove(
    root,
    { principalFilter: 'User:alice' },
    { operation: READ },
    { permissionType: 9 },
  )
  assert.deepEqual(
    alices!.matchingAcls.map((one) => one.operation),
    [READ, WRITE],
  )
  assert.deepEqual(
    reads!.matchingAcls.map((one) => one.principal),
    ['User:alice', 'User:bob'],
  )
  assert.equal(wrong!.errorCode, ErrorCode.INVALID_REQUEST)
  assert.deepEqual(found(root), [])
})

test('ACLs last', () => {
  const { core, storage, root, clock } = secured()
  create(root, acl(), acl({ operation: WRITE }), acl({ resourceName: 'pay', resourcePatternType: PREFIXED }))
  remove(root, { operation: WRITE })
  const expected = found(root)
  core.close()
  const again = secured({ storage, clock })
  assert.deepEqual(found(again.root), expected)
  assert.deepEqual(expected, ['orders User:alice 3', 'pay+ User:alice 3'])
  again.core.close()
  // Without an authorizer they are kept all the same.
  testCore({ storage, clock }).core.close()
  assert.deepEqual(found(secured({ storage, clock }).root), expected)
})

for (const durability of ['write', 'fsync'] as const) {
  test(`with ${durability} a request to create ACLs survives ${durability === 'fsync' ? 'a power loss' : 'a kill'} as a whole`, () => {
    const storage = simulatedStorage({ random: seededRandom(3) })
    const { root, clock } = secured({ storage, durability })
    create(root, ...Array.from({ length: 50 }, (_none, at) => acl({ principal: `User:u${at}` })))
    storage.crash(durability === 'fsync' ? 'power' : 'kill')
    assert.equal(found(secured({ storage, clock, durability }).root).length, 50)
  })
}

test('a full disk gives an error and changes no right', () => {
  const storage = simulatedStorage({ random: seededRandom(5) })
  const { core, root, alice, clock } = secured({ storage })
  createTopic(root, 'orders')
  create(root, acl())
  storage.freeBytes = 20
  assert.deepEqual(create(root, acl({ operation: WRITE }), acl({ resourceName: '' })), [
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.INVALID_REQUEST,
  ])
  assert.deepEqual(
    remove(root, {}).map((result) => [result.errorCode, result.matchingAcls.length]),
    [[ErrorCode.KAFKA_STORAGE_ERROR, 0]],
  )
  assert.equal(fetchNow(alice, 'orders', 0).errorCode, ErrorCode.NONE)
  assert.equal(produce(alice, 'orders', batch([{ value: 'a' }])).errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  storage.freeBytes = Number.POSITIVE_INFINITY
  assert.deepEqual(create(root, acl({ operation: WRITE })), [ErrorCode.NONE])
  assert.equal(produce(alice, 'orders', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
  core.close()
  assert.equal(found(secured({ storage, clock }).root).length, 2)
})

test('a request with more changes than one may have changes nothing', () => {
  const { root } = secured()
  const many = Array.from({ length: 10_001 }, (_none, at) => acl({ principal: `User:u${at}` }))
  assert.deepEqual(new Set(create(root, ...many)), new Set([ErrorCode.POLICY_VIOLATION]))
  const long = Array.from({ length: 300 }, (_none, at) => acl({ resourceName: `${at}${'n'.repeat(32_000)}` }))
  assert.deepEqual(new Set(create(root, ...long)), new Set([ErrorCode.POLICY_VIOLATION]))
  assert.deepEqual(found(root), [])
  assert.deepEqual(new Set(create(root, ...many.slice(1))), new Set([ErrorCode.NONE]))
  create(root, ...many)
  assert.equal(found(root).length, 10_001)
  assert.equal(remove(root, {})[0]!.errorCode, ErrorCode.POLICY_VIOLATION)
  assert.equal(remove(root, ...new Array<Filter>(11).fill({}))[0]!.errorCode, ErrorCode.POLICY_VIOLATION)
  assert.equal(remove(root, { principalFilter: 'User:u7' })[0]!.matchingAcls.length, 1)
  assert.equal(remove(root, {})[0]!.matchingAcls.length, 10_000)
  assert.deepEqual(found(root), [])
})

test('operations that are told are those that are allowed (KIP-430)', () => {
  const { root, alice } = secured()
  createTopic(root, 'orders')
  create(root, acl({ operation: WRITE }), acl({ resourceType: ResourceType.GROUP, resourceName: 'app' }))
  const metadata = (): number =>
    alice.call(apis.Metadata, 12, { topics: [{ name: 'orders' }], includeTopicAuthorizedOperations: true }).topics[0]!
      .topicAuthorizedOperations
  assert.equal(metadata(), (1 << WRITE) | (1 << DESCRIBE))
  create(root, acl({ operation: WRITE, permissionType: Permission.DENY }))
  create(root, acl({ operation: READ }))
  assert.equal(metadata(), (1 << READ) | (1 << DESCRIBE))
  const pages = alice.call(apis.DescribeTopicPartitions, 0, { topics: [{ name: 'orders' }], responsePartitionLimit: 1 })
  assert.equal(pages.topics[0]!.topicAuthorizedOperations, (1 << READ) | (1 << DESCRIBE))
  root.call(apis.OffsetCommit, 9, {
    groupId: 'app',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  })
  const [group] = alice.call(apis.DescribeGroups, 5, { groups: ['app'], includeAuthorizedOperations: true }).groups
  assert.equal(group!.authorizedOperations, (1 << READ) | (1 << DESCRIBE))
  const cluster = (): number =>
    alice.call(apis.DescribeCluster, 0, { includeClusterAuthorizedOperations: true }).clusterAuthorizedOperations
  assert.equal(cluster(), 0)
  create(root, acl({ resourceType: ResourceType.CLUSTER, resourceName: 'kafka-cluster', operation: ALTER }))
  assert.equal(cluster(), (1 << ALTER) | (1 << DESCRIBE))
  assert.equal(alice.call(apis.DescribeCluster, 0, {}).clusterAuthorizedOperations, -2147483648)
})

test('who may create a topic but not see its settings learns its id alone', () => {
  const { core, root, alice } = secured()
  create(root, acl({ operation: CREATE }))
  const request = { topics: [{ name: 'orders', numPartitions: 2, replicationFactor: 1 }], timeoutMs: 1000 }
  const [created] = alice.call(apis.CreateTopics, 7, request).topics
  assert.equal(created!.errorCode, ErrorCode.NONE)
  assert.equal(created!.topicId, core.topics.topic('orders')!.id)
  assert.equal(created!.topicConfigErrorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  assert.deepEqual([created!.numPartitions, created!.replicationFactor, created!.configs], [-1, -1, []])
  create(
    root,
    acl({ resourceName: 'payments', operation: DESCRIBE_CONFIGS }),
    acl({ resourceName: 'payments', operation: CREATE }),
  )
  const [told] = alice.call(apis.CreateTopics, 7, {
    ...request,
    topics: [{ ...request.topics[0], name: 'payments' }],
  }).topics
  assert.equal(told!.topicConfigErrorCode, ErrorCode.NONE)
  assert.equal(told!.numPartitions, 2)
})

test('the name of an id is told to who may see the topic, not to others', () => {
  const { core, root, alice } = secured()
  createTopic(root, 'orders')
  const { id: topicId } = core.topics.topic('orders')!
  const nameTold = (): unknown => {
    const { responses } = alice.call(apis.DeleteTopics, 6, { topics: [{ name: null, topicId }], timeoutMs: 1000 })
    assert.equal(responses[0]!.errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    return responses[0]!.name
  }
  assert.equal(nameTold(), null)
  create(root, acl({ operation: DESCRIBE }))
  assert.equal(nameTold(), 'orders')
})

test('a right that is taken away shows in a fetch session that is open', () => {
  const { root, alice } = secured()
  createTopic(root, 'orders')
  create(root, acl())
  const fetch = (sessionId: number, sessionEpoch: number, topics: MessageInput<never>[] = []) =>
    alice.call(apis.Fetch, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, sessionId, sessionEpoch, topics })
  const asked = { topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }
  const { sessionId } = fetch(0, 0, [asked as MessageInput<never>])
  produce(root, 'orders', batch([{ value: 'a' }]))
  const { records } = fetch(sessionId, 1).responses[0]!.partitions[0]!
  assert.deepEqual(readAll(records), [[0, 'a']])
  remove(root, {})
  const [refused] = fetch(sessionId, 2).responses[0]!.partitions
  assert.equal(refused!.errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  assert.deepEqual(readAll(refused!.records), [])
  create(root, acl())
  assert.deepEqual(readAll(fetch(sessionId, 3).responses[0]!.partitions[0]!.records), [[0, 'a']])
})

test('a fetch that waits gives nothing of what may no longer be read', () => {
  const { root, alice, clock } = secured()
  createTopic(root, 'orders')
  create(root, acl())
  const waiting = beginFetch(alice, 'orders', 0, { maxWaitMs: 500 })
  remove(root, {})
  produce(root, 'orders', batch([{ value: 'secret' }]))
  clock.advance(500)
  const [partition] = waiting.body!.responses[0]!.partitions
  assert.equal(partition!.errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  assert.deepEqual(readAll(partition!.records), [])
  assert.equal(partition!.highWatermark, -1)
})

test('a produce of two topics is taken where it is allowed and refused where it is not', () => {
  const { core, root, alice } = secured()
  createTopic(root, 'orders')
  createTopic(root, 'payments')
  create(root, acl({ operation: WRITE }))
  const records = batch([{ value: 'a' }])
  const data = (name: string) => ({ name, partitionData: [{ index: 0, records: Buffer.from(records) }] })
  const { responses } = alice.call(apis.Produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [data('orders'), data('payments'), data('nowhere')],
  })
  assert.deepEqual(
    responses.map(({ name, partitionResponses: [one] }) => [name, one!.errorCode]),
    [
      ['orders', ErrorCode.NONE],
      ['payments', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
      ['nowhere', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
    ],
  )
  assert.equal(core.partition('payments', 0)!.logEndOffset, 0)
})

test('a produce that wants no answer closes its connection when it is refused, and only then', () => {
  const { core, root } = secured()
  createTopic(root, 'orders')
  create(root, acl({ operation: WRITE }))
  const dropped: string[] = []
  const session = core.open({ clientHost: 'test', onDrop: (error) => dropped.push(error.message) })
  session.principal = { type: 'User', name: 'alice' }
  const send = (name: string): void => {
    const topicData = [{ name, partitionData: [{ index: 0, records: batch([{ value: 'a' }]) }] }]
    const body = { acks: 0, timeoutMs: 1000, topicData }
    const bytes = encodeRequest({ api: apis.Produce, version: 9, correlationId: 1, clientId: 'test', body })
    session.handle(bytes, (response) => assert.equal(response, undefined))
  }
  send('orders')
  assert.deepEqual(dropped, [])
  assert.equal(core.partition('orders', 0)!.logEndOffset, 1)
  send('payments')
  assert.deepEqual(dropped, ['a produce that wants no answer failed'])
})

test('a commit is refused for topics that may not be read, and made for the others', () => {
  const { root, alice } = secured()
  createTopic(root, 'orders')
  createTopic(root, 'payments')
  create(root, acl(), acl({ resourceType: ResourceType.GROUP, resourceName: 'app' }))
  const topics = ['orders', 'payments'].map((name) => ({
    name,
    partitions: [{ partitionIndex: 0, committedOffset: 5 }],
  }))
  const commit = (memberId: string, generationIdOrMemberEpoch: number): number[] =>
    alice
      .call(apis.OffsetCommit, 8, { groupId: 'app', generationIdOrMemberEpoch, memberId, topics })
      .topics.map(({ partitions: [one] }) => one!.errorCode)
  assert.deepEqual(commit('', -1), [ErrorCode.NONE, ErrorCode.TOPIC_AUTHORIZATION_FAILED])
  assert.deepEqual(commit('nobody', 4), [ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.TOPIC_AUTHORIZATION_FAILED])
  const { groups } = root.call(apis.OffsetFetch, 8, { groups: [{ groupId: 'app', topics: null }] })
  assert.deepEqual(
    groups[0]!.topics.map(({ name }) => name),
    ['orders'],
  )
})

test('refusals are reported, lists that leave things out are not', () => {
  const { core, root, alice } = secured()
  createTopic(root, 'orders')
  const denials: Denial[] = []
  core.denied = (denial) => denials.push(denial)
  alice.call(apis.Metadata, 12, { topics: null })
  alice.call(apis.ListGroups, 4, {})
  alice.call(apis.CreateTopics, 7, { topics: [{ name: 'mine', numPartitions: 1, replicationFactor: 1 }] })
  fetchNow(alice, 'orders', 0)
  assert.deepEqual(
    denials.map(({ api, operation, resourceName, principal, clientHost }) => [
      api,
      operation,
      resourceName,
      principal.name,
      clientHost,
    ]),
    [
      ['CreateTopics', CREATE, 'mine', 'alice', '/127.0.0.1'],
      ['Fetch', READ, 'orders', 'alice', '/127.0.0.1'],
    ],
  )
})
