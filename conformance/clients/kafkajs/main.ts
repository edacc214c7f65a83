import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { waitFor } from '../../support/wait-for.ts'
import type { Codec, RecordIn, RecordOut, Settings } from '../programs/operations.ts'
import { MemberState, serve, started } from '../programs/serve.ts'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

const { bootstrap, settings } = started()
const ssl = settings.protocol.endsWith('SSL')
function saslOf({ mechanism, username = '', password = '', tokenFile = '' }: Settings): kafkajs.SASLOptions {
  if (mechanism === 'OAUTHBEARER') {
    return {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value: readFileSync(tokenFile, 'utf8') }),
    }
  }
  return { mechanism: mechanism!.toLowerCase() as 'plain', username, password }
}
const file = (path: string | undefined): { pem?: Buffer } => (path === undefined ? {} : { pem: readFileSync(path) })
const kafka = new Kafka({
  clientId: settings.clientId,
  brokers: [bootstrap],
  logLevel: logLevel.WARN,
  logCreator: () => (entry) => console.error(`${entry.label} ${entry.namespace} ${entry.log.message}`),
  retry: { initialRetryTime: 50, retries: 5 },
  ...(ssl && {
    ssl: { ca: file(settings.caFile).pem, cert: file(settings.certFile).pem, key: file(settings.keyFile).pem },
  }),
  ...(settings.mechanism !== undefined && { sasl: saslOf(settings) }),
})

// The codec of zstd comes by the plug-in that kafkajs documents, with Node's own zlib behind it.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: { buffer: Buffer }) => zstdCompressSync(encoder.buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
})
const codecs: Partial<Record<Codec, number>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
}
// kafkajs warns of an idempotent producer with fewer.
const forever = { initialRetryTime: 50, retries: Number.MAX_SAFE_INTEGER }
const resourceTypes = { topic: ConfigResourceTypes.TOPIC, broker: ConfigResourceTypes.BROKER, group: 32 }

interface KafkaJsError {
  readonly name: string
  readonly type?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/** The protocol's name where there is one, however deep it is wrapped. */
function nameOf(error: unknown): string {
  const { name, type, cause, errors } = error as KafkaJsError
  if (type !== undefined) return type
  const inner = cause ?? errors?.[0]
  return inner === undefined ? name : nameOf(inner)
}

let connectedAdmin: Promise<kafkajs.Admin> | undefined
function admin(): Promise<kafkajs.Admin> {
  connectedAdmin ??= (async () => {
    const fresh = kafka.admin()
    await fresh.connect()
    return fresh
  })()
  return connectedAdmin
}

const messages = (records: readonly RecordIn[]): kafkajs.Message[] =>
  records.map(({ key = null, value, headers, timestamp, partition }) => ({
    key,
    value,
    ...(headers && { headers: Object.fromEntries(headers.map(([name, text]) => [name, text as string])) }),
    ...(timestamp !== undefined && { timestamp: String(timestamp) }),
    ...(partition !== undefined && { partition }),
  }))

const firstOf = (sent: readonly kafkajs.RecordMetadata[]): number | null => {
  const offsets = sent.flatMap(({ baseOffset }) => (baseOffset === undefined ? [] : [Number(baseOffset)]))
  return offsets.length === 0 ? null : Math.min(...offsets)
}

function recordOf(message: kafkajs.KafkaMessage): RecordOut {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, one == null ? null : one.toString()] as const),
  )
  return {
    offset: Number(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
    headers,
    timestamp: Number(message.timestamp),
  }
}

interface OpenProducer {
  readonly producer: kafkajs.Producer
  transaction?: kafkajs.Transaction
}
const producers = new Map<string, OpenProducer>()
const members = new Map<string, { state: MemberState; consumer: kafkajs.Consumer }>()
const open = (handle: string): OpenProducer => producers.get(handle) as OpenProducer
const transaction = (handle: string): kafkajs.Transaction => open(handle).transaction as kafkajs.Transaction

await serve(
  {
    async createTopics({ topics, validateOnly = false }) {
      const result: Record<string, string> = {}
      for (const { name, partitions, configs = {} } of topics) {
        const configEntries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
        const topic = { topic: name, numPartitions: partitions, replicationFactor: 1, configEntries }
        const creating = (await admin()).createTopics({ validateOnly, topics: [topic], waitForLeaders: false })
        // False is how kafkajs says that the topic exists.
        result[name] = await creating.then((created) => (created ? 'NONE' : 'TOPIC_ALREADY_EXISTS'), nameOf)
      }
      return result
    },
    async deleteTopics({ names }) {
      const result: Record<string, string> = {}
      for (const name of names) {
        result[name] = await (await admin()).deleteTopics({ topics: [name] }).then(() => 'NONE', nameOf)
      }
      return result
    },
    async createPartitions({ topic, count }) {
      await (await admin()).createPartitions({ topicPartitions: [{ topic, count }] })
      return undefined
    },
    listTopics: async () => (await (await admin()).listTopics()).sort(),
    async describeTopic({ name }) {
      const { topics } = await (await admin()).fetchTopicMetadata({ topics: [name] })
      const partitions = topics[0]!.partitions.map((one) => ({
        partition: one.partitionId,
        leader: one.leader,
        replicas: one.replicas,
      }))
      return { id: null, partitions: partitions.sort((a, b) => a.partition - b.partition) }
    },
    async describeCluster() {
      const { brokers, controller, clusterId } = await (await admin()).describeCluster()
      return { brokers: brokers.length, controller: controller ?? -1, clusterId }
    },
    async describeConfigs({ type, name, keys }) {
      const resource = { type: resourceTypes[type], name, ...(keys && { configNames: [...keys] }) }
      const { resources } = await (await admin()).describeConfigs({ includeSynonyms: false, resources: [resource] })
      const entries = resources[0]!.configEntries.map(
        (one) =>
          [
            one.configName,
            {
              value: one.configValue,
              isDefault: one.isDefault,
              isReadOnly: one.readOnly,
              isSensitive: one.isSensitive,
            },
          ] as const,
      )
      return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    async alterConfigs({ type, name, set = {}, validateOnly = false }) {
      const configEntries = Object.entries(set).map(([key, value]) => ({ name: key, value }))
      const resources = [{ type: resourceTypes[type], name, configEntries }]
      await (await admin()).alterConfigs({ validateOnly, resources })
      return undefined
    },
    async deleteRecords({ topic, partition, offset }) {
      const partitions = [{ partition, offset: String(offset) }]
      await (await admin()).deleteTopicRecords({ topic, partitions })
      const offsets = await (await admin()).fetchTopicOffsets(topic)
      return { low: Number(offsets.find((one) => one.partition === partition)!.low) }
    },
    async listOffset({ topic, partition, at }) {
      if (typeof at === 'number') {
        const found = await (await admin()).fetchTopicOffsetsByTimestamp(topic, at)
        return { offset: Number(found.find((one) => one.partition === partition)!.offset) }
      }
      const found = await (await admin()).fetchTopicOffsets(topic)
      const one = found.find((entry) => entry.partition === partition)!
      return { offset: Number(at === 'earliest' ? one.low : one.high) }
    },
    listGroups: async () => (await (await admin()).listGroups()).groups.map(({ groupId }) => groupId).sort(),
    async describeGroup({ group }) {
      const { groups } = await (await admin()).describeGroups([group])
      const { state, members: all, protocol } = groups[0]!
      return { state, members: all.length, assignor: protocol }
    },
    async deleteGroup({ group }) {
      await (await admin()).deleteGroups([group])
      return undefined
    },
    async committed({ group, topic, partitions }) {
      const fetched = await (await admin()).fetchOffsets({ groupId: group, topics: [topic] })
      const found = new Map(fetched[0]!.partitions.map((one) => [one.partition, Number(one.offset)]))
      const offsets = partitions.map((partition) => found.get(partition) ?? -1)
      return { offsets: offsets.map((offset) => (offset < 0 ? null : offset)) }
    },
    async commitOffsets({ group, offsets }) {
      for (const { topic, partition, offset } of offsets) {
        const partitions = [{ partition, offset: String(offset) }]
        await (await admin()).setOffsets({ groupId: group, topic, partitions })
      }
      return undefined
    },
    async produce({ topic, records, codec = 'none', acks = -1, idempotent = false }) {
      const producer = kafka.producer({
        idempotent,
        maxInFlightRequests: 1,
        ...(idempotent && { retry: forever }),
      })
      await producer.connect()
      try {
        return {
          first: firstOf(
            await producer.send({ topic, messages: messages(records), acks, compression: codecs[codec]! }),
          ),
        }
      } finally {
        await producer.disconnect()
      }
    },
    async openProducer({ handle, transactionalId, timeoutMs = 60_000 }) {
      const options = {
        transactionalId,
        idempotent: true,
        maxInFlightRequests: 1,
        transactionTimeout: timeoutMs,
        retry: forever,
      }
      const producer = kafka.producer(options)
      await producer.connect()
      producers.set(handle, { producer })
      return undefined
    },
    async begin({ handle }) {
      open(handle).transaction = await open(handle).producer.transaction()
      return undefined
    },
    async send({ handle, topic, records }) {
      await transaction(handle).send({ topic, messages: messages(records) })
      return undefined
    },
    async sendOffsets({ handle, group, offsets }) {
      const topics = offsets.map(({ topic, partition, offset }) => ({
        topic,
        partitions: [{ partition, offset: String(offset) }],
      }))
      await transaction(handle).sendOffsets({ consumerGroupId: group, topics })
      return undefined
    },
    async commit({ handle }) {
      await transaction(handle).commit()
      return undefined
    },
    async abort({ handle }) {
      await transaction(handle).abort()
      return undefined
    },
    async closeProducer({ handle }) {
      await open(handle).producer.disconnect()
      producers.delete(handle)
      return undefined
    },
    async read({ topic, partition = 0, from = 'beginning', count = Infinity, until, isolation, timeoutMs = 30_000 }) {
      const consumer = kafka.consumer({
        groupId: `reader-${randomUUID()}`,
        maxWaitTimeInMs: 100,
        readUncommitted: isolation === 'read_uncommitted',
        allowAutoTopicCreation: false,
      })
      const records: RecordOut[] = []
      let done = false
      let failed: unknown
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) failed = payload.error
      })
      await consumer.connect()
      try {
        await consumer.subscribe({ topic, fromBeginning: from !== 'end' })
        await consumer.run({
          autoCommit: false,
          eachMessage: async ({ partition: at, message }) => {
            if (at !== partition || done) return
            records.push(recordOf(message))
            done = records.length >= count || (until !== undefined && message.value?.toString() === until)
          },
        })
        if (typeof from === 'number') consumer.seek({ topic, partition, offset: String(from) })
        await waitFor('records', () => done || failed !== undefined, timeoutMs).catch(() => undefined)
        if (failed !== undefined) throw failed
      } finally {
        await consumer.disconnect()
      }
      return { records }
    },
    async join({ handle, group, topics = [], pattern, sessionTimeoutMs = 10_000, reset = 'earliest' }) {
      const state = new MemberState()
      const consumer = kafka.consumer({
        groupId: group,
        maxWaitTimeInMs: 100,
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: 300,
      })
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        const assigned = Object.entries(payload.memberAssignment)
        state.owned = assigned.flatMap(([topic, numbers]) => numbers.map((number) => `${topic}-${number}`))
      })
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        state.error = nameOf(payload.error)
      })
      members.set(handle, { state, consumer })
      await consumer.connect()
      const wanted = pattern === undefined ? [...topics] : [new RegExp(pattern)]
      await consumer.subscribe({ topics: wanted, fromBeginning: reset === 'earliest' })
      await consumer.run({
        autoCommitThreshold: 1,
        eachMessage: async ({ message }) => {
          state.values.push(message.value?.toString() ?? '')
        },
      })
      return undefined
    },
    member: async ({ handle }) => members.get(handle)!.state.state(),
    async leave({ handle }) {
      await members.get(handle)!.consumer.disconnect()
      members.delete(handle)
      return undefined
    },
  },
  nameOf,
)
