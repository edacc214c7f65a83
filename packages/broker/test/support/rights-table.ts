import { apis, ErrorCode, type MessageInput, type MessageType, ZERO_UUID } from '@millrace/protocol'
import { AclOperation, ResourceType } from '../../src/core/security/authorization.ts'
import { batch } from './records.ts'

const {
  READ,
  WRITE,
  CREATE,
  DELETE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
} = AclOperation
const { TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID } = ResourceType

export type Right = readonly [operation: AclOperation, type: ResourceType]

/** What a request names; each exists, or none does. */
export interface Subject {
  readonly topic: string
  readonly topicId: string
  readonly group: string
  readonly transactionalId: string
  readonly producerId: number
}

/** One right, or one of several, that a request needs. */
interface Need {
  readonly anyOf: readonly Right[]
  /** The error without it; undefined where the answer leaves out what must not be seen. */
  readonly code: number | undefined
}

interface Api<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

/** A request and the rights without which nothing is done and nothing told. */
export interface Row {
  readonly api: Api<never, unknown>
  readonly versions: readonly number[]
  readonly what: string
  readonly body: (subject: Subject) => MessageInput<never>
  readonly needs: readonly Need[]
  /** Named by id: an id that nobody has is told as unknown, as Kafka does, for ids are no secret. */
  readonly byId: boolean
}

const topicDenied = ErrorCode.TOPIC_AUTHORIZATION_FAILED
const groupDenied = ErrorCode.GROUP_AUTHORIZATION_FAILED
const clusterDenied = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
const transactionDenied = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED

const onTopic = (operation: AclOperation): Need => ({ anyOf: [[operation, TOPIC]], code: topicDenied })
const onGroup = (operation: AclOperation): Need => ({ anyOf: [[operation, GROUP]], code: groupDenied })
const onCluster = (operation: AclOperation): Need => ({ anyOf: [[operation, CLUSTER]], code: clusterDenied })
const onTransaction = (operation: AclOperation): Need => ({
  anyOf: [[operation, TRANSACTIONAL_ID]],
  code: transactionDenied,
})
const oneOf = (code: number, ...anyOf: Right[]): Need => ({ anyOf, code })
/** Without it the answer leaves the thing out. */
const toSee = (...anyOf: Right[]): Need => ({ anyOf, code: undefined })

function row<Request, Response>(
  api: Api<Request, Response>,
  versions: number | readonly number[],
  body: (subject: Subject) => MessageInput<Request>,
  needs: readonly Need[],
  options: { what?: string; byId?: boolean } = {},
): Row {
  return {
    api: api as unknown as Row['api'],
    versions: typeof versions === 'number' ? [versions] : versions,
    body: body as unknown as Row['body'],
    needs,
    what: options.what ?? '',
    byId: options.byId ?? false,
  }
}

const records = (transactional: boolean, producerId: number): Buffer =>
  transactional
    ? batch([{ value: 'new' }], { producerId, producerEpoch: 0, baseSequence: 1, transactional: true })
    : batch([{ value: 'new' }])

const configResource = { topic: 2, broker: 4, logger: 8, clientMetrics: 16, group: 32 } as const
const configCases = ({ topic, group }: Subject) =>
  [
    ['topic', configResource.topic, topic, TOPIC, topicDenied, 'retention.ms', '1000'],
    ['broker', configResource.broker, '1', CLUSTER, clusterDenied, 'log.retention.ms', '7000000'],
    ['client metrics', configResource.clientMetrics, 'push', CLUSTER, clusterDenied, 'interval.ms', '1000'],
    ['group', configResource.group, group, GROUP, groupDenied, 'consumer.heartbeat.interval.ms', '6000'],
  ] as const
const anySubject: Subject = { topic: '', topicId: '', group: '', transactionalId: '', producerId: 0 }

const configRows = configCases(anySubject).flatMap(([what, resourceType, , type, code, name, value], at) => {
  const resourceName = (subject: Subject): string => configCases(subject)[at]![2]
  return [
    row(
      apis.DescribeConfigs,
      [1, 4],
      (subject) => ({ resources: [{ resourceType, resourceName: resourceName(subject), configurationKeys: null }] }),
      [oneOf(code, [DESCRIBE_CONFIGS, type], [ALTER_CONFIGS, type])],
      { what },
    ),
    row(
      apis.AlterConfigs,
      [0, 2],
      (subject) => ({
        resources: [{ resourceType, resourceName: resourceName(subject), configs: [{ name, value }] }],
      }),
      [oneOf(code, [ALTER_CONFIGS, type])],
      { what },
    ),
    row(
      apis.IncrementalAlterConfigs,
      [0, 1],
      (subject) => ({
        resources: [
          { resourceType, resourceName: resourceName(subject), configs: [{ name, configOperation: 0, value }] },
        ],
      }),
      [oneOf(code, [ALTER_CONFIGS, type])],
      { what },
    ),
  ]
})

const topicRows: Row[] = [
  row(
    apis.Produce,
    [3, 12],
    ({ topic }) => ({
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: records(false, -1) }] }],
    }),
    [onTopic(WRITE)],
  ),
  row(
    apis.Produce,
    13,
    ({ topicId }) => ({
      acks: 1,
      timeoutMs: 1000,
      topicData: [{ topicId, partitionData: [{ index: 0, records: records(false, -1) }] }],
    }),
    [onTopic(WRITE)],
    { byId: true, what: 'by id' },
  ),
  row(
    apis.Produce,
    [11, 12],
    ({ topic, transactionalId, producerId }) => ({
      transactionalId,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: records(true, producerId) }] }],
    }),
    [onTransaction(WRITE), onTopic(WRITE)],
    { what: 'in a transaction' },
  ),
  row(
    apis.Fetch,
    [4, 12],
    ({ topic }) => ({
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    }),
    [onTopic(READ)],
  ),
  row(
    apis.Fetch,
    [13, 17],
    ({ topicId }) => ({
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
    }),
    [onTopic(READ)],
    { byId: true, what: 'by id' },
  ),
  row(
    apis.ListOffsets,
    [1, 10],
    ({ topic }) => ({ replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }] }),
    [onTopic(DESCRIBE)],
  ),
  row(apis.Metadata, [4, 9, 13], ({ topic }) => ({ topics: [{ name: topic }], allowAutoTopicCreation: false }), [
    onTopic(DESCRIBE),
  ]),
  row(
    apis.Metadata,
    [12, 13],
    ({ topicId }) => ({ topics: [{ name: null, topicId }], allowAutoTopicCreation: false }),
    [onTopic(DESCRIBE)],
    { byId: true, what: 'by id' },
  ),
  row(apis.Metadata, [1, 13], () => ({ topics: null }), [toSee([DESCRIBE, TOPIC], [READ, TOPIC])], {
    what: 'of all topics',
  }),
  row(
    apis.Metadata,
    [4, 12],
    ({ topic }) => ({ topics: [{ name: `automatic-${topic}` }], allowAutoTopicCreation: true }),
    [onTopic(DESCRIBE), oneOf(topicDenied, [CREATE, TOPIC], [CREATE, CLUSTER])],
    { what: 'that creates the topic' },
  ),
  row(
    apis.CreateTopics,
    [2, 7],
    ({ topic }) => ({
      topics: [{ name: `created-${topic}`, numPartitions: 1, replicationFactor: 1 }],
      timeoutMs: 1000,
    }),
    [oneOf(topicDenied, [CREATE, CLUSTER], [CREATE, TOPIC])],
  ),
  row(apis.DeleteTopics, [1, 5], ({ topic }) => ({ topicNames: [topic], timeoutMs: 1000 }), [
    oneOf(topicDenied, [DELETE, TOPIC]),
  ]),
  row(
    apis.DeleteTopics,
    6,
    ({ topic }) => ({ topics: [{ name: topic, topicId: ZERO_UUID }], timeoutMs: 1000 }),
    [oneOf(topicDenied, [DELETE, TOPIC])],
    { what: 'by name' },
  ),
  row(
    apis.DeleteTopics,
    6,
    ({ topicId }) => ({ topics: [{ name: null, topicId }], timeoutMs: 1000 }),
    [oneOf(topicDenied, [DELETE, TOPIC])],
    { byId: true, what: 'by id' },
  ),
  row(
    apis.DeleteRecords,
    [0, 2],
    ({ topic }) => ({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 1 }] }], timeoutMs: 1000 }),
    [onTopic(DELETE)],
  ),
  row(
    apis.OffsetForLeaderEpoch,
    [3, 4],
    ({ topic }) => ({ replicaId: -1, topics: [{ topic, partitions: [{ partition: 0, leaderEpoch: 0 }] }] }),
    [oneOf(topicDenied, [DESCRIBE, TOPIC], [CLUSTER_ACTION, CLUSTER])],
  ),
  row(apis.CreatePartitions, [0, 3], ({ topic }) => ({ topics: [{ name: topic, count: 3 }], timeoutMs: 1000 }), [
    onTopic(ALTER),
  ]),
  row(apis.DescribeProducers, 0, ({ topic }) => ({ topics: [{ name: topic, partitionIndexes: [0] }] }), [
    onTopic(READ),
  ]),
  row(apis.DescribeTopicPartitions, 0, ({ topic }) => ({ topics: [{ name: topic }], responsePartitionLimit: 10 }), [
    onTopic(DESCRIBE),
  ]),
  row(
    apis.DescribeTopicPartitions,
    0,
    () => ({ topics: [], responsePartitionLimit: 100 }),
    [toSee([DESCRIBE, TOPIC])],
    { what: 'of all topics' },
  ),
]

const groupRows: Row[] = [
  row(
    apis.OffsetCommit,
    [2, 9],
    ({ group, topic }) => ({
      groupId: group,
      generationIdOrMemberEpoch: -1,
      topics: [{ name: topic, partitions: [{ partitionIndex: 1, committedOffset: 1 }] }],
    }),
    [onGroup(READ), onTopic(READ)],
  ),
  row(
    apis.OffsetCommit,
    10,
    ({ group, topicId }) => ({
      groupId: group,
      generationIdOrMemberEpoch: -1,
      topics: [{ topicId, partitions: [{ partitionIndex: 1, committedOffset: 1 }] }],
    }),
    [onGroup(READ), onTopic(READ)],
    { byId: true, what: 'by id' },
  ),
  row(
    apis.OffsetFetch,
    [1, 7],
    ({ group, topic }) => ({ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }),
    [onGroup(DESCRIBE), onTopic(DESCRIBE)],
  ),
  row(
    apis.OffsetFetch,
    [8, 9],
    ({ group, topic }) => ({
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
    }),
    [onGroup(DESCRIBE), onTopic(DESCRIBE)],
    { what: 'of groups' },
  ),
  row(
    apis.OffsetFetch,
    10,
    ({ group, topicId }) => ({ groups: [{ groupId: group, topics: [{ topicId, partitionIndexes: [0] }] }] }),
    [onGroup(DESCRIBE), onTopic(DESCRIBE)],
    { byId: true, what: 'by id' },
  ),
  row(
    apis.OffsetFetch,
    [8, 9],
    ({ group }) => ({ groups: [{ groupId: group, topics: null }] }),
    [onGroup(DESCRIBE), toSee([DESCRIBE, TOPIC])],
    { what: 'of all topics' },
  ),
  row(apis.FindCoordinator, [0, 3], ({ group }) => ({ key: group, keyType: 0 }), [onGroup(DESCRIBE)], {
    what: 'of a group',
  }),
  row(apis.FindCoordinator, [4, 6], ({ group }) => ({ keyType: 0, coordinatorKeys: [group] }), [onGroup(DESCRIBE)], {
    what: 'of groups',
  }),
  row(
    apis.JoinGroup,
    [0, 9],
    ({ group }) => ({
      groupId: group,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('x') }],
    }),
    [onGroup(READ)],
  ),
  row(
    apis.SyncGroup,
    [0, 5],
    ({ group }) => ({
      groupId: group,
      generationId: 1,
      memberId: 'm',
      protocolType: 'consumer',
      protocolName: 'range',
    }),
    [onGroup(READ)],
  ),
  row(apis.Heartbeat, [0, 4], ({ group }) => ({ groupId: group, generationId: 1, memberId: 'm' }), [onGroup(READ)]),
  row(apis.LeaveGroup, [0, 2], ({ group }) => ({ groupId: group, memberId: 'm' }), [onGroup(READ)]),
  row(apis.LeaveGroup, [3, 5], ({ group }) => ({ groupId: group, members: [{ memberId: 'm' }] }), [onGroup(READ)], {
    what: 'of several',
  }),
  row(apis.DescribeGroups, [0, 6], ({ group }) => ({ groups: [group] }), [onGroup(DESCRIBE)]),
  row(apis.ListGroups, [0, 5], () => ({}), [toSee([DESCRIBE, GROUP], [DESCRIBE, CLUSTER])]),
  row(apis.DeleteGroups, [0, 2], ({ group }) => ({ groupsNames: [group] }), [onGroup(DELETE)]),
  row(
    apis.OffsetDelete,
    0,
    ({ group, topic }) => ({ groupId: group, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] }),
    [onGroup(DELETE), onTopic(READ)],
  ),
  row(
    apis.ConsumerGroupHeartbeat,
    [0, 1],
    ({ group, topic }) => ({
      groupId: `consumers-${group}`,
      memberId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: [topic],
      topicPartitions: [],
    }),
    [onGroup(READ), onTopic(DESCRIBE)],
  ),
  row(apis.ConsumerGroupDescribe, [0, 1], ({ group }) => ({ groupIds: [group] }), [onGroup(DESCRIBE)]),
]

const transactionRows: Row[] = [
  row(
    apis.FindCoordinator,
    [1, 3],
    ({ transactionalId }) => ({ key: transactionalId, keyType: 1 }),
    [onTransaction(DESCRIBE)],
    { what: 'of a transaction' },
  ),
  row(
    apis.FindCoordinator,
    [4, 6],
    ({ transactionalId }) => ({ keyType: 1, coordinatorKeys: [transactionalId] }),
    [onTransaction(DESCRIBE)],
    { what: 'of transactions' },
  ),
  row(apis.InitProducerId, [0, 5], ({ transactionalId }) => ({ transactionalId, transactionTimeoutMs: 1000 }), [
    onTransaction(WRITE),
  ]),
  row(
    apis.InitProducerId,
    [0, 5],
    () => ({ transactionalId: null, transactionTimeoutMs: 1000 }),
    [oneOf(clusterDenied, [IDEMPOTENT_WRITE, CLUSTER], [WRITE, TOPIC])],
    { what: 'without a transaction' },
  ),
  row(
    apis.AddPartitionsToTxn,
    [0, 3],
    ({ transactionalId, producerId, topic }) => ({
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [{ name: topic, partitions: [1] }],
    }),
    [onTransaction(WRITE), onTopic(WRITE)],
  ),
  row(
    apis.AddPartitionsToTxn,
    [4, 5],
    ({ transactionalId, producerId, topic }) => ({
      transactions: [
        {
          transactionalId,
          producerId,
          producerEpoch: 0,
          verifyOnly: false,
          topics: [{ name: topic, partitions: [1] }],
        },
      ],
    }),
    [onCluster(CLUSTER_ACTION)],
    { what: 'of brokers' },
  ),
  row(
    apis.AddOffsetsToTxn,
    [0, 4],
    ({ transactionalId, producerId, group }) => ({ transactionalId, producerId, producerEpoch: 0, groupId: group }),
    [onTransaction(WRITE), onGroup(READ)],
  ),
  row(
    apis.EndTxn,
    [0, 5],
    ({ transactionalId, producerId }) => ({ transactionalId, producerId, producerEpoch: 0, committed: true }),
    [onTransaction(WRITE)],
  ),
  row(
    apis.TxnOffsetCommit,
    [0, 5],
    ({ transactionalId, producerId, group, topic }) => ({
      transactionalId,
      groupId: group,
      producerId,
      producerEpoch: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: 1, committedOffset: 1 }] }],
    }),
    [onTransaction(WRITE), onGroup(READ), onTopic(READ)],
  ),
  row(
    apis.WriteTxnMarkers,
    1,
    ({ topic, producerId }) => ({
      markers: [
        {
          producerId,
          producerEpoch: 0,
          transactionResult: false,
          coordinatorEpoch: 0,
          topics: [{ name: topic, partitionIndexes: [0] }],
        },
      ],
    }),
    [oneOf(clusterDenied, [CLUSTER_ACTION, CLUSTER], [ALTER, CLUSTER])],
  ),
  row(apis.DescribeTransactions, 0, ({ transactionalId }) => ({ transactionalIds: [transactionalId] }), [
    onTransaction(DESCRIBE),
    toSee([DESCRIBE, TOPIC]),
  ]),
  row(apis.ListTransactions, [0, 1], () => ({}), [toSee([DESCRIBE, TRANSACTIONAL_ID])]),
]

const anyAcl = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

const clusterRows: Row[] = [
  row(apis.DescribeAcls, [1, 3], () => anyAcl, [onCluster(DESCRIBE)]),
  row(
    apis.CreateAcls,
    [1, 3],
    () => ({
      creations: [
        {
          resourceType: 2,
          resourceName: '*',
          resourcePatternType: 3,
          principal: 'User:mallory',
          host: '*',
          operation: 2,
          permissionType: 3,
        },
      ],
    }),
    [onCluster(ALTER)],
  ),
  row(apis.DeleteAcls, [1, 3], () => ({ filters: [{ ...anyAcl, principalFilter: 'User:root' }] }), [onCluster(ALTER)]),
  row(apis.DescribeLogDirs, [3, 4], () => ({ topics: null }), [onCluster(DESCRIBE)]),
  row(
    apis.AlterReplicaLogDirs,
    2,
    ({ topic }) => ({ dirs: [{ path: '/x', topics: [{ name: topic, partitions: [0] }] }] }),
    [onCluster(ALTER)],
  ),
  row(apis.ElectLeaders, [1, 2], () => ({ electionType: 0, topicPartitions: null, timeoutMs: 1000 }), [
    onCluster(ALTER),
  ]),
  row(
    apis.AlterPartitionReassignments,
    0,
    ({ topic }) => ({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, replicas: [1] }] }], timeoutMs: 1000 }),
    [onCluster(ALTER)],
  ),
  row(apis.ListPartitionReassignments, 0, () => ({ topics: null, timeoutMs: 1000 }), [onCluster(DESCRIBE)]),
  row(apis.DescribeUserScramCredentials, 0, () => ({ users: [{ name: 'alice' }] }), [onCluster(DESCRIBE)]),
  row(apis.AlterUserScramCredentials, 0, () => ({ deletions: [{ name: 'alice', mechanism: 1 }], upsertions: [] }), [
    onCluster(ALTER),
  ]),
  row(
    apis.DescribeQuorum,
    [0, 2],
    () => ({ topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }),
    [onCluster(DESCRIBE)],
  ),
  row(
    apis.UpdateFeatures,
    [0, 1],
    () => ({ timeoutMs: 1000, featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: 1 }] }),
    [onCluster(ALTER)],
  ),
  row(apis.DescribeCluster, [0, 2], () => ({ includeClusterAuthorizedOperations: true }), [], {
    what: 'for everyone, but for the operations',
  }),
  row(apis.UnregisterBroker, 0, () => ({ brokerId: 7 }), [onCluster(ALTER)]),
  row(apis.ListConfigResources, [0, 1], () => ({}), [onCluster(DESCRIBE_CONFIGS)]),
]

/** Every API with the rights that it needs. */
export const rightsTable: readonly Row[] = [
  ...topicRows,
  ...groupRows,
  ...transactionRows,
  ...clusterRows,
  ...configRows,
]
