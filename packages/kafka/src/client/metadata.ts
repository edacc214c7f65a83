import type { MetadataResponse } from '@millrace/protocol'
import type { Target } from '../transport.ts'

export interface BrokerNode extends Target {
  readonly id: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** Node id, -1 while the partition has no leader. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface TopicMetadata {
  readonly name: string
  /** ZERO_UUID from brokers older than 2.8. */
  readonly topicId: string
  readonly isInternal: boolean
  /** By partition number. */
  readonly partitions: readonly PartitionMetadata[]
  /** Epoch milliseconds. */
  readonly fetchedAtMs: number
}

/** What is known of the cluster. Leader epochs never go backwards within one topic id (KIP-320). */
export class MetadataCache {
  clusterId: string | null = null
  controllerId = -1
  #nodes = new Map<number, BrokerNode>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #namesById = new Map<string, string>()

  get nodes(): readonly BrokerNode[] {
    return [...this.#nodes.values()]
  }

  node(id: number): BrokerNode | undefined {
    return this.#nodes.get(id)
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  topicName(topicId: string): string | undefined {
    return this.#namesById.get(topicId)
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  /** Takes a response over; returns the error code of every topic that has one. */
  update(response: MetadataResponse, nowMs: number): Map<string, number> {
    this.clusterId = response.clusterId
    this.controllerId = response.controllerId
    if (response.brokers.length > 0) {
      this.#nodes = new Map(response.brokers.map(({ nodeId: id, host, port, rack }) => [id, { id, host, port, rack }]))
    }
    const failed = new Map<string, number>()
    for (const topic of response.topics) {
      const name = topic.name ?? this.#namesById.get(topic.topicId)
      if (name === undefined) continue
      if (topic.errorCode !== 0) {
        failed.set(name, topic.errorCode)
        this.forget(name)
        continue
      }
      this.#put(name, topic, nowMs)
    }
    return failed
  }

  /** Takes over what a Produce or Fetch response said about a new leader (KIP-951). */
  updateLeader(topic: string, partition: number, leader: number, leaderEpoch: number): void {
    const known = this.#topics.get(topic)
    const before = known?.partitions[partition]
    if (known === undefined || before === undefined || leaderEpoch <= before.leaderEpoch || !this.#nodes.has(leader))
      return
    const partitions = known.partitions.map((entry) => (entry === before ? { ...before, leader, leaderEpoch } : entry))
    this.#topics.set(topic, { ...known, partitions })
  }

  addNodes(nodes: readonly BrokerNode[]): void {
    for (const node of nodes) this.#nodes.set(node.id, node)
  }

  forget(name: string): void {
    const known = this.#topics.get(name)
    if (known === undefined) return
    this.#topics.delete(name)
    this.#namesById.delete(known.topicId)
  }

  #put(name: string, topic: MetadataResponse['topics'][number], nowMs: number): void {
    const before = this.#topics.get(name)
    const sameTopic = before?.topicId === topic.topicId
    const partitions: PartitionMetadata[] = []
    for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes } of topic.partitions) {
      const old = sameTopic ? before?.partitions[partitionIndex] : undefined
      // A broker that lags behind must not bring a deposed leader back.
      const stale = old !== undefined && old.leaderEpoch > leaderEpoch && leaderEpoch >= 0
      partitions[partitionIndex] = stale
        ? old
        : { partition: partitionIndex, leader: leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes }
    }
    if (before !== undefined && !sameTopic) this.#namesById.delete(before.topicId)
    this.#namesById.set(topic.topicId, name)
    this.#topics.set(name, {
      name,
      topicId: topic.topicId,
      isInternal: topic.isInternal,
      partitions,
      fetchedAtMs: nowMs,
    })
  }
}
