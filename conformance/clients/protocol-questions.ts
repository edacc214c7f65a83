import { apis, type MessageInput, type UpdateFeaturesRequest } from '@millrace/protocol'
import type { RawClient } from './raw-client.ts'

/** A question, and what of the answer must be the same. */
export interface Question {
  readonly name: string
  ask(client: RawClient): Promise<unknown>
}

const type = { topic: 2, broker: 4, logger: 8, clientMetrics: 16, group: 32, unknown: 99 } as const
const set = 0
const remove = 1
const append = 2
const subtract = 3

/** A topic of no other use; its last setting is the mark that `settled` looks for. */
export const settledTopic = 'settled'
let marks = 0

/**
 * Waits until what was changed before is in force: Apache Kafka answers when its controller has written it, and its broker takes
 * note afterwards, change by change. When the second mark is seen, all that came with the first has been applied.
 */
async function settled(client: RawClient): Promise<void> {
  for (const _ of ['seen', 'applied']) {
    const mark = String(1_000_000 + marks++)
    await alter(client, type.topic, settledTopic, [['retention.ms', set, mark]])
    const resources = [{ resourceType: type.topic, resourceName: settledTopic, configurationKeys: ['retention.ms'] }]
    await client.askUntil(({ results }) => results[0]!.configs[0]?.value === mark, apis.DescribeConfigs, 4, {
      resources,
    })
  }
}

type Change = readonly [name: string, operation: number, value: string | null]

function resourceBody(resourceType: number, resourceName: string, changes: readonly Change[]) {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  return { resourceType, resourceName, configs }
}

async function alter(client: RawClient, resourceType: number, name: string, changes: readonly Change[]) {
  const resources = [resourceBody(resourceType, name, changes)]
  const { responses } = await client.ask(apis.IncrementalAlterConfigs, 1, { resources })
  return responses[0]!.errorCode
}

/** Values and sources, in the order of names. */
async function described(client: RawClient, resourceType: number, resourceName: string, keys: string[] | null = null) {
  const resources = [{ resourceType, resourceName, configurationKeys: keys }]
  const { results } = await client.ask(apis.DescribeConfigs, 4, { resources, includeSynonyms: true })
  const { errorCode, configs } = results[0]!
  const shown = configs.map((one) => [
    one.name,
    one.value,
    one.configSource,
    one.readOnly,
    one.isSensitive,
    one.synonyms.map((synonym) => [synonym.name, synonym.value, synonym.source]),
  ])
  return { errorCode, configs: shown.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)) }
}

function altering(resourceType: number, resourceName: string, ...changes: Change[]): Question {
  const text = changes.map(([name, operation, value]) => `${name} ${operation} ${value}`).join(', ')
  return {
    name: `alter ${resourceType} '${resourceName}': ${text}`,
    ask: (client) => alter(client, resourceType, resourceName, changes),
  }
}

/** Every topic setting with values at and beyond its limits. */
const topicValues: Readonly<Record<string, readonly string[]>> = {
  'cleanup.policy': ['compact', 'compact,delete', 'delete,delete', 'foo', ''],
  'compression.gzip.level': ['-1', '0', '1', '9', '10'],
  'compression.lz4.level': ['0', '1', '17', '18'],
  'compression.type': ['zstd', 'uncompressed', 'none', ''],
  'compression.zstd.level': ['-131072', '22', '23'],
  'delete.retention.ms': ['0', '-1', '5'],
  'file.delete.delay.ms': ['0', '-1'],
  'flush.messages': ['1', '0'],
  'flush.ms': ['0', '-1'],
  'follower.replication.throttled.replicas': ['*', '0:1,1:1', 'x'],
  'index.interval.bytes': ['0', '-1'],
  'leader.replication.throttled.replicas': ['*', '0:1', '0'],
  'local.retention.bytes': ['-2', '-3', '-1'],
  'local.retention.ms': ['-2', '-3', '-1'],
  'max.compaction.lag.ms': ['1', '0'],
  'max.message.bytes': ['0', '-1', '2147483648', '1000000'],
  'message.timestamp.after.max.ms': ['0', '-1'],
  'message.timestamp.before.max.ms': ['0', '-1'],
  'message.timestamp.type': ['LogAppendTime', 'logappendtime'],
  'min.cleanable.dirty.ratio': ['0', '1', '1.1', '-0.1', '.5', '1e-1'],
  'min.compaction.lag.ms': ['0', '-1'],
  'min.insync.replicas': ['1', '0'],
  preallocate: ['true', 'TRUE', 'yes'],
  'remote.log.copy.disable': ['true', 'x'],
  'remote.log.delete.on.disable': ['true', 'x'],
  'remote.storage.enable': ['false', 'true'],
  'retention.bytes': ['-1', '-2', '0', '9223372036854775807', '9223372036854775808'],
  'retention.ms': ['-1', '-2', ' 5 ', '5.0', ''],
  'segment.bytes': ['1048576', '1048575', '14', '13', '2147483647'],
  'segment.index.bytes': ['4', '3'],
  'segment.jitter.ms': ['0', '-1'],
  'segment.ms': ['1', '0'],
  'unclean.leader.election.enable': ['true', 'x'],
}

const topicTable: Question[] = Object.entries(topicValues).flatMap(([name, values]) => [
  ...values.map((value): Question => altering(type.topic, 'order', [name, set, value])),
  {
    name: `describe ${name} after that`,
    async ask(client) {
      await settled(client)
      return described(client, type.topic, 'order', [name])
    },
  },
  altering(type.topic, 'order', [name, remove, null]),
])

const topicQuestions: Question[] = [
  ...topicTable,
  altering(type.topic, 'order', ['min.cleanable.dirty.ratio', set, 'NaN']),
  altering(type.topic, 'order', ['min.cleanable.dirty.ratio', remove, null]),
  altering(type.topic, 'order', ['cleanup.policy', append, 'compact'], ['retention.ms', set, '5000']),
  altering(type.topic, 'order', ['cleanup.policy', subtract, 'delete']),
  {
    name: 'a list that was appended to and subtracted from',
    async ask(client) {
      await settled(client)
      return described(client, type.topic, 'order', ['cleanup.policy', 'retention.ms'])
    },
  },
  altering(type.topic, 'order', ['min.compaction.lag.ms', set, '100'], ['max.compaction.lag.ms', set, '50']),
  altering(type.topic, 'order', ['retention.ms', append, '5000']),
  altering(type.topic, 'order', ['nope', set, '1']),
  altering(type.topic, 'order', ['nope', remove, null]),
  altering(type.topic, 'order', ['nope', append, 'a']),
  altering(type.topic, 'order', ['retention.ms', set, null]),
  altering(type.topic, 'order', ['retention.ms', set, '1'], ['retention.ms', set, '2']),
  altering(type.topic, 'order', ['retention.ms', 9, '1']),
  altering(type.topic, 'missing', ['retention.ms', set, '1']),
  altering(type.topic, 'a b', ['retention.ms', set, '1']),
  altering(type.unknown, 'order', ['a', set, '1']),
  {
    name: 'the same resource twice',
    async ask(client) {
      const one = resourceBody(type.topic, 'order', [['retention.ms', set, '1']])
      const { responses } = await client.ask(apis.IncrementalAlterConfigs, 1, { resources: [one, one] })
      return responses.map(({ errorCode }) => errorCode)
    },
  },
  {
    name: 'validate only changes nothing',
    async ask(client) {
      const resources = [resourceBody(type.topic, 'order', [['retention.ms', set, '777']])]
      const { responses } = await client.ask(apis.IncrementalAlterConfigs, 1, { resources, validateOnly: true })
      await settled(client)
      return [responses[0]!.errorCode, await described(client, type.topic, 'order', ['retention.ms'])]
    },
  },
  {
    name: 'AlterConfigs replaces everything',
    async ask(client) {
      const configs = [{ name: 'segment.ms', value: '60000' }]
      const resources = [{ resourceType: type.topic, resourceName: 'order', configs }]
      const { responses } = await client.ask(apis.AlterConfigs, 2, { resources })
      await settled(client)
      const { configs: after } = await described(client, type.topic, 'order')
      return [responses[0]!.errorCode, after.filter((one) => one[2] === 1)]
    },
  },
]

const describing = (resourceType: number, name: string): Question => ({
  name: `describe ${resourceType} '${name}'`,
  ask: async (client) => (await described(client, resourceType, name)).errorCode,
})

const otherConfigQuestions: Question[] = [
  describing(type.broker, '7'),
  describing(type.broker, 'x'),
  describing(type.group, ''),
  describing(type.clientMetrics, ''),
  describing(type.logger, '2'),
  describing(type.logger, ''),
  describing(type.unknown, 'x'),
  describing(type.topic, 'missing'),
  describing(type.topic, 'a b'),
  describing(type.topic, ''),
  { name: 'a group without settings', ask: (client) => described(client, type.group, 'readers') },
  altering(type.group, 'readers', ['consumer.session.timeout.ms', set, '50000']),
  altering(type.group, 'readers', ['consumer.session.timeout.ms', set, '1']),
  altering(type.group, 'readers', ['consumer.session.timeout.ms', set, '70000']),
  altering(type.group, 'readers', ['consumer.heartbeat.interval.ms', set, '60000']),
  altering(type.group, 'readers', ['consumer.heartbeat.interval.ms', set, '6000']),
  altering(type.group, 'readers', ['consumer.assignment.interval.ms', set, '20000']),
  altering(type.group, 'readers', ['share.auto.offset.reset', set, 'by_duration:PT1H']),
  altering(type.group, 'readers', ['share.auto.offset.reset', set, 'by_duration:1H']),
  altering(type.group, 'readers', ['share.isolation.level', set, 'read_committed']),
  altering(type.group, 'readers', ['share.isolation.level', set, 'x']),
  altering(type.group, 'readers', ['share.record.lock.duration.ms', set, '1000']),
  altering(type.group, 'readers', ['share.delivery.count.limit', set, '11']),
  altering(type.group, 'readers', ['streams.num.standby.replicas', set, '3']),
  altering(type.group, 'readers', ['nope', set, '1']),
  altering(type.group, '', ['consumer.session.timeout.ms', set, '50000']),
  {
    name: 'a group with settings',
    async ask(client) {
      await settled(client)
      return described(client, type.group, 'readers')
    },
  },
  { name: 'a subscription that is not there', ask: (client) => described(client, type.clientMetrics, 'push') },
  altering(
    type.clientMetrics,
    'push',
    ['metrics', set, 'org.apache.kafka.producer.'],
    ['interval.ms', set, '30000'],
    ['match', set, 'client_software_name=x.*'],
  ),
  altering(type.clientMetrics, 'other', ['match', set, 'foo=x.*']),
  altering(type.clientMetrics, 'other', ['match', set, 'client_id=[']),
  altering(type.clientMetrics, 'other', ['interval.ms', set, '1']),
  altering(type.clientMetrics, 'other', ['nope', set, '1']),
  altering(type.clientMetrics, '', ['interval.ms', set, '30000']),
  altering(type.clientMetrics, 'push', ['metrics', append, 'a.b']),
  {
    name: 'a subscription',
    async ask(client) {
      await settled(client)
      return described(client, type.clientMetrics, 'push')
    },
  },
  altering(type.logger, '1', ['root', set, 'WARN']),
  altering(type.logger, '1', ['root', set, 'LOUD']),
  altering(type.logger, '1', ['nope.nope', set, 'DEBUG']),
  altering(type.logger, '1', ['root', append, 'DEBUG']),
  altering(type.logger, '1', ['root', remove, null]),
  altering(type.logger, '2', ['root', set, 'INFO']),
  { name: 'the root logger', ask: (client) => described(client, type.logger, '1', ['root']) },
  {
    name: 'AlterConfigs of a logger',
    async ask(client) {
      const configs = [{ name: 'root', value: 'INFO' }]
      const resources = [{ resourceType: type.logger, resourceName: '1', configs }]
      const { responses } = await client.ask(apis.AlterConfigs, 2, { resources })
      return responses[0]!.errorCode
    },
  },
  altering(type.broker, '', ['log.segment.bytes', set, '2000000']),
  altering(type.broker, '1', ['log.segment.bytes', set, '3000000']),
  altering(type.broker, '1', ['num.partitions', set, '2']),
  altering(type.broker, '1', ['nope', set, '2']),
  altering(type.broker, '7', ['log.segment.bytes', set, '2000000']),
  altering(type.broker, 'x', ['log.segment.bytes', set, '2000000']),
  {
    name: 'a setting with a value of its own, a default of all brokers and a default',
    async ask(client) {
      await settled(client)
      return [
        await described(client, type.broker, '1', ['log.segment.bytes']),
        await described(client, type.broker, '', ['log.segment.bytes']),
        await described(client, type.topic, 'order', ['segment.bytes']),
      ]
    },
  },
  altering(type.broker, '1', ['log.segment.bytes', remove, null]),
  altering(type.broker, '', ['log.segment.bytes', remove, null]),
  ...[[], [2], [4], [8], [16], [32], [2, 32], [99]].map(
    (resourceTypes): Question => ({
      name: `list resources of types ${resourceTypes.join(' and ') || 'all'}`,
      async ask(client) {
        const { errorCode, configResources } = await client.ask(apis.ListConfigResources, 1, { resourceTypes })
        const names = configResources.map((one) => `${one.resourceType} ${one.resourceName}`)
        return [errorCode, names.sort()]
      },
    }),
  ),
  {
    name: 'list resources in version 0',
    async ask(client) {
      const { configResources } = await client.ask(apis.ListConfigResources, 0, {})
      return configResources.map((one) => one.resourceName)
    },
  },
]

export const configQuestions: readonly Question[] = [...topicQuestions, ...otherConfigQuestions]

function update(version: number, ...updates: MessageInput<UpdateFeaturesRequest['featureUpdates']>): Question {
  const text = updates.map((one) => `${one.feature} ${one.maxVersionLevel} type ${one.upgradeType ?? 1}`).join(', ')
  return {
    name: `update features v${version}: ${text}`,
    async ask(client) {
      const body = { timeoutMs: 5000, featureUpdates: updates, validateOnly: version > 0 }
      const { errorCode, results } = await client.ask(apis.UpdateFeatures, version, body)
      return [errorCode, results.map((one) => [one.feature, one.errorCode])]
    },
  }
}

const level = (feature: string, maxVersionLevel: number, upgradeType: number) => ({
  feature,
  maxVersionLevel,
  upgradeType,
})

const featureQuestions: Question[] = [
  ...(
    [
      ['nope', 1, 1],
      ['', 1, 1],
      ['transaction.version', 1, 1],
      ['transaction.version', 1, 2],
      ['transaction.version', 2, 1],
      ['transaction.version', 2, 2],
      ['transaction.version', 9, 1],
      ['transaction.version', 0, 1],
      ['transaction.version', 0, 3],
      ['transaction.version', -1, 1],
      ['transaction.version', 1, 0],
      ['transaction.version', 1, 7],
      ['group.version', 0, 2],
      ['group.version', 1, 1],
      ['metadata.version', 5, 2],
      ['metadata.version', 25, 2],
      ['metadata.version', 25, 3],
      ['metadata.version', 29, 1],
      ['metadata.version', 30, 1],
      ['metadata.version', 99, 1],
    ] as const
  ).map((one) => update(2, level(one[0], one[1], one[2]))),
  update(1, level('transaction.version', 1, 2)),
  update(1, level('transaction.version', 1, 2), level('nope', 1, 1)),
  update(2, level('transaction.version', 1, 2), level('nope', 1, 1)),
  update(2),
  update(0, { feature: 'transaction.version', maxVersionLevel: 1, allowDowngrade: false }),
  ...[1, 2].map(
    (to): Question => ({
      name: `transaction.version ${to} in force`,
      async ask(client) {
        const featureUpdates = [level('transaction.version', to, to === 1 ? 2 : 1)]
        const { errorCode } = await client.ask(apis.UpdateFeatures, 2, { timeoutMs: 5000, featureUpdates })
        await settled(client)
        const software = { clientSoftwareName: 'x', clientSoftwareVersion: '1' }
        const { finalizedFeatures } = await client.ask(apis.ApiVersions, 4, software)
        return [errorCode, finalizedFeatures.find((one) => one.name === 'transaction.version')?.maxVersionLevel]
      },
    }),
  ),
]

const electing = (
  electionType: number,
  topicPartitions: MessageInput<{ topic: string; partitions: number[] }[]> | null,
) => ({
  name: `elect ${electionType} ${JSON.stringify(topicPartitions)}`,
  async ask(client: RawClient) {
    const body = { electionType, topicPartitions, timeoutMs: 5000 }
    const { errorCode, replicaElectionResults } = await client.ask(apis.ElectLeaders, 2, body)
    const results = replicaElectionResults.map((one) => [
      one.topic,
      one.partitionResult.map((result) => [result.partitionId, result.errorCode]),
    ])
    return [errorCode, results]
  },
})

const reassigning = (name: string, partitionIndex: number, replicas: number[] | null, version = 0): Question => ({
  name: `reassign ${name}-${partitionIndex} to ${JSON.stringify(replicas)} v${version}`,
  async ask(client) {
    const topics = [{ name, partitions: [{ partitionIndex, replicas }] }]
    const answer = await client.ask(apis.AlterPartitionReassignments, version, { timeoutMs: 5000, topics })
    return [
      answer.errorCode,
      answer.allowReplicationFactorChange,
      answer.responses.map((one) => one.partitions.map(({ errorCode }) => errorCode)),
    ]
  },
})

const quorum = (topicName: string, partitionIndex: number): Question => ({
  name: `quorum of ${topicName}-${partitionIndex}`,
  async ask(client) {
    const topics = [{ topicName, partitions: [{ partitionIndex }] }]
    const answer = await client.ask(apis.DescribeQuorum, 2, { topics })
    const [one] = answer.topics[0]!.partitions
    return [
      answer.errorCode,
      one!.errorCode,
      one!.leaderId,
      one!.currentVoters.map((voter) => voter.replicaId),
      one!.observers,
      one!.currentVoters.every((voter) => voter.logEndOffset === one!.highWatermark),
      answer.nodes.map((node) => [node.nodeId, node.listeners.map((listener) => listener.name)]),
    ]
  },
})

export const operationQuestions: readonly Question[] = [
  ...featureQuestions,
  electing(0, [
    { topic: 'order', partitions: [0, 5] },
    { topic: 'nope', partitions: [0] },
  ]),
  electing(1, [{ topic: 'order', partitions: [0, 5] }]),
  electing(7, [{ topic: 'order', partitions: [0, 5] }]),
  electing(0, null),
  reassigning('order', 0, [1]),
  reassigning('order', 0, [1], 1),
  reassigning('order', 5, [1]),
  reassigning('nope', 0, [1]),
  reassigning('order', 0, [7]),
  reassigning('order', 0, [1, 1]),
  reassigning('order', 0, [1, 7]),
  reassigning('order', 0, [-1]),
  reassigning('order', 0, []),
  reassigning('order', 0, null),
  ...[
    null,
    [
      { name: 'order', partitionIndexes: [0, 9] },
      { name: 'nope', partitionIndexes: [0] },
    ],
  ].map(
    (topics): Question => ({
      name: `reassignments under way of ${topics ? 'some' : 'all'}`,
      async ask(client) {
        const answer = await client.ask(apis.ListPartitionReassignments, 0, { timeoutMs: 5000, topics })
        return [answer.errorCode, answer.topics]
      },
    }),
  ),
  quorum('__cluster_metadata', 0),
  quorum('__cluster_metadata', 1),
  quorum('order', 0),
  {
    name: 'unregister a broker that is not there',
    ask: async (client) => (await client.ask(apis.UnregisterBroker, 0, { brokerId: 7 })).errorCode,
  },
  {
    name: 'log directories',
    async ask(client) {
      const { errorCode, results } = await client.ask(apis.DescribeLogDirs, 5, {
        topics: [
          { topic: 'order', partitions: [0, 9] },
          { topic: 'nope', partitions: [0] },
        ],
      })
      return [errorCode, results.map(({ topics, isCordoned, errorCode: code }) => [code, topics, isCordoned])]
    },
  },
  {
    name: 'move a replica to a directory that is not there',
    async ask(client) {
      const dirs = [{ path: '/nonexistent', topics: [{ name: 'order', partitions: [0] }] }]
      return (await client.ask(apis.AlterReplicaLogDirs, 2, { dirs })).results
    },
  },
  {
    name: 'leave a replica where it is',
    async ask(client) {
      const { results } = await client.ask(apis.DescribeLogDirs, 5, { topics: null })
      const dirs = [{ path: results[0]!.logDir, topics: [{ name: 'order', partitions: [0, 9] }] }]
      const moved = (await client.ask(apis.AlterReplicaLogDirs, 2, { dirs })).results
      return moved[0]!.partitions.map((one) => [one.partitionIndex, one.errorCode]).sort()
    },
  },
  ...[1, 2, 9].map(
    (endpointType): Question => ({
      name: `describe the cluster, endpoints of type ${endpointType}`,
      async ask(client) {
        const body = { includeClusterAuthorizedOperations: true, endpointType }
        const answer = await client.ask(apis.DescribeCluster, 2, body)
        const { errorCode, endpointType: type, clusterAuthorizedOperations, brokers } = answer
        return [errorCode, type, clusterAuthorizedOperations, brokers.map((one) => [one.brokerId, one.isFenced])]
      },
    }),
  ),
  ...[
    ['[', 'x'],
    ['', null],
    [null, 'Bogus'],
    ['a.*', null],
  ].map(
    ([transactionalIdPattern = null, state]): Question => ({
      name: `transactions like ${transactionalIdPattern} in state ${state}`,
      async ask(client) {
        const body = { stateFilters: state ? [state] : [], durationFilter: -1, transactionalIdPattern }
        return client.ask(apis.ListTransactions, 2, body)
      },
    }),
  ),
]
