import type { Clock, Random } from '@millrace/base'
import { brokerError } from '../errors.ts'
import { BrokerMetrics } from './broker-metrics.ts'
import { BrokerSession, type SessionOptions } from './broker-session.ts'
import {
  type CleanShutdown,
  forgetCleanShutdown,
  type PartitionCheckpoint,
  partitionKey,
  readCleanShutdown,
  writeCleanShutdown,
} from './clean-shutdown.ts'
import { BrokerConfig } from './config/broker-config.ts'
import { type GroupConfig, groupConfig } from './config/group-configs.ts'
import { ResourceConfigs } from './config/resource-configs.ts'
import type { TopicConfig } from './config/topic-config.ts'
import { Coordinators } from './coordinators/coordinators.ts'
import { Features } from './features.ts'
import { FetchSessions } from './fetch/fetch-sessions.ts'
import type { GroupCoordinator } from './groups/group-coordinator.ts'
import { handlers } from './handlers/index.ts'
import type { Interceptor } from './interception.ts'
import { deleteLeftovers } from './log/compaction.ts'
import { LeaderEpochs } from './log/leader-epochs.ts'
import { lossSince, openFromCheckpoint, recoverLog } from './log/open-log.ts'
import { PartitionLog } from './log/partition-log.ts'
import { deriveState } from './log/producer-snapshots.ts'
import type { SegmentEnvironment } from './log/segment.ts'
import { Maintenance } from './maintenance.ts'
import { type AppendResult, Partition, type PartitionEnvironment } from './partition.ts'
import { partitionProducers } from './producers/partition-producers.ts'
import type { AnyHandler } from './request.ts'
import { authorizerFor } from './security/acls/acl-authorizer.ts'
import { AclStore } from './security/acls/acl-store.ts'
import type { Authorizer, Denial } from './security/authorization.ts'
import { ScramCredentials } from './security/scram-credentials.ts'
import type { BrokerStorage } from './storage/storage.ts'
import { MetadataJournal, type MetadataRecord } from './topics/metadata-journal.ts'
import type { Topic } from './topics/topic.ts'
import { TopicRegistry } from './topics/topic-registry.ts'
import { checkNothingIsMissing, type KnownTopics, putUnknownLogsAside } from './topics/unknown-logs.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

/** `write`: what is acknowledged survives a killed process. `fsync`: it survives a power loss. */
export type Durability = 'write' | 'fsync'

export interface BrokerCoreOptions {
  readonly storage: BrokerStorage
  readonly clock: Clock
  readonly random: Random
  /** Bytes that nobody can foresee, for salts and nonces. Default: from `random`, for tests and simulation. */
  readonly secureBytes?: (size: number) => Buffer
  /** Broker settings under Kafka's dotted names. */
  readonly config?: Readonly<Record<string, string>>
  readonly durability?: Durability
  /** What Metadata tells clients to connect to; may be set later, before the first client comes. */
  readonly advertised?: { readonly host: string; readonly port: number }
}

/** A partition's log could not be read or written; the error says why and, of damage, in which file and where. */
export interface LogFailure {
  readonly topic: string
  readonly partition: number
  readonly error: Error
}

const formatPath = 'format.json'
const storageFormat = 1
/** How long a clean stop under `write` syncs logs. */
const stopSyncMs = 5_000
/** By how much a start raises leader epochs: Apache Kafka's one replica loses the leadership and gains it again. */
const epochsPerStart = 2

/**
 * A broker without sockets: sessions take request bytes and give response bytes. All state is here, all of it is
 * synchronous, and everything outside (files, time, chance) comes in through the options.
 *
 * @example
 * const core = new BrokerCore({ storage: memoryStorage(), clock, random })
 * const session = core.open({ clientHost: '127.0.0.1' })
 * session.handle(encodeRequest({ … }), (response) => { … })
 */
export class BrokerCore {
  readonly clock: Clock
  readonly random: Random
  readonly storage: BrokerStorage
  readonly config: BrokerConfig
  readonly durability: Durability
  readonly topics: TopicRegistry
  /** SCRAM users. */
  readonly scram: ScramCredentials
  /** Counted as it goes, or looked up when asked. */
  readonly metrics = new BrokerMetrics(this)
  /** Feature levels in force. */
  readonly features: Features
  /** Settings of groups and client metrics subscriptions. */
  readonly resourceConfigs: ResourceConfigs
  /** Levels by logger, until the broker stops (KIP-412). */
  readonly logLevels = new Map([['root', 'INFO']])
  readonly fetchSessions: FetchSessions
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  /** First producer id that was never reserved. */
  nextProducerId = 0
  /** Decides what principals may do. */
  authorizer: Authorizer
  /** Kept also while nothing asks for them. */
  readonly acls: AclStore
  /** Told when a partition's log cannot be read or written, the same of one partition once a minute. */
  logFailed: (failure: LogFailure) => void = () => {}
  /** Told of every request that is refused. */
  denied: (denial: Denial) => void = () => {}
  readonly nodeId: number
  clusterId = ''
  advertised: { readonly host: string; readonly port: number }
  /** How many times the data has been opened, this time included. */
  startNumber = 1
  /** Ids of topics nobody knows, whose logs the start has put aside. */
  strayTopicIds: readonly string[] = []
  /** Logs that have lost what the last clean stop has noted; they are served as far as they go. */
  readonly startFailures: LogFailure[] = []
  /** Bytes cut from logs at the start, because a crash left them torn. */
  recoveredCutBytes = 0
  readonly #handlers = new Map<number, AnyHandler>()
  readonly #interceptors = new Map<number, Interceptor>()
  readonly #sessions = new Set<BrokerSession>()
  readonly #journal: MetadataJournal
  readonly #segments: SegmentEnvironment
  readonly #partitions: PartitionEnvironment
  readonly #maintenance: Maintenance
  readonly #closers: (() => void)[] = []
  readonly #coordinators: Coordinators
  readonly #advanced = new Set<Partition>()
  #depth = 0
  #closed = false
  #isStartRecorded = true
  /** Ids of deleted topics whose files may be left. */
  readonly #undeleted = new Set<string>()
  /** While the start reads what is there. */
  #found:
    | { readonly checkpoint: CleanShutdown | undefined; readonly logStarts: ReadonlyMap<string, number> }
    | undefined

  /** Opens what the storage holds. Throws BROKER_FORMAT_TOO_NEW, BROKER_CONFIG_INVALID, or what the storage throws. */
  constructor(options: BrokerCoreOptions) {
    this.clock = options.clock
    this.random = options.random
    this.storage = options.storage
    this.durability = options.durability ?? 'write'
    this.config = new BrokerConfig(options.config)
    this.nodeId = this.config.number('node.id')
    this.advertised = options.advertised ?? { host: '127.0.0.1', port: 0 }
    this.#segments = { storage: this.storage, indexed: new Set(), leftovers: new Set() }
    this.#partitions = {
      clock: this.clock,
      storage: this.storage,
      fsync: this.durability === 'fsync',
      producerStates: partitionProducers,
      advanced: (partition) => this.#partitionAdvanced(partition),
      failed: ({ topic, index: partition }, error) => this.logFailed({ topic, partition, error }),
      recordLogStart: (partition, offset) => this.#recordLogStart(partition, offset),
    }
    this.#journal = new MetadataJournal(this.storage, this.durability === 'fsync', () => this.#currentMetadata())
    this.scram = new ScramCredentials({
      record: (...records) => this.#journal.append(...records),
      secureBytes: options.secureBytes ?? ((size) => this.#bytes(size)),
    })
    this.acls = new AclStore((record) => this.#record(record))
    this.authorizer = authorizerFor(this.config, this.acls)
    this.topics = new TopicRegistry({
      config: this.config,
      newTopicId: () => this.newUuid(),
      startNumber: () => this.startNumber,
      record: (record) => this.#record(record),
      openPartition: (topic, index, bornInStart) => this.#openPartition(topic, index, bornInStart),
      deleteTopicData: (topicId) => this.#deleteTopicData(topicId),
    })
    this.fetchSessions = new FetchSessions(this.random, this.config.number('max.incremental.fetch.session.cache.slots'))
    for (const one of handlers) this.#handlers.set(one.api.key, one)
    this.features = new Features(
      (apiKey) => this.#handlers.has(apiKey),
      (...records) => this.#journal.append(...records),
    )
    this.resourceConfigs = new ResourceConfigs((record) => this.#record(record))
    this.#start()
    this.#maintenance = new Maintenance(this, this.#segments)
    const coordinators = new Coordinators(this)
    this.#coordinators = coordinators
    this.groups = coordinators.groups
    this.transactions = coordinators.transactions
    this.onClose(() => coordinators.close())
  }

  #start(): void {
    this.#checkFormat()
    const records = this.#journal.load()
    const topics = new Map<string, Extract<MetadataRecord, { kind: 'topic' }>>()
    const logStarts = new Map<string, number>()
    for (const record of records) {
      if (record.kind === 'cluster') this.clusterId = record.clusterId
      else if (record.kind === 'topic') topics.set(record.id, record)
      else if (record.kind === 'topicDeleted') {
        topics.delete(record.id)
        this.#undeleted.add(record.id)
      } else if (record.kind === 'logStart') logStarts.set(partitionKey(record.id, record.partition), record.offset)
      else if (record.kind === 'start') this.startNumber = record.number + 1
      else if (record.kind === 'producerIds') this.nextProducerId = record.next
      else if (record.kind === 'scramCredential' || record.kind === 'scramDecoy') this.scram.apply(record)
      else if (record.kind === 'acls') this.acls.apply(record)
      else if (record.kind === 'brokerConfig') this.config.alter(record.name, record.value ?? undefined)
      else if (record.kind === 'brokerDefaultConfig') this.config.alterDefault(record.name, record.value ?? undefined)
      else if (record.kind === 'feature') this.features.apply(record)
      else if (record.kind === 'groupConfig' || record.kind === 'clientMetrics') this.resourceConfigs.apply(record)
    }
    const checkpoint = readCleanShutdown(this.storage, this.clusterId, this.startNumber - 1)
    const known: KnownTopics = {
      clusterId: this.clusterId,
      has: (id) => topics.has(id),
      wasDeleted: (id) => this.#undeleted.has(id),
    }
    checkNothingIsMissing(this.storage, known, checkpoint)
    forgetCleanShutdown(this.storage)
    if (this.clusterId === '') {
      this.clusterId = this.newUuid()
      this.#record({ kind: 'cluster', clusterId: this.clusterId })
    }
    this.#recordStart()
    this.strayTopicIds = putUnknownLogsAside(this.storage, known, (id) => this.#deleteTopicData(id))
    const left = new Set(this.storage.list('logs'))
    for (const id of [...this.#undeleted]) if (!left.has(id)) this.#undeleted.delete(id)
    this.#found = { checkpoint, logStarts }
    for (const topic of topics.values()) this.topics.apply(topic)
    this.#found = undefined
  }

  /** A disk that is full must not keep what is on it from its readers; then epochs go by what the logs say. */
  #recordStart(): void {
    try {
      this.#record({ kind: 'start', number: this.startNumber })
      // An epoch that a power loss made forget would be given twice, and nobody would notice what was lost in between.
      this.#journal.syncSoon()
    } catch {
      this.#isStartRecorded = false
    }
  }

  #checkFormat(): void {
    const bytes = this.storage.readFile(formatPath)
    if (!bytes) {
      this.storage.replaceFile(formatPath, Buffer.from(JSON.stringify({ format: storageFormat })))
      return
    }
    let format: unknown
    try {
      format = (JSON.parse(bytes.toString('utf8')) as { format?: unknown }).format
    } catch (error) {
      throw brokerError('BROKER_DATA_DAMAGED', `${formatPath} is not readable`, { path: formatPath }, error)
    }
    if (typeof format === 'number' && format <= storageFormat) return
    const message = `the data folder has format ${String(format)}, this version reads up to ${storageFormat}`
    throw brokerError('BROKER_FORMAT_TOO_NEW', message)
  }

  #openPartition(
    topic: { name: string; id: string; config: TopicConfig; mirror: boolean },
    index: number,
    bornInStart: number,
  ): Partition {
    const { id: topicId, name, config, mirror } = topic
    const log = new PartitionLog(this.#segments, `logs/${topicId}/${index}`)
    const leaderEpoch = (this.startNumber - bornInStart) * epochsPerStart
    const identity = { topic: name, topicId, index, leaderEpoch, mirror }
    const logStartOffset = this.#found?.logStarts.get(partitionKey(topicId, index)) ?? 0
    // A topic created now has no files, a partition never written to neither.
    const known = this.#found?.checkpoint?.get(partitionKey(topicId, index))
    const isNew = !this.#found || (this.#found.checkpoint !== undefined && !known)
    if (isNew) {
      const state = { producers: partitionProducers.create(), epochs: new LeaderEpochs() }
      return new Partition(this.#partitions, identity, { config, log, logStartOffset, ...state })
    }
    if (known && openFromCheckpoint(this.#segments, log, known.segments)) {
      const producers = partitionProducers.restore(Buffer.from(known.producers, 'base64'))
      const state = { producers, epochs: new LeaderEpochs(known.epochs) }
      const partition = new Partition(this.#partitions, identity, { config, log, logStartOffset, ...state })
      partition.cleanedUpTo = known.cleanedUpTo ?? 0
      return partition
    }
    this.recoveredCutBytes += recoverLog(this.#segments, log, this.clock.now())
    if (known) this.#noteLoss(log, known, name, index)
    // The log lost more than the log start says was kept: it begins anew where readers expect it.
    if (log.endOffset < logStartOffset) log.resetTo(logStartOffset)
    const state = deriveState(this.#partitions, log, Math.max(logStartOffset, log.firstOffset))
    return new Partition(this.#partitions, identity, { config, log, logStartOffset, ...state })
  }

  #noteLoss(log: PartitionLog, { segments }: PartitionCheckpoint, topic: string, partition: number): void {
    const error = lossSince(log, segments)
    if (error) this.startFailures.push({ topic, partition, error })
    const endOffset = segments.at(-1)?.nextOffset ?? 0
    if (log.endOffset < endOffset) log.skipTo(endOffset)
  }

  #recordLogStart(partition: Partition, offset: number): void {
    this.#record({ kind: 'logStart', id: partition.topicId, partition: partition.index, offset })
  }

  /** Position in the metadata journal. */
  get metadataOffset(): number {
    return this.#journal.recordCount
  }

  #record(record: MetadataRecord): void {
    this.#journal.append(record)
  }

  *#currentMetadata(): Iterable<MetadataRecord> {
    yield { kind: 'cluster', clusterId: this.clusterId }
    yield { kind: 'start', number: this.startNumber }
    yield { kind: 'producerIds', next: this.nextProducerId }
    for (const [name, value] of this.config.altered) yield { kind: 'brokerConfig', name, value }
    for (const [name, value] of this.config.alteredDefaults) yield { kind: 'brokerDefaultConfig', name, value }
    yield* this.features.records()
    yield* this.resourceConfigs.records()
    yield* this.scram.records()
    yield* this.acls.records()
    for (const id of this.#undeleted) yield { kind: 'topicDeleted', id }
    yield* this.topics.records()
  }

  #deleteTopicData(topicId: string): void {
    this.#undeleted.add(topicId)
    try {
      this.storage.delete(`logs/${topicId}`)
      this.#undeleted.delete(topicId)
    } catch {
      // What is left of a deleted topic is deleted at the next start.
    }
  }

  /** Reserves all producer ids below `next`; durable when it returns. Throws what recording throws. */
  reserveProducerIds(next: number): void {
    this.#record({ kind: 'producerIds', next })
    this.nextProducerId = next
  }

  /** Sets a broker setting, or takes it back with undefined; lasts. Throws what recording throws. */
  alterBrokerConfig(name: string, value: string | undefined): void {
    this.#record({ kind: 'brokerConfig', name, value: value ?? null })
    this.config.alter(name, value)
    this.topics.refreshConfigs()
  }

  /** The same for the default of all brokers, which the broker's own setting overrides (KIP-226). */
  alterBrokerDefault(name: string, value: string | undefined): void {
    this.#record({ kind: 'brokerDefaultConfig', name, value: value ?? null })
    this.config.alterDefault(name, value)
    this.topics.refreshConfigs()
  }

  /** A group's settings, also of a group that does not exist. */
  groupConfig(groupId: string): GroupConfig {
    return groupConfig(this.config, this.resourceConfigs.groups.get(groupId))
  }

  /** A random UUID as Kafka prints it; never one that begins with a dash, which command lines mistake for a flag. */
  newUuid(): string {
    for (;;) {
      const text = this.#bytes(16).toString('base64url')
      if (!text.startsWith('-') && !/^A+$/.test(text)) return text
    }
  }

  #bytes(size: number): Buffer {
    return Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(this.random.next() * 256)))
  }

  /**
   * Creates a topic that mirrors one of another cluster: `appendReplica` fills it, clients only read it. The caller has checked name
   * and settings. Throws what recording throws.
   */
  createMirror(name: string, partitions: number, config: Iterable<readonly [string, string]> = []): Topic {
    return this.topics.create(name, partitions, config, true)
  }

  /**
   * Appends batches to a mirror as they are: offsets, gaps, epochs, transactions and their markers. What is not whole, not behind the
   * log's end or of an earlier epoch is refused.
   */
  appendReplica(topic: string, index: number, records: Buffer): AppendResult {
    const partition = this.partition(topic, index)
    if (!partition) throw new TypeError(`no partition ${index} of topic ${topic}`)
    let result: AppendResult | undefined
    this.run(() => {
      result = partition.append(records, 'replica')
    })
    return result!
  }

  /** Makes an ordinary topic of a mirror. Transactions that are open in it are aborted: their coordinator is elsewhere. */
  endMirroring(topic: Topic): void {
    this.topics.endMirroring(topic)
    this.run(() => this.#coordinators.endHanging(topic))
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.topics.partition(topic, index)
  }

  /** Begins a connection's session. */
  open(options: SessionOptions): BrokerSession {
    if (this.#closed) throw brokerError('BROKER_CLOSED', 'the broker is closed')
    const session = new BrokerSession(this, options)
    this.#sessions.add(session)
    this.metrics.sessionsOpened++
    return session
  }

  /** For sessions only. */
  sessionClosed(session: BrokerSession): void {
    this.#sessions.delete(session)
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  handlerFor(apiKey: number): AnyHandler | undefined {
    return this.#handlers.get(apiKey)
  }

  /** What ApiVersions lists. */
  advertisedApis(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    return [...this.#handlers.values()]
      .map(({ api, versions }) => ({
        apiKey: api.key,
        minVersion: firstAdvertised(api.key, versions[0]),
        maxVersion: versions[1],
      }))
      .sort((a, b) => a.apiKey - b.apiKey)
  }

  /** Sends requests of one API through `interceptor` first; one per API. Returns what takes it away. */
  intercept(apiKey: number, interceptor: Interceptor): () => void {
    this.#interceptors.set(apiKey, interceptor)
    return () => {
      if (this.#interceptors.get(apiKey) === interceptor) this.#interceptors.delete(apiKey)
    }
  }

  interceptorFor(apiKey: number): Interceptor | undefined {
    return this.#interceptors.get(apiKey)
  }

  /**
   * Runs something that may append; readers that wait for data wake when it is done, not in its middle: a fetch that
   * answered from within a produce of many partitions would see the first one only.
   */
  run(action: () => void): void {
    this.#depth++
    try {
      action()
    } finally {
      this.#depth--
      if (this.#depth === 0) this.#wakeReaders()
    }
  }

  #partitionAdvanced(partition: Partition): void {
    this.#advanced.add(partition)
    if (this.#depth === 0) this.#wakeReaders()
  }

  #wakeReaders(): void {
    while (this.#advanced.size > 0) {
      const partitions = [...this.#advanced]
      this.#advanced.clear()
      for (const partition of partitions) {
        for (const reader of [...partition.readers]) reader.changed()
      }
    }
  }

  /** Runs `callback` when the broker closes; timers are cancelled there. */
  onClose(callback: () => void): void {
    this.#closers.push(callback)
  }

  /** Runs retention now instead of at the next interval. */
  enforceRetention(): void {
    this.#maintenance.enforceRetention()
    this.#journal.compactWhenLong()
  }

  /** Compacts now what is due, instead of at the next look. */
  compact(): void {
    this.#maintenance.compactNow()
  }

  /** Stops cleanly: sessions end, everything is synced, and what the next start needs is written down. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const session of [...this.#sessions]) session.close()
    this.#maintenance.stop()
    for (const callback of this.#closers) callback()
    const partitions = [...this.topics.all()].flatMap((topic) => topic.partitions)
    try {
      this.#journal.flush()
      this.#writeCheckpoint(partitions.filter((partition) => partition.log.segments.length > 0))
    } catch {
      // A disk that is full, failing or gone: the next start finds out what is there as it does after a crash.
    }
    this.storage.close()
  }

  /**
   * Syncs what was written and says what the next start needs to know. Under `write`, which promises nothing for a power loss, the
   * syncing ends after a few seconds: ten thousand logs would take a minute.
   */
  #writeCheckpoint(partitions: readonly Partition[]): void {
    const until = this.durability === 'fsync' ? Number.POSITIVE_INFINITY : this.clock.now() + stopSyncMs
    for (const partition of partitions) if (this.clock.now() < until) partition.syncNow()
    // The next start believes what is written here, and would keep what compaction has replaced.
    deleteLeftovers(this.#segments)
    if (!this.#isStartRecorded) return
    writeCleanShutdown(
      this.storage,
      this.clusterId,
      this.startNumber,
      partitions.map((partition) => [partitionKey(partition.topicId, partition.index), partition.checkpoint()]),
    )
  }
}

/**
 * librdkafka fails without Produce 0 in the list (KAFKA-18659): Kafka advertises versions 0 to 2 and refuses them.
 */
function firstAdvertised(apiKey: number, first: number): number {
  return apiKey === 0 ? 0 : first
}
