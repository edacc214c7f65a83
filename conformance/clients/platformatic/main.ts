import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  Admin,
  type BaseOptions,
  ConfigResourceTypes,
  Consumer,
  cooperativeStickyAssigner,
  FetchIsolationLevels,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
  type Message,
  type MessagesStream,
  type MessageToProduce,
  Producer,
  roundRobinAssigner,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import type { JoinOptions, RecordIn, RecordOut } from '../programs/operations.ts'
import { MemberState, serve, started } from '../programs/serve.ts'

const { bootstrap, settings } = started()
const base: BaseOptions = {
  clientId: settings.clientId,
  bootstrapBrokers: [bootstrap],
  timeout: 8_000,
  retries: 5,
  retryDelay: 100,
  ...(settings.protocol.endsWith('SSL') && {
    tls: {
      ...(settings.caFile !== undefined && { ca: readFileSync(settings.caFile) }),
      ...(settings.certFile !== undefined && { cert: readFileSync(settings.certFile) }),
      ...(settings.keyFile !== undefined && { key: readFileSync(settings.keyFile) }),
    },
  }),
  ...(settings.mechanism !== undefined && {
    sasl:
      settings.mechanism === 'OAUTHBEARER'
        ? { mechanism: settings.mechanism, token: readFileSync(settings.tokenFile ?? '', 'utf8') }
        : { mechanism: settings.mechanism, username: settings.username ?? '', password: settings.password ?? '' },
  }),
}
const resourceTypes = {
  topic: ConfigResourceTypes.TOPIC,
  broker: ConfigResourceTypes.BROKER,
  group: ConfigResourceTypes.GROUP,
}
const defaultConfigSource = 5

interface PlatformaticError extends Error {
  readonly apiId?: string
  readonly code?: string
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
}

/** The protocol's name where there is one, however deep it is wrapped; the client's code otherwise. */
function nameOf(error: unknown): string {
  return protocolName(error) ?? (error as PlatformaticError).code ?? (error as Error).name
}

function protocolName(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { apiId, errors = [], cause } = error as PlatformaticError
  if (apiId !== undefined) return apiId
  for (const inner of [...errors, cause]) {
    const name = protocolName(inner)
    if (name !== undefined) return name
  }
  return undefined
}

let madeAdmin: Admin | undefined
const admin = (): Admin => {
  madeAdmin ??= new Admin(base)
  return madeAdmin
}

type Strings = MessageToProduce<string, string, string, string>

const messages = (topic: string, records: readonly RecordIn[]): Strings[] =>
  records.map(({ key, value, headers, timestamp, partition }) => ({
    topic,
    ...(key != null && { key }),
    ...(value !== null && { value }),
    ...(headers && { headers: new Map(headers.map(([name, text]) => [name, text as string])) }),
    ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }),
    ...(partition !== undefined && { partition }),
  }))

function recordOf(message: Message<string, string, string, string>): RecordOut {
  return {
    offset: Number(message.offset),
    key: message.key ?? null,
    value: message.value ?? null,
    headers: [...message.headers].map(([name, value]) => [name, value ?? null] as const),
    timestamp: Number(message.timestamp),
  }
}

type StringProducer = Producer<string, string, string, string>
type StringTransaction = Awaited<ReturnType<StringProducer['beginTransaction']>>
type StringConsumer = Consumer<string, string, string, string>
type StringStream = MessagesStream<string, string, string, string>

const producers = new Map<string, { producer: StringProducer; transaction?: StringTransaction }>()
const transaction = (handle: string): StringTransaction => producers.get(handle)!.transaction!

interface Member {
  readonly state: MemberState
  readonly consumer: StringConsumer
  stream?: StringStream
}
const members = new Map<string, Member>()

function groupOptions({ protocol, assignor, instanceId, sessionTimeoutMs = 10_000 }: JoinOptions): object {
  const common = { ...(instanceId !== undefined && { groupInstanceId: instanceId }), rebalanceTimeout: 60_000 }
  if (protocol === 'consumer') {
    return { ...common, groupProtocol: 'consumer', ...(assignor !== undefined && { groupRemoteAssignor: assignor }) }
  }
  const isCooperative = assignor === 'cooperative-sticky'
  return {
    ...common,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: Math.max(sessionTimeoutMs, 30_000),
    heartbeatInterval: 300,
    protocols: [{ name: isCooperative ? assignor : 'roundrobin', version: 1 }],
    partitionAssigner: isCooperative ? cooperativeStickyAssigner : roundRobinAssigner,
  }
}

async function join(options: JoinOptions): Promise<void> {
  const { handle, group, topics = [], reset = 'earliest' } = options
  const state = new MemberState()
  const consumer: StringConsumer = new Consumer({
    ...base,
    groupId: group,
    maxWaitTime: 100,
    deserializers: stringDeserializers,
    ...groupOptions(options),
  })
  const member: Member = { state, consumer }
  members.set(handle, member)
  const owned = (): void => {
    const assigned = consumer.assignments ?? []
    state.owned = assigned.flatMap(({ topic, partitions }) => partitions.map((number) => `${topic}-${number}`))
  }
  consumer.on('consumer:group:join', owned)
  consumer.on('consumer:group:rebalance', owned)
  const timer = setInterval(owned, 100)
  const consuming = consumer.consume({ topics: [...topics], mode: 'committed', fallbackMode: reset, autocommit: true })
  // A member that cannot join says so in its state, as those of other clients do.
  consuming.then(
    (stream) => {
      member.stream = stream
      stream.on('data', (message) => state.values.push(message.value ?? ''))
      stream.on('error', (error) => {
        state.error = nameOf(error)
      })
      stream.on('close', () => clearInterval(timer))
    },
    (error) => {
      state.error = nameOf(error)
      clearInterval(timer)
    },
  )
}

const done = { error: 'NONE' }

await serve(
  {
    async createTopics({ topics }) {
      const result: Record<string, string> = {}
      for (const { name, partitions, configs = {} } of topics) {
        const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
        const created = admin().createTopics({ topics: [name], partitions, replicas: 1, configs: entries })
        result[name] = await created.then(() => 'NONE', nameOf)
      }
      return result
    },
    async deleteTopics({ names }) {
      const result: Record<string, string> = {}
      for (const name of names)
        result[name] = await admin()
          .deleteTopics({ topics: [name] })
          .then(() => 'NONE', nameOf)
      return result
    },
    async createPartitions({ topic, count }) {
      await admin().createPartitions({ topics: [{ name: topic, count } as never] })
      return done
    },
    listTopics: async () => (await admin().listTopics()).sort(),
    async describeTopic({ name }) {
      const { topics } = await admin().metadata({ topics: [name], forceUpdate: true, autocreateTopics: false })
      const topic = topics.get(name)!
      const partitions = topic.partitions.map(({ leader, replicas }, partition) => ({ partition, leader, replicas }))
      return { id: topic.id, partitions }
    },
    async describeCluster() {
      const { id, brokers, controllerId } = await admin().metadata({ topics: [], forceUpdate: true })
      return { brokers: brokers.size, controller: controllerId, clusterId: id }
    },
    async describeConfigs({ type, name, keys }) {
      const resource = {
        resourceType: resourceTypes[type],
        resourceName: name,
        configurationKeys: keys ? [...keys] : null,
      }
      const [described] = await admin().describeConfigs({ resources: [resource] })
      const entries = described!.configs.map(
        ({ name: key, value, readOnly, configSource, isSensitive }) =>
          [
            key,
            {
              value: value ?? null,
              isDefault: configSource === defaultConfigSource,
              isReadOnly: readOnly,
              isSensitive,
            },
          ] as const,
      )
      return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    async alterConfigs({ type, name, set = {}, remove = [], validateOnly = false }) {
      const { SET, DELETE } = IncrementalAlterConfigOperationTypes
      const configs = [
        ...Object.entries(set).map(([key, value]) => ({ name: key, configOperation: SET, value })),
        ...remove.map((key) => ({ name: key, configOperation: DELETE })),
      ]
      const resources = [{ resourceType: resourceTypes[type], resourceName: name, configs }]
      await admin().incrementalAlterConfigs({ resources, validateOnly })
      return done
    },
    async deleteRecords({ topic, partition, offset }) {
      const topics = [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }]
      const [deleted] = await admin().deleteRecords({ topics })
      return { low: Number(deleted!.partitions[0]!.lowWatermark) }
    },
    async listOffset({ topic, partition, at }) {
      const { EARLIEST, LATEST, MAX } = ListOffsetTimestamps
      const named = { earliest: EARLIEST, latest: LATEST, 'max-timestamp': MAX }
      const timestamp = typeof at === 'number' ? BigInt(at) : named[at]
      const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }]
      const found = (await admin().listOffsets({ topics }))[0]!.partitions[0]!
      return { offset: found.offset < 0n ? null : Number(found.offset), timestamp: Number(found.timestamp) }
    },
    listGroups: async () => [...(await admin().listGroups()).keys()].sort(),
    async describeGroup({ group }) {
      const described = (await admin().describeGroups({ groups: [group] })).get(group)!
      return { state: described.state, members: described.members.size, assignor: described.protocol }
    },
    async deleteGroup({ group }) {
      await admin().deleteGroups({ groups: [group] })
      return done
    },
    async committed({ group, topic, partitions }) {
      const topics = [{ name: topic, partitionIndexes: [...partitions] }]
      const [fetched] = await admin().listConsumerGroupOffsets({ groups: [{ groupId: group, topics }] })
      const found = new Map(
        fetched!.topics[0]?.partitions.map((one) => [one.partitionIndex, Number(one.committedOffset)]) ?? [],
      )
      const offsets = partitions.map((partition) => found.get(partition) ?? -1)
      return { offsets: offsets.map((offset) => (offset < 0 ? null : offset)) }
    },
    async commitOffsets({ group, offsets }) {
      const topics = offsets.map(({ topic, partition, offset }) => ({
        name: topic,
        partitionOffsets: [{ partition, offset: BigInt(offset) }],
      }))
      await admin().alterConsumerGroupOffsets({ groupId: group, topics })
      return done
    },
    async deleteOffsets({ group, topic, partition }) {
      const topics = [{ name: topic, partitionIndexes: [partition] }]
      await admin().deleteConsumerGroupOffsets({ groupId: group, topics })
      return done
    },
    async produce({ topic, records, codec = 'none', acks = -1, idempotent = false }) {
      const producer: StringProducer = new Producer({ ...base, serializers: stringSerializers, idempotent })
      try {
        const sent = await producer.send({ messages: messages(topic, records), acks, compression: codec })
        const offsets = sent.offsets?.map(({ offset }) => Number(offset)) ?? []
        return { first: offsets.length === 0 ? null : Math.min(...offsets) }
      } finally {
        await producer.close()
      }
    },
    async openProducer({ handle, transactionalId }) {
      const options = { ...base, serializers: stringSerializers, transactionalId, idempotent: true }
      const producer: StringProducer = new Producer(options)
      producers.set(handle, { producer })
      return done
    },
    async begin({ handle }) {
      const open = producers.get(handle)!
      open.transaction = await open.producer.beginTransaction()
      return done
    },
    async send({ handle, topic, records }) {
      await transaction(handle).send({ messages: messages(topic, records) })
      return done
    },
    async commit({ handle }) {
      await transaction(handle).commit()
      return done
    },
    async abort({ handle }) {
      await transaction(handle).abort()
      return done
    },
    async closeProducer({ handle }) {
      await producers.get(handle)!.producer.close()
      producers.delete(handle)
      return done
    },
    async read({ topic, partition = 0, from = 'beginning', count = Infinity, until, isolation, timeoutMs = 30_000 }) {
      const isolationLevel =
        isolation === 'read_uncommitted' ? FetchIsolationLevels.READ_UNCOMMITTED : FetchIsolationLevels.READ_COMMITTED
      const consumer: StringConsumer = new Consumer({
        ...base,
        groupId: `reader-${randomUUID()}`,
        maxWaitTime: 100,
        deserializers: stringDeserializers,
        isolationLevel,
      })
      const records: RecordOut[] = []
      try {
        const where =
          typeof from === 'number'
            ? { mode: 'manual' as const, offsets: [{ topic, partition, offset: BigInt(from) }] }
            : { mode: from === 'end' ? ('latest' as const) : ('earliest' as const) }
        const stream = await consumer.consume({ topics: [topic], autocommit: false, ...where })
        const timer = setTimeout(() => void stream.close(), timeoutMs)
        for await (const message of stream) {
          if (message.partition !== partition) continue
          records.push(recordOf(message))
          if (records.length >= count || (until !== undefined && message.value === until)) break
        }
        clearTimeout(timer)
      } finally {
        await consumer.close(true)
      }
      return { records }
    },
    async join(options) {
      await join(options)
      return done
    },
    member: async ({ handle }) => members.get(handle)!.state.state(),
    async leave({ handle }) {
      const { stream, consumer } = members.get(handle)!
      members.delete(handle)
      await stream?.close()
      await consumer.close(true)
      return done
    },
  },
  nameOf,
)
