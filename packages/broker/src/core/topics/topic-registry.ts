import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { TopicConfig } from '../config/topic-config.ts'
import type { Partition } from '../partition.ts'
import type { Birth, MetadataRecord } from './metadata-journal.ts'
import { type InternalTopicName, isInternalTopic, type Topic } from './topic.ts'
import { collisionKey } from './topic-name.ts'

/** What the registry needs of the broker around it. */
export interface TopicRegistryEnvironment {
  readonly config: BrokerConfig
  newTopicId(): string
  /** Which start of the broker this is. */
  startNumber(): number
  /** Makes a change durable; throws when it cannot be. */
  record(record: MetadataRecord): void
  openPartition(
    topic: { name: string; id: string; config: TopicConfig; mirror: boolean },
    index: number,
    bornInStart: number,
  ): Partition
  /** Deletes the bytes of a topic. */
  deleteTopicData(topicId: string): void
}

/** Settings of the broker's own topics: compacted, and small segments, because the one being written is never compacted. */
function internalTopicConfig(name: InternalTopicName, config: BrokerConfig): [string, string][] {
  const isOffsets = name === '__consumer_offsets'
  return [
    ['cleanup.policy', 'compact'],
    ['compression.type', isOffsets ? 'producer' : 'uncompressed'],
    ['segment.bytes', config.string(isOffsets ? 'offsets.topic.segment.bytes' : 'transaction.state.log.segment.bytes')],
  ]
}

/** All topics by name and id. Every change is recorded before it shows. */
export class TopicRegistry {
  readonly #environment: TopicRegistryEnvironment
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly #collisionKeys = new Map<string, string>()
  #partitionCount = 0
  readonly #changeListeners: ((topic: Topic) => void)[] = []
  readonly #deletionListeners: ((topic: Topic) => void)[] = []

  constructor(environment: TopicRegistryEnvironment) {
    this.#environment = environment
  }

  topic(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  topicById(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, index: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[index]
  }

  all(): Iterable<Topic> {
    return this.#byName.values()
  }

  get count(): number {
    return this.#byName.size
  }

  /** Of all topics. */
  get partitionCount(): number {
    return this.#partitionCount
  }

  /** The existing topic whose name differs only in '.' and '_', if there is one. */
  colliding(name: string): string | undefined {
    const other = this.#collisionKeys.get(collisionKey(name))
    return other === name ? undefined : other
  }

  /** Creates a topic; the caller has checked name and settings. Throws what recording throws. */
  create(name: string, partitions: number, config: Iterable<readonly [string, string]>, mirror = false): Topic {
    const id = this.#environment.newTopicId()
    const own = Object.fromEntries(config)
    const births: readonly Birth[] = [[0, this.#environment.startNumber()]]
    const state = { name, id, partitions, config: own, births, mirror }
    this.#environment.record({ kind: 'topic', ...state })
    return this.apply(state)
  }

  /** The broker's own topic, created when it is first needed. */
  internalTopic(name: InternalTopicName): Topic {
    return this.topic(name) ?? this.create(name, 1, internalTopicConfig(name, this.#environment.config))
  }

  /** Takes a recorded topic into memory; also one that has more partitions or other settings now. */
  apply(state: Omit<Extract<MetadataRecord, { kind: 'topic' }>, 'kind'>): Topic {
    const { name, id, births = [], mirror = false } = state
    let topic = this.#byId.get(id)
    if (topic) topic.config.replaceOwn(Object.entries(state.config))
    else {
      const config = new TopicConfig(this.#environment.config, Object.entries(state.config))
      topic = { name, id, config, partitions: [], births, mirror, internal: isInternalTopic(name) }
      this.#byName.set(name, topic)
      this.#byId.set(id, topic)
      this.#collisionKeys.set(collisionKey(name), name)
    }
    topic.births = births
    topic.mirror = mirror
    const before = topic.partitions.length
    while (topic.partitions.length < state.partitions) {
      const index = topic.partitions.length
      const bornInStart = births.findLast(([first]) => first <= index)?.[1] ?? 0
      topic.partitions.push(this.#environment.openPartition(topic, index, bornInStart))
      this.#partitionCount++
    }
    if (topic.partitions.length > before) for (const listener of this.#changeListeners) listener(topic)
    return topic
  }

  addPartitions(topic: Topic, partitions: number): void {
    this.#recordAndApply(topic, partitions, Object.fromEntries(topic.config.own))
  }

  alterConfig(topic: Topic, own: Readonly<Record<string, string>>): void {
    this.#recordAndApply(topic, topic.partitions.length, own)
  }

  /** From here on clients may write to a topic that was a mirror. Throws what recording throws. */
  endMirroring(topic: Topic): void {
    this.#recordAndApply(topic, topic.partitions.length, Object.fromEntries(topic.config.own), false)
    for (const partition of topic.partitions) partition.endMirroring()
  }

  #recordAndApply(
    topic: Topic,
    partitions: number,
    config: Readonly<Record<string, string>>,
    mirror = topic.mirror,
  ): void {
    const { name, id } = topic
    const before = topic.partitions.length
    const births: readonly Birth[] =
      partitions > before ? [...topic.births, [before, this.#environment.startNumber()]] : topic.births
    const state = { name, id, partitions, config, births, mirror }
    this.#environment.record({ kind: 'topic', ...state })
    this.apply(state)
  }

  /**
   * The deletion is recorded first: a process that dies before the files are gone finds files without a topic at its next
   * start and removes them then.
   */
  delete(topic: Topic): void {
    this.#environment.record({ kind: 'topicDeleted', id: topic.id })
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    this.#collisionKeys.delete(collisionKey(topic.name))
    this.#partitionCount -= topic.partitions.length
    for (const partition of topic.partitions) partition.close(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    this.#environment.deleteTopicData(topic.id)
    for (const listener of this.#deletionListeners) listener(topic)
  }

  /** Calls back when a topic was created or has more partitions. */
  onChanged(listener: (topic: Topic) => void): void {
    this.#changeListeners.push(listener)
  }

  onDeleted(listener: (topic: Topic) => void): void {
    this.#deletionListeners.push(listener)
  }

  /** Broker settings have changed that are defaults of topics. */
  refreshConfigs(): void {
    for (const topic of this.#byName.values()) topic.config.refresh()
  }

  *records(): Iterable<MetadataRecord> {
    for (const { name, id, partitions, config, births, mirror } of this.#byName.values()) {
      yield {
        kind: 'topic',
        name,
        id,
        partitions: partitions.length,
        config: Object.fromEntries(config.own),
        births,
        mirror,
      }
      for (const partition of partitions) {
        if (partition.logStartOffset === 0) continue
        yield { kind: 'logStart', id, partition: partition.index, offset: partition.logStartOffset }
      }
    }
  }
}
