import {
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataValue,
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataValue,
} from '@millrace/protocol'
import { decodeKey, decodeValue, encodeKey, encodeValue, recordTypeOf } from '../../coordinators/coordinator-record.ts'
import type { ResolvedRegex } from './consumer-group.ts'
import { type MemberState, memberStateCodes } from './consumer-group-state.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { type EpochPartitions, fromList, type TopicPartitions, toList } from './topic-partitions.ts'

/** One change of a consumer group, as a record of `__consumer_offsets` holds it; null is a tombstone. */
export type ConsumerRecord =
  | { readonly kind: 'group'; readonly value: { readonly epoch: number; readonly metadataHash: number } | null }
  | { readonly kind: 'member'; readonly memberId: string; readonly value: MemberMetadata | null }
  | { readonly kind: 'targetEpoch'; readonly value: { readonly epoch: number; readonly atMs: number } | null }
  | { readonly kind: 'target'; readonly memberId: string; readonly value: TopicPartitions | null }
  | { readonly kind: 'current'; readonly memberId: string; readonly value: CurrentAssignment | null }
  | { readonly kind: 'regex'; readonly pattern: string; readonly value: ResolvedRegex | null }

export type MemberMetadata = Pick<
  ConsumerMember,
  | 'instanceId'
  | 'rackId'
  | 'clientId'
  | 'clientHost'
  | 'topicNames'
  | 'topicRegex'
  | 'rebalanceTimeoutMs'
  | 'serverAssignor'
  | 'classic'
>

export type CurrentAssignment = Pick<
  ConsumerMember,
  'memberEpoch' | 'previousMemberEpoch' | 'state' | 'assigned' | 'pendingRevocation'
>

export interface EncodedRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** All of these have one version so far. */
const version = 0

export function encodeConsumerRecord(groupId: string, record: ConsumerRecord): EncodedRecord {
  switch (record.kind) {
    case 'group':
      return {
        key: encodeKey(ConsumerGroupMetadataKey, { groupId }),
        value: record.value && encodeValue(ConsumerGroupMetadataValue, version, record.value),
      }
    case 'member':
      return {
        key: encodeKey(ConsumerGroupMemberMetadataKey, { groupId, memberId: record.memberId }),
        value: record.value && encodeMember(record.value),
      }
    case 'targetEpoch': {
      const value = record.value && { assignmentEpoch: record.value.epoch, assignmentTimestamp: record.value.atMs }
      return {
        key: encodeKey(ConsumerGroupTargetAssignmentMetadataKey, { groupId }),
        value: value && encodeValue(ConsumerGroupTargetAssignmentMetadataValue, version, value),
      }
    }
    case 'target': {
      const value = record.value && { topicPartitions: toList(record.value) }
      return {
        key: encodeKey(ConsumerGroupTargetAssignmentMemberKey, { groupId, memberId: record.memberId }),
        value: value && encodeValue(ConsumerGroupTargetAssignmentMemberValue, version, value),
      }
    }
    case 'current':
      return {
        key: encodeKey(ConsumerGroupCurrentMemberAssignmentKey, { groupId, memberId: record.memberId }),
        value: record.value && encodeCurrent(record.value),
      }
    case 'regex':
      return {
        key: encodeKey(ConsumerGroupRegularExpressionKey, { groupId, regularExpression: record.pattern }),
        value: record.value && encodeRegex(record.value),
      }
  }
}

/** The tombstone of what Kafka 4.0 kept per group where `metadataHash` is now; written where a group ends. */
export function partitionMetadataTombstone(groupId: string): EncodedRecord {
  return { key: encodeKey(ConsumerGroupPartitionMetadataKey, { groupId }), value: null }
}

function encodeMember(member: MemberMetadata): Buffer {
  const { topicNames, topicRegex, classic, ...rest } = member
  return encodeValue(ConsumerGroupMemberMetadataValue, version, {
    ...rest,
    subscribedTopicNames: [...topicNames],
    subscribedTopicRegex: topicRegex === '' ? null : topicRegex,
    classicMemberMetadata: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      supportedProtocols: classic.protocols.map(({ name, metadata }) => ({ name, metadata })),
    },
  })
}

function encodeCurrent(current: CurrentAssignment): Buffer {
  return encodeValue(ConsumerGroupCurrentMemberAssignmentValue, version, {
    memberEpoch: current.memberEpoch,
    previousMemberEpoch: current.previousMemberEpoch,
    state: memberStateCodes[current.state],
    assignedPartitions: toEpochList(current.assigned),
    partitionsPendingRevocation: toEpochList(current.pendingRevocation),
  })
}

function toEpochList(
  partitions: EpochPartitions,
): { topicId: string; partitions: number[]; assignmentEpochs: number[] }[] {
  return toList(partitions).map(({ topicId, partitions: indexes }) => ({
    topicId,
    partitions: indexes,
    assignmentEpochs: indexes.map((index) => partitions.get(topicId)!.get(index)!),
  }))
}

function encodeRegex({ topics, atMs }: ResolvedRegex): Buffer {
  return encodeValue(ConsumerGroupRegularExpressionValue, version, {
    topics: [...topics].sort(),
    // Kafka puts the offset of the metadata log here, which one node does not have.
    version: atMs,
    timestamp: atMs,
  })
}

/** What a record of `__consumer_offsets` says about a consumer group; undefined for records of other kinds. */
export function decodeConsumerRecord(
  key: Buffer,
  value: Buffer | null,
): { readonly groupId: string; readonly record: ConsumerRecord } | undefined {
  switch (recordTypeOf(key)) {
    case ConsumerGroupMetadataKey.apiKey:
      return {
        groupId: decodeKey(ConsumerGroupMetadataKey, key).groupId,
        record: { kind: 'group', value: value && decodeValue(ConsumerGroupMetadataValue, value) },
      }
    case ConsumerGroupMemberMetadataKey.apiKey: {
      const { groupId, memberId } = decodeKey(ConsumerGroupMemberMetadataKey, key)
      return { groupId, record: { kind: 'member', memberId, value: value && decodeMember(value) } }
    }
    case ConsumerGroupTargetAssignmentMetadataKey.apiKey: {
      const { groupId } = decodeKey(ConsumerGroupTargetAssignmentMetadataKey, key)
      const found = value && decodeValue(ConsumerGroupTargetAssignmentMetadataValue, value)
      const epoch = found && { epoch: found.assignmentEpoch, atMs: found.assignmentTimestamp }
      return { groupId, record: { kind: 'targetEpoch', value: epoch } }
    }
    case ConsumerGroupTargetAssignmentMemberKey.apiKey: {
      const { groupId, memberId } = decodeKey(ConsumerGroupTargetAssignmentMemberKey, key)
      const found = value && decodeValue(ConsumerGroupTargetAssignmentMemberValue, value)
      return { groupId, record: { kind: 'target', memberId, value: found && fromList(found.topicPartitions) } }
    }
    case ConsumerGroupCurrentMemberAssignmentKey.apiKey: {
      const { groupId, memberId } = decodeKey(ConsumerGroupCurrentMemberAssignmentKey, key)
      return { groupId, record: { kind: 'current', memberId, value: value && decodeCurrent(value) } }
    }
    case ConsumerGroupRegularExpressionKey.apiKey: {
      const { groupId, regularExpression: pattern } = decodeKey(ConsumerGroupRegularExpressionKey, key)
      const found = value && decodeValue(ConsumerGroupRegularExpressionValue, value)
      const resolved = found && { topics: new Set(found.topics), atMs: found.timestamp }
      return { groupId, record: { kind: 'regex', pattern, value: resolved } }
    }
    default:
      return undefined
  }
}

function decodeMember(bytes: Buffer): MemberMetadata {
  const value = decodeValue(ConsumerGroupMemberMetadataValue, bytes)
  const { subscribedTopicNames, subscribedTopicRegex, classicMemberMetadata: classic, ...rest } = value
  return {
    ...rest,
    topicNames: subscribedTopicNames,
    topicRegex: subscribedTopicRegex ?? '',
    classic: classic && {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      // The bytes outlive the batch they were read from.
      protocols: classic.supportedProtocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    },
  }
}

function decodeCurrent(bytes: Buffer): CurrentAssignment {
  const value = decodeValue(ConsumerGroupCurrentMemberAssignmentValue, bytes)
  const { memberEpoch, previousMemberEpoch } = value
  return {
    memberEpoch,
    previousMemberEpoch,
    state: stateOf(value.state),
    assigned: fromEpochList(value.assignedPartitions, memberEpoch),
    pendingRevocation: fromEpochList(value.partitionsPendingRevocation, memberEpoch),
  }
}

function stateOf(code: number): MemberState {
  const states = Object.keys(memberStateCodes) as MemberState[]
  return states.find((state) => memberStateCodes[state] === code) ?? 'unreleasedPartitions'
}

/** Records from before KIP-1251 name no epochs: there every partition counts as assigned in the member's. */
function fromEpochList(
  list: readonly {
    readonly topicId: string
    readonly partitions: readonly number[]
    readonly assignmentEpochs: readonly number[] | null
  }[],
  memberEpoch: number,
): EpochPartitions {
  return new Map(
    list.map(({ topicId, partitions, assignmentEpochs }) => [
      topicId,
      new Map(partitions.map((partition, index) => [partition, assignmentEpochs?.[index] ?? memberEpoch])),
    ]),
  )
}
