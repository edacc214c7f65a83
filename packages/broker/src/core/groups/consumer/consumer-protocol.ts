import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeMessage,
  encodeMessage,
} from '@millrace/protocol'
import type { GroupTopics } from './target-assignment.ts'
import type { TopicPartitions } from './topic-partitions.ts'

/** Bytes that classic consumers put into JoinGroup and SyncGroup begin with the version of what follows. */
const versionBytes = 2

export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: TopicPartitions
  readonly rackId: string | null
}

interface NamedPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** Newer versions only add fields at the end. */
function versionOf(bytes: Buffer, newest: number): number {
  return Math.min(bytes.readInt16BE(0), newest)
}

/** What a classic consumer subscribes to; undefined when the bytes say no such thing. */
export function decodeSubscription(bytes: Buffer, topics: GroupTopics): Subscription | undefined {
  try {
    const version = versionOf(bytes, ConsumerProtocolSubscription.validVersions.max)
    const found = decodeMessage(ConsumerProtocolSubscription, version, bytes, versionBytes)
    return { topics: found.topics, owned: byId(found.ownedPartitions, topics), rackId: found.rackId }
  } catch {
    return undefined
  }
}

/** What a classic group's leader has assigned; undefined when the bytes say no such thing. */
export function decodeAssignment(bytes: Buffer, topics: GroupTopics): TopicPartitions | undefined {
  if (bytes.length === 0) return new Map()
  try {
    const version = versionOf(bytes, ConsumerProtocolAssignment.validVersions.max)
    const found = decodeMessage(ConsumerProtocolAssignment, version, bytes, versionBytes)
    return byId(found.assignedPartitions, topics)
  } catch {
    return undefined
  }
}

/** An assignment in the version that the member's own bytes have. */
export function encodeAssignment(
  partitions: ReadonlyMap<string, { keys(): Iterable<number> }>,
  subscription: Buffer,
  topics: GroupTopics,
): Buffer {
  const version = versionOf(subscription, ConsumerProtocolAssignment.validVersions.max)
  const assignedPartitions = Array.from(partitions, ([topicId, indexes]) => ({
    topic: topics.topicById(topicId)?.name ?? '',
    partitions: [...indexes.keys()].sort((a, b) => a - b),
  })).filter(({ topic }) => topic !== '')
  const body = encodeMessage(ConsumerProtocolAssignment, version, { assignedPartitions, userData: null })
  const bytes = Buffer.allocUnsafe(versionBytes + body.length)
  bytes.writeInt16BE(version, 0)
  body.copy(bytes, versionBytes)
  return bytes
}

function byId(list: readonly NamedPartitions[], topics: GroupTopics): TopicPartitions {
  const found = new Map<string, Set<number>>()
  for (const { topic: name, partitions } of list) {
    const topic = topics.topic(name)
    if (!topic) continue
    const existing = partitions.filter((partition) => partition < topic.partitions.length)
    if (existing.length > 0) found.set(topic.id, new Set(existing))
  }
  return found
}
