import type { Clock } from '@millrace/base'
import { controlType, ErrorCode, type GroupMetadataValue, type RecordBatchView } from '@millrace/protocol'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { isStored } from '../coordinators/storage-failure.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import type { ConsumerRecord, EncodedRecord } from './consumer/consumer-records.ts'
import { applyRecord, type GroupChange, snapshotRecords, tombstoneRecords } from './consumer/group-change.ts'
import { newMember } from './group-member.ts'
import { GroupOffsets } from './group-offsets.ts'
import {
  type GroupRecordVisitor,
  groupRecord,
  groupTombstone,
  type OffsetKey,
  type OffsetValue,
  offsetRecords,
  recordBatch,
  visitGroupRecords,
} from './group-records.ts'

export interface OffsetEntry {
  readonly key: OffsetKey
  readonly value: OffsetValue
}

export interface TransactionalProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

/** A group of any type that there is. */
export type Group = ClassicGroup | ConsumerGroup

/** Groups and their offsets in memory and in `__consumer_offsets`; the log goes first. */
export class GroupStore {
  readonly groups = new Map<string, Group>()
  readonly offsets = new GroupOffsets()
  readonly #log: CoordinatorLog
  readonly #clock: Clock
  /** Offset of the last record of each group. */
  readonly #lastRecords = new Map<string, number>()

  /** Reads the log. */
  constructor(log: CoordinatorLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
    log.replay((batch) => this.#replay(batch))
    for (const group of this.consumerGroups()) group.settle()
    for (const groupId of this.offsets.groupIds()) this.group(groupId)
  }

  classicGroup(groupId: string): ClassicGroup | undefined {
    const group = this.groups.get(groupId)
    return group?.type === 'classic' ? group : undefined
  }

  consumerGroup(groupId: string): ConsumerGroup | undefined {
    const group = this.groups.get(groupId)
    return group?.type === 'consumer' ? group : undefined
  }

  *consumerGroups(): Iterable<ConsumerGroup> {
    for (const group of this.groups.values()) if (group.type === 'consumer') yield group
  }

  /** The group, created as an empty classic one when there is none. */
  group(groupId: string): Group {
    let group = this.groups.get(groupId)
    if (!group) {
      group = new ClassicGroup(groupId, this.#clock.now())
      this.groups.set(groupId, group)
    }
    return group
  }

  /** Forgets a group that was only asked for and has nothing to remember. */
  dropIfBlank(group: Group): void {
    const { groupId } = group
    if (group.type !== 'classic') return
    const isBlank = group.generationId === 0 && group.members.size === 0 && group.pendingMembers.size === 0
    if (isBlank && !this.offsets.get(groupId) && !this.offsets.hasPending(groupId)) this.groups.delete(groupId)
  }

  #replay(batch: RecordBatchView): void {
    this.#replayOffsets(batch, {
      group: (groupId, value) => {
        // Offsets are records of their own: they stay where the group goes on as one of another type.
        if (value) this.groups.set(groupId, restoreGroup(groupId, value, this.#clock.now()))
        else if (this.classicGroup(groupId)) this.groups.delete(groupId)
      },
      consumer: (groupId, record) => this.#replayConsumer(groupId, record),
    })
  }

  #replayConsumer(groupId: string, record: ConsumerRecord): void {
    let group = this.consumerGroup(groupId)
    if (record.value === null) {
      if (group && record.kind === 'group') this.groups.delete(groupId)
      else if (group) applyRecord(group, record)
      return
    }
    if (!group) {
      group = new ConsumerGroup(groupId)
      this.groups.set(groupId, group)
    }
    applyRecord(group, record)
  }

  #replayOffsets(batch: RecordBatchView, groups: Omit<GroupRecordVisitor, 'offset'>): void {
    if (batch.isControl) {
      const cursor = batch.cursor()
      const type = cursor.next() ? controlType(cursor) : undefined
      if (type) this.offsets.endTransaction(batch.producerId, type === 'commit')
      return
    }
    visitGroupRecords(batch, {
      ...groups,
      offset: (key, value, recordOffset) => {
        if (!value) this.offsets.delete(key)
        else if (batch.isTransactional) this.offsets.commitPending(batch.producerId, key, { ...value, recordOffset })
        else this.offsets.commit(key, { ...value, recordOffset })
      },
    })
  }

  /** Throws when the log does, as all that write here; nothing has changed then. */
  persistGroup(group: ClassicGroup): void {
    this.#append(group.groupId, [groupRecord(group)])
  }

  #append(groupId: string, records: readonly EncodedRecord[]): void {
    const baseOffset = this.#log.append(recordBatch(records, this.#clock.now()))
    this.#lastRecords.set(groupId, baseOffset + records.length - 1)
  }

  /** Puts a changed consumer group in the place of what the group was before. */
  commitConsumerGroup({ group, records, committed }: GroupChange): void {
    const { groupId } = group
    const before = this.consumerGroup(groupId)
    if (records.length === 0) {
      if (before) before.isMetadataStale = group.isMetadataStale
      return
    }
    this.#append(groupId, records)
    this.groups.set(groupId, group)
    committed()
  }

  /** Puts a classic group in the place of a consumer group. */
  commitDowngrade(from: ConsumerGroup, to: ClassicGroup): void {
    const records = [...tombstoneRecords(from)]
    // An empty classic group is not in the log: it begins with its first generation.
    if (to.members.size > 0) records.push(groupRecord(to))
    this.#append(to.groupId, records)
    this.groups.set(to.groupId, to)
  }

  commitOffsets(groupId: string, entries: readonly OffsetEntry[]): void {
    if (entries.length === 0) return
    const baseOffset = this.#log.append(offsetRecords(entries, this.#clock.now()))
    entries.forEach(({ key, value }, index) => {
      this.offsets.commit(key, { ...value, recordOffset: baseOffset + index })
    })
    this.#lastRecords.set(groupId, baseOffset + entries.length - 1)
  }

  commitPendingOffsets(groupId: string, entries: readonly OffsetEntry[], producer: TransactionalProducer): void {
    if (entries.length === 0) return
    const fields = { producerId: producer.producerId, producerEpoch: producer.producerEpoch, transactional: true }
    const baseOffset = this.#log.append(offsetRecords(entries, this.#clock.now(), fields))
    entries.forEach(({ key, value }, index) => {
      this.offsets.commitPending(producer.producerId, key, { ...value, recordOffset: baseOffset + index })
    })
    this.#lastRecords.set(groupId, baseOffset + entries.length - 1)
  }

  deleteOffsets(groupId: string, keys: readonly OffsetKey[]): void {
    if (keys.length === 0) return
    const entries = keys.map((key) => ({ key, value: null }))
    this.#lastRecords.set(groupId, this.#log.append(offsetRecords(entries, this.#clock.now())) + keys.length - 1)
    for (const key of keys) this.offsets.delete(key)
  }

  deleteGroup(group: Group): void {
    const { groupId } = group
    const commits = [...(this.offsets.get(groupId)?.entries() ?? []), ...this.offsets.pending(groupId)]
    this.deleteOffsets(
      groupId,
      commits.map(({ topic, partition }) => ({ groupId, topic, partition })),
    )
    this.#append(groupId, group.type === 'classic' ? [groupTombstone(groupId)] : tombstoneRecords(group))
    const tombstone = this.#lastRecords.get(groupId)!
    this.groups.delete(groupId)
    this.offsets.forgetGroup(groupId)
    this.#log.whenCommitted(tombstone, () => {
      if (this.#lastRecords.get(groupId) === tombstone) this.#lastRecords.delete(groupId)
    })
  }

  /** Calls back once the last record of this group is safe. */
  whenCommitted(groupId: string, done: (errorCode: number) => void): void {
    this.#log.whenCommitted(this.#lastRecords.get(groupId) ?? -1, (errorCode) => {
      if (errorCode !== ErrorCode.NONE) this.#recoverLoss()
      done(errorCode)
    })
  }

  /**
   * The device lost records that were in the log. Offsets are as what is left of it says; groups are logged anew, since
   * their members go on with what they know.
   */
  #recoverLoss(): void {
    this.offsets.clear()
    this.#lastRecords.clear()
    this.#log.replay((batch) => this.#replayOffsets(batch, { group() {}, consumer() {} }))
    for (const group of this.groups.values()) {
      // When that fails too, the log has the generation before: a restart would begin there.
      if (group.type === 'consumer') {
        isStored(() => this.#append(group.groupId, snapshotRecords(group, this.#clock.now())))
      } else if (group.state === 'Stable' || group.state === 'Empty') isStored(() => this.persistGroup(group))
    }
  }
}

/** A group as it was when its last generation was logged: whoever was in it has its session time to come back. */
function restoreGroup(groupId: string, value: GroupMetadataValue, nowMs: number): ClassicGroup {
  const group = new ClassicGroup(groupId, value.currentStateTimestamp >= 0 ? value.currentStateTimestamp : nowMs)
  group.generationId = value.generation
  group.protocolType = value.protocolType === '' ? null : value.protocolType
  group.protocolName = value.protocol
  for (const stored of value.members) {
    const member = newMember(stored.memberId, stored.groupInstanceId, {
      clientId: stored.clientId,
      clientHost: stored.clientHost,
      sessionTimeoutMs: stored.sessionTimeout,
      rebalanceTimeoutMs: stored.rebalanceTimeout >= 0 ? stored.rebalanceTimeout : stored.sessionTimeout,
      protocols: value.protocol === null ? [] : [{ name: value.protocol, metadata: Buffer.from(stored.subscription) }],
    })
    member.assignment = Buffer.from(stored.assignment)
    member.synced = true
    group.add(member)
  }
  group.leaderId = value.leader
  group.state = value.members.length > 0 ? 'Stable' : 'Empty'
  return group
}
