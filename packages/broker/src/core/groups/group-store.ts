import type { Clock } from '@millrace/base'
import { controlType, ErrorCode, type GroupMetadataValue, type RecordBatchView } from '@millrace/protocol'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { isStored } from '../coordinators/storage-failure.ts'
import { ClassicGroup } from './classic-group.ts'
import { newMember } from './group-member.ts'
import { GroupOffsets } from './group-offsets.ts'
import {
  type GroupRecordVisitor,
  groupRecord,
  groupTombstone,
  type OffsetKey,
  type OffsetValue,
  offsetRecords,
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

/** Groups and their offsets in memory and in `__consumer_offsets`; the log goes first. */
export class GroupStore {
  readonly groups = new Map<string, ClassicGroup>()
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
    for (const groupId of this.offsets.groupIds()) this.group(groupId)
  }

  /** The group, created empty when there is none. */
  group(groupId: string): ClassicGroup {
    let group = this.groups.get(groupId)
    if (!group) {
      group = new ClassicGroup(groupId, this.#clock.now())
      this.groups.set(groupId, group)
    }
    return group
  }

  /** Forgets a group that was only asked for and has nothing to remember. */
  dropIfBlank(group: ClassicGroup): void {
    const { groupId } = group
    const isBlank = group.generationId === 0 && group.members.size === 0 && group.pendingMembers.size === 0
    if (isBlank && !this.offsets.get(groupId) && !this.offsets.hasPending(groupId)) this.groups.delete(groupId)
  }

  #replay(batch: RecordBatchView): void {
    this.#replayOffsets(batch, {
      group: (groupId, value) => {
        if (value) this.groups.set(groupId, restoreGroup(groupId, value, this.#clock.now()))
        else {
          this.groups.delete(groupId)
          this.offsets.forgetGroup(groupId)
        }
      },
    })
  }

  #replayOffsets(batch: RecordBatchView, { group }: Pick<GroupRecordVisitor, 'group'>): void {
    if (batch.isControl) {
      const cursor = batch.cursor()
      const type = cursor.next() ? controlType(cursor) : undefined
      if (type) this.offsets.endTransaction(batch.producerId, type === 'commit')
      return
    }
    visitGroupRecords(batch, {
      group,
      offset: (key, value, recordOffset) => {
        if (!value) this.offsets.delete(key)
        else if (batch.isTransactional) this.offsets.commitPending(batch.producerId, key, { ...value, recordOffset })
        else this.offsets.commit(key, { ...value, recordOffset })
      },
    })
  }

  /** Throws when the log does, as all that write here; nothing has changed then. */
  persistGroup(group: ClassicGroup): void {
    this.#lastRecords.set(group.groupId, this.#log.append(groupRecord(group, this.#clock.now())))
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

  deleteGroup(group: ClassicGroup): void {
    const { groupId } = group
    const keys = [...(this.offsets.get(groupId)?.entries() ?? [])].map(({ topic, partition }) => ({
      groupId,
      topic,
      partition,
    }))
    this.deleteOffsets(groupId, keys)
    const tombstone = this.#log.append(groupTombstone(groupId, this.#clock.now()))
    this.#lastRecords.set(groupId, tombstone)
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
    this.#log.replay((batch) => this.#replayOffsets(batch, { group() {} }))
    for (const group of this.groups.values()) {
      if (group.state !== 'Stable' && group.state !== 'Empty') continue
      // When that fails too, the log has the generation before: a restart would begin there.
      isStored(() => this.persistGroup(group))
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
