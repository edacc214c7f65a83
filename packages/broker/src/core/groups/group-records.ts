import {
  type BatchFields,
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
  RecordBatchBuilder,
  type RecordBatchView,
  ZERO_UUID,
} from '@millrace/protocol'
import { decodeKey, decodeValue, encodeKey, encodeValue, recordTypeOf } from '../coordinators/coordinator-record.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type ConsumerRecord, decodeConsumerRecord, type EncodedRecord } from './consumer/consumer-records.ts'
import { metadataFor } from './group-member.ts'

/** All as Kafka 4.3 writes them; an expiry of its own has a place in version 1 only. */
const offsetVersion = 4
const offsetVersionWithExpiry = 1
const groupVersion = 3

/** Kafka wrote offset keys of type 0 before it wrote 1; they say the same. */
const legacyOffsetKeyType = 0

export interface OffsetKey {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

export interface OffsetValue {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitMs: number
  /** Only commits of old clients that name a retention time have one; -1 otherwise. */
  readonly expireMs: number
  /** Of the topic that was meant, where it is known: one of the same name that came later has nothing to do with it. */
  readonly topicId?: string
}

/** One batch of commits; `null` removes a commit. */
export function offsetRecords(
  entries: readonly { readonly key: OffsetKey; readonly value: OffsetValue | null }[],
  nowMs: number,
  fields: BatchFields = {},
): Buffer {
  const builder = new RecordBatchBuilder({ initialBytes: 128 + entries.length * 96 })
  for (const { key, value } of entries) {
    const { groupId: group, topic, partition } = key
    builder.append(nowMs, encodeKey(OffsetCommitKey, { group, topic, partition }), value && encodeOffset(value))
  }
  return builder.build(fields)
}

function encodeOffset({ offset, leaderEpoch, metadata, commitMs, expireMs, topicId = ZERO_UUID }: OffsetValue): Buffer {
  const value = { offset, metadata, commitTimestamp: commitMs }
  if (expireMs >= 0) {
    return encodeValue(OffsetCommitValue, offsetVersionWithExpiry, { ...value, expireTimestamp: expireMs })
  }
  return encodeValue(OffsetCommitValue, offsetVersion, { ...value, leaderEpoch, topicId })
}

/** The group's present generation: members, what they said for the chosen protocol, what they were assigned. */
export function groupRecord(group: ClassicGroup): EncodedRecord {
  const value = encodeValue(GroupMetadataValue, groupVersion, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.settings.clientId,
      clientHost: member.settings.clientHost,
      rebalanceTimeout: member.settings.rebalanceTimeoutMs,
      sessionTimeout: member.settings.sessionTimeoutMs,
      subscription: metadataFor(member, group.protocolName),
      assignment: member.assignment,
    })),
  })
  return { key: encodeKey(GroupMetadataKey, { group: group.groupId }), value }
}

/** Says that a group is gone. */
export function groupTombstone(groupId: string): EncodedRecord {
  return { key: encodeKey(GroupMetadataKey, { group: groupId }), value: null }
}

/** Records in one batch: a crash leaves all of them or none. */
export function recordBatch(records: readonly EncodedRecord[], nowMs: number): Buffer {
  const bytes = records.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0) + 16, 128)
  const builder = new RecordBatchBuilder({ initialBytes: bytes })
  for (const { key, value } of records) builder.append(nowMs, key, value)
  return builder.build({})
}

export interface GroupRecordVisitor {
  offset(key: OffsetKey, value: OffsetValue | null, recordOffset: number): void
  group(groupId: string, value: GroupMetadataValue | null): void
  consumer(groupId: string, record: ConsumerRecord): void
}

/** Visits the records of a data batch; those of other kinds (other group types) are passed over. */
export function visitGroupRecords(batch: RecordBatchView, visitor: GroupRecordVisitor): void {
  const cursor = batch.cursor()
  while (cursor.next()) {
    const key = cursor.keyBytes()
    if (!key) continue
    const type = recordTypeOf(key)
    const value = cursor.valueBytes()
    if (type === OffsetCommitKey.apiKey || type === legacyOffsetKeyType) {
      const { group: groupId, topic, partition } = decodeKey(OffsetCommitKey, key)
      visitor.offset({ groupId, topic, partition }, value && decodeOffset(value), cursor.offset)
    } else if (type === GroupMetadataKey.apiKey) {
      const { group } = decodeKey(GroupMetadataKey, key)
      visitor.group(group, value && decodeValue(GroupMetadataValue, value))
    } else {
      const found = decodeConsumerRecord(key, value)
      if (found) visitor.consumer(found.groupId, found.record)
    }
  }
}

function decodeOffset(bytes: Buffer): OffsetValue {
  const value = decodeValue(OffsetCommitValue, bytes)
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitMs: value.commitTimestamp,
    expireMs: value.expireTimestamp,
    ...(value.topicId !== ZERO_UUID && { topicId: value.topicId }),
  }
}
