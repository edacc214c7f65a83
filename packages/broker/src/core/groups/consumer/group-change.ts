import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, hasSameAssignment, hasSameMetadata, newConsumerMember } from './consumer-member.ts'
import {
  type ConsumerRecord,
  type EncodedRecord,
  encodeConsumerRecord,
  partitionMetadataTombstone,
} from './consumer-records.ts'
import { noEpochPartitions } from './topic-partitions.ts'

/** Takes one record into a group: the only way a group changes, live and at the start. */
export function applyRecord(group: ConsumerGroup, record: ConsumerRecord): void {
  switch (record.kind) {
    case 'group':
      group.groupEpoch = record.value?.epoch ?? 1
      group.metadataHash = record.value?.metadataHash ?? 0
      return
    case 'member': {
      const { memberId, value } = record
      if (value) group.put({ ...(group.members.get(memberId) ?? newConsumerMember(memberId)), ...value })
      else group.remove(memberId)
      return
    }
    case 'targetEpoch':
      group.assignmentEpoch = record.value?.epoch ?? 0
      return
    case 'target':
      if (record.value) group.target.set(record.memberId, record.value)
      else group.target.delete(record.memberId)
      return
    case 'current': {
      const { memberId, value } = record
      const member = group.members.get(memberId)
      // After compaction a member's place may come before the member itself, which has changed what it says since.
      if (value) group.put({ ...(member ?? newConsumerMember(memberId)), ...value })
      else if (member) group.put({ ...member, assigned: noEpochPartitions, pendingRevocation: noEpochPartitions })
      return
    }
    case 'regex':
      if (record.value) group.regexes.set(record.pattern, record.value)
      else group.regexes.delete(record.pattern)
  }
}

/**
 * A change of a group in the making. It goes into the log as one batch, so that a crash leaves all of it or nothing, and
 * shows only when the log has it: until then the group itself is as it was.
 */
export class GroupChange {
  readonly group: ConsumerGroup
  readonly records: EncodedRecord[]
  /** Call when the change is in the log. */
  readonly committed: () => void

  /**
   * `first` goes into the log before all else: what makes the group, where it is made of a classic one; `committed` then
   * ends the classic one.
   */
  constructor(from: ConsumerGroup, first: readonly EncodedRecord[] = [], committed = (): void => {}) {
    this.group = from.fork()
    this.records = [...first]
    this.committed = committed
  }

  add(record: ConsumerRecord): void {
    this.records.push(encodeConsumerRecord(this.group.groupId, record))
    applyRecord(this.group, record)
  }

  /** Writes what is different from the member as it is now. */
  putMember(member: ConsumerMember): void {
    const { memberId } = member
    const before = this.group.members.get(memberId)
    if (!before || !hasSameMetadata(before, member)) this.add({ kind: 'member', memberId, value: member })
    this.putAssignment(member)
  }

  putAssignment(member: ConsumerMember): void {
    const { memberId } = member
    const before = this.group.members.get(memberId)
    if (!before || !hasSameAssignment(before, member)) this.add({ kind: 'current', memberId, value: member })
  }

  /** Takes a member out, and the regular expression with it if nobody else subscribes to that. */
  removeMember(memberId: string): void {
    const { topicRegex } = this.group.members.get(memberId) ?? {}
    for (const kind of ['current', 'target', 'member'] as const) this.add({ kind, memberId, value: null })
    if (topicRegex !== undefined) this.dropUnusedRegex(topicRegex)
  }

  dropUnusedRegex(pattern: string): void {
    if (!this.group.regexes.has(pattern) || this.group.subscribedRegexes().has(pattern)) return
    this.add({ kind: 'regex', pattern, value: null })
  }

  bumpEpoch(metadataHash: number): void {
    this.add({ kind: 'group', value: { epoch: this.group.groupEpoch + 1, metadataHash } })
    this.group.isMetadataStale = false
  }
}

/** All records that alone say what a group is. */
export function snapshotRecords(group: ConsumerGroup, nowMs: number): EncodedRecord[] {
  const { groupEpoch: epoch, metadataHash, assignmentEpoch } = group
  const records: ConsumerRecord[] = []
  for (const value of group.members.values()) records.push({ kind: 'member', memberId: value.memberId, value })
  records.push({ kind: 'group', value: { epoch, metadataHash } })
  for (const [pattern, value] of group.regexes) records.push({ kind: 'regex', pattern, value })
  for (const [memberId, value] of group.target) records.push({ kind: 'target', memberId, value })
  records.push({ kind: 'targetEpoch', value: { epoch: assignmentEpoch, atMs: nowMs } })
  for (const value of group.members.values()) records.push({ kind: 'current', memberId: value.memberId, value })
  return records.map((record) => encodeConsumerRecord(group.groupId, record))
}

/** What says that a group is no consumer group any more; the record of the group itself comes last. */
export function tombstoneRecords(group: ConsumerGroup): EncodedRecord[] {
  const records: ConsumerRecord[] = []
  for (const memberId of group.members.keys()) records.push({ kind: 'current', memberId, value: null })
  for (const memberId of group.target.keys()) records.push({ kind: 'target', memberId, value: null })
  records.push({ kind: 'targetEpoch', value: null })
  for (const memberId of group.members.keys()) records.push({ kind: 'member', memberId, value: null })
  for (const pattern of group.regexes.keys()) records.push({ kind: 'regex', pattern, value: null })
  const encoded = records.map((record) => encodeConsumerRecord(group.groupId, record))
  encoded.push(partitionMetadataTombstone(group.groupId))
  encoded.push(encodeConsumerRecord(group.groupId, { kind: 'group', value: null }))
  return encoded
}
