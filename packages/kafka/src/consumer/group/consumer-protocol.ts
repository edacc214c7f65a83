import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeMessage,
  encodeMessage,
  type MessageInput,
  type MessageType,
} from '@millrace/protocol'
import type { TopicPartition } from '../../producer/types.ts'

/** What members and leader tell each other inside JoinGroup and SyncGroup; the broker does not look into it. */
export interface Subscription {
  readonly topics: readonly string[]
  readonly userData: Buffer | null
  readonly ownedPartitions: readonly TopicPartition[]
  readonly generationId: number
  readonly rackId: string | null
}

export interface GroupAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Buffer | null
}

interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export function encodeSubscription(subscription: Subscription): Buffer {
  const { topics, userData, ownedPartitions, generationId, rackId } = subscription
  return versioned(ConsumerProtocolSubscription, {
    // Sorted as Java does, so that equal subscriptions are equal bytes and cause no rebalance.
    topics: [...topics].sort(),
    userData,
    ownedPartitions: grouped(ownedPartitions),
    generationId,
    rackId,
  })
}

export function decodeSubscription(bytes: Buffer): Subscription {
  const { topics, userData, ownedPartitions, generationId, rackId } = decoded(ConsumerProtocolSubscription, bytes)
  return { topics, userData, ownedPartitions: flat(ownedPartitions), generationId, rackId }
}

export function encodeAssignment(partitions: readonly TopicPartitions[], userData: Buffer | undefined): Buffer {
  return versioned(ConsumerProtocolAssignment, { assignedPartitions: partitions, userData: userData ?? null })
}

/** Empty bytes are no assignment. */
export function decodeAssignment(bytes: Buffer): GroupAssignment {
  if (bytes.length === 0) return { partitions: [], userData: null }
  const { assignedPartitions, userData } = decoded(ConsumerProtocolAssignment, bytes)
  return { partitions: flat(assignedPartitions), userData }
}

function versioned<T>(type: MessageType<T>, value: MessageInput<T>): Buffer {
  const version = Buffer.alloc(2)
  version.writeInt16BE(type.validVersions.max)
  return Buffer.concat([version, encodeMessage(type, type.validVersions.max, value)])
}

/** Newer versions only add fields at the end, so they are read as the newest that is known. */
function decoded<T>(type: MessageType<T>, bytes: Buffer): T {
  const version = bytes.length < 2 ? 0 : bytes.readInt16BE(0)
  return decodeMessage(type, Math.min(version, type.validVersions.max), bytes, 2)
}

function grouped(partitions: readonly TopicPartition[]): TopicPartitions[] {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition])
  return [...byTopic].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}

function flat(topics: readonly TopicPartitions[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
