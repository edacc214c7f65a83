import { type CreateTopicsRequest, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { invalidValue } from '../config/definition.ts'
import { inheritedTopicConfig } from '../config/topic-config.ts'
import { topicConfigConflict, topicConfigDefinition } from '../config/topic-config-definitions.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { isInternalTopic } from './topic.ts'
import { invalidTopicName } from './topic-name.ts'

type CreatableTopic = CreateTopicsRequest['topics'][number]

/** What the first record of a partition takes on a disk at least. */
const blockBytes = 4096

export interface CheckedTopic {
  readonly partitions: number
  readonly config: Map<string, string>
}

/** What a request to create a topic comes to, or why it is refused. */
export function checkNewTopic(core: BrokerCore, wanted: CreatableTopic): CheckedTopic | Refusal {
  const { name, assignments } = wanted
  const invalid = invalidTopicName(name)
  if (invalid) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
  if (core.topics.topic(name)) return refusal(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  if (isInternalTopic(name)) {
    return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' is the broker's own and is created by it.`)
  }
  const colliding = core.topics.colliding(name)
  if (colliding) {
    return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${colliding}`)
  }
  const partitions = assignments.length > 0 ? assignedPartitions(core, wanted) : countedPartitions(core, wanted)
  if (typeof partitions !== 'number') return partitions
  const noRoom = noRoomFor(core, partitions)
  if (noRoom) return noRoom
  const config = checkConfig(wanted.configs, core.config)
  return 'errorCode' in config ? config : { partitions, config: config.values }
}

/**
 * Why the broker takes no `more` partitions; undefined when it does. A mistyped number, or many requests with large ones, must not fill
 * memory and disk.
 */
export function noRoomFor(core: BrokerCore, more: number): Refusal | undefined {
  const name = 'max.broker.partitions'
  const limit = core.config.number(name)
  const { partitionCount } = core.topics
  if (partitionCount + more <= limit) return noRoomOnDisk(core, more)
  const message =
    `The broker has ${partitionCount} partition(s) and takes no ${more} more: ${name} is ${limit}. ` +
    'Ask for fewer, delete topics, or raise the setting.'
  return refusal(ErrorCode.POLICY_VIOLATION, message)
}

/**
 * On a full disk the journal may still have room in its last block: a topic that fits there would be acknowledged, and take no
 * record.
 */
function noRoomOnDisk(core: BrokerCore, more: number): Refusal | undefined {
  // Some file systems of the network and of users say of everything that it is 0.
  const { totalBytes = 0, usableBytes = 0 } = core.storage.space?.() ?? {}
  if (totalBytes === 0 || usableBytes >= more * blockBytes) return undefined
  const message = `The disk is full: ${usableBytes} bytes are left, too few for ${more} partition(s). Make room.`
  return refusal(ErrorCode.KAFKA_STORAGE_ERROR, message)
}

function countedPartitions(core: BrokerCore, { numPartitions, replicationFactor }: CreatableTopic): number | Refusal {
  if (replicationFactor !== -1 && replicationFactor !== 1) {
    const message =
      replicationFactor < 1
        ? 'Replication factor must be larger than 0, or -1 to use the default value.'
        : `Unable to replicate the partition ${replicationFactor} time(s): this broker is a single node, 1 is all there is.`
    return refusal(ErrorCode.INVALID_REPLICATION_FACTOR, message)
  }
  if (numPartitions === -1) return core.config.number('num.partitions')
  if (numPartitions >= 1) return numPartitions
  return refusal(
    ErrorCode.INVALID_PARTITIONS,
    'Number of partitions must be larger than 0, or -1 to use the default value.',
  )
}

function assignedPartitions(core: BrokerCore, wanted: CreatableTopic): number | Refusal {
  const { assignments, numPartitions, replicationFactor } = wanted
  if (numPartitions !== -1 || replicationFactor !== -1) {
    return refusal(ErrorCode.INVALID_REQUEST, 'A manual assignment excludes a number of partitions or replicas.')
  }
  const indexes = new Set(assignments.map((one) => one.partitionIndex))
  const consecutive = indexes.size === assignments.length && assignments.every((_one, index) => indexes.has(index))
  if (!consecutive) {
    return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'Partitions of an assignment must be consecutive from 0.')
  }
  const here = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === core.nodeId)
  if (here) return assignments.length
  return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `The only broker to assign replicas to is ${core.nodeId}.`)
}

/** A topic's own settings as given; null values are left out. */
export function checkConfig(
  given: readonly { name: string; value: string | null }[],
  broker: BrokerConfig,
): { values: Map<string, string> } | Refusal {
  const values = new Map<string, string>()
  for (const { name, value } of given) {
    if (value === null) continue
    const problem = configProblem(name, value)
    if (problem) return refusal(ErrorCode.INVALID_CONFIG, problem)
    values.set(name, value)
  }
  const conflict = topicConfigConflict((name) => values.get(name) ?? inheritedTopicConfig(broker, name))
  return conflict === undefined ? { values } : refusal(ErrorCode.INVALID_CONFIG, conflict)
}

export function configProblem(name: string, value: string): string | undefined {
  const definition = topicConfigDefinition(name)
  return definition ? invalidValue(definition, value) : `Unknown topic config name: ${name}`
}
