import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { isStored, whenStored } from '../coordinators/storage-failure.ts'
import { checkConsumerCommit } from './consumer/commit-check.ts'
import type { GroupTopics } from './consumer/target-assignment.ts'
import { expiredOffsets } from './group-expiry.ts'
import type { OffsetKey, OffsetValue } from './group-records.ts'
import type { Group, GroupStore, OffsetEntry, TransactionalProducer } from './group-store.ts'
import type { GroupMembership, MemberIdentity } from './membership.ts'
import { subscribedTopics } from './subscription.ts'

export interface CommitRequest extends MemberIdentity {
  readonly groupId: string
  /** Generation or member epoch; negative for commits from outside the group's own protocol. */
  readonly generationId: number
  /** Whether the version of the request knows member epochs. */
  readonly knowsEpochs: boolean
  readonly entries: readonly OffsetEntry[]
}

type Done = (errorCode: number) => void

/** What clients do with the committed offsets of groups: commit, in a transaction or not, and delete. */
export class OffsetCommits {
  readonly #store: GroupStore
  readonly #clock: Clock
  readonly #config: BrokerConfig
  readonly #topics: GroupTopics
  readonly #membership: GroupMembership

  constructor(options: {
    readonly store: GroupStore
    readonly clock: Clock
    readonly config: BrokerConfig
    readonly topics: GroupTopics
    readonly membership: GroupMembership
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#config = options.config
    this.#topics = options.topics
    this.#membership = options.membership
  }

  commit(request: CommitRequest, done: Done): void {
    const group = this.#groupFor(request, false)
    if (typeof group === 'number') {
      done(group)
      return
    }
    this.#write(group, done, () => this.#store.commitOffsets(group.groupId, request.entries))
  }

  /** Takes commits that become visible with the transaction of `producer`. */
  commitPending(request: CommitRequest, producer: TransactionalProducer, done: Done): void {
    const group = this.#groupFor(request, true)
    if (typeof group === 'number') {
      done(group)
      return
    }
    this.#write(group, done, () => this.#store.commitPendingOffsets(group.groupId, request.entries, producer))
  }

  #groupFor(request: CommitRequest, transactional: boolean): Group | number {
    const { groupId, generationId } = request
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const known = this.#store.groups.get(groupId)
    if (!known && generationId >= 0) return ErrorCode.GROUP_ID_NOT_FOUND
    const group = known ?? this.#store.group(groupId)
    const code =
      group.type === 'consumer'
        ? checkConsumerCommit(group, request, transactional, this.#topics)
        : this.#membership.checkCommit(group, request, generationId, transactional)
    if (code === ErrorCode.NONE) return group
    this.#store.dropIfBlank(group)
    return code
  }

  #write(group: Group, done: Done, write: () => void): void {
    whenStored(
      () => {
        write()
        this.#store.whenCommitted(group.groupId, done)
      },
      () => {
        this.#store.dropIfBlank(group)
        done(ErrorCode.COORDINATOR_NOT_AVAILABLE)
      },
    )
  }

  /** Deletes a group without members, and its offsets. */
  deleteGroup(groupId: string, remove: (group: Group) => void, done: Done): void {
    const group = this.#store.groups.get(groupId)
    if (group) this.#write(group, done, () => remove(group))
    else done(ErrorCode.GROUP_ID_NOT_FOUND)
  }

  /** Deletes committed offsets; the codes are per partition, GROUP_SUBSCRIBED_TO_TOPIC for those that are in use. */
  deleteOffsets(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    done: (groupCode: number, codes: readonly number[]) => void,
  ): void {
    const group = this.#store.groups.get(groupId)
    const refuse = (code: number): void => done(code, [])
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID)
      return
    }
    if (!group) {
      refuse(ErrorCode.GROUP_ID_NOT_FOUND)
      return
    }
    const subscribed = subscribedTopics(group)
    if (group.members.size > 0 && !subscribed) {
      refuse(ErrorCode.NON_EMPTY_GROUP)
      return
    }
    const codes = partitions.map(({ topic }) =>
      subscribed?.has(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE,
    )
    const { offsets } = this.#store
    const exists = (topic: string, partition: number): boolean =>
      offsets.get(groupId)?.get(topic, partition) !== undefined || offsets.isPending(groupId, topic, partition)
    const keys = partitions
      .filter(({ topic, partition }, index) => codes[index] === ErrorCode.NONE && exists(topic, partition))
      .map((partition) => ({ groupId, ...partition }))
    this.#write(
      group,
      (code) => (code === ErrorCode.NONE ? done(code, codes) : refuse(code)),
      () => this.#store.deleteOffsets(groupId, keys),
    )
  }

  /** A topic is gone, and its committed offsets go with it. */
  topicDeleted(topic: string): void {
    this.#deleteWhere((name) => name === topic)
  }

  /** A stop may have come between the end of a topic and that of its offsets. */
  dropOffsetsOfNoTopic(): void {
    this.#deleteWhere((name, commit) => {
      const topic = this.#topics.topic(name)
      return !topic || (commit?.topicId !== undefined && commit.topicId !== topic.id)
    })
  }

  #deleteWhere(isGone: (topic: string, commit: OffsetValue | undefined) => boolean): void {
    for (const groupId of [...this.#store.groups.keys()]) {
      const { offsets } = this.#store
      const pending = Array.from(offsets.pending(groupId), (one) => ({ ...one, value: undefined }))
      const keys = [...(offsets.get(groupId)?.entries() ?? []), ...pending]
        .filter(({ topic, value }) => isGone(topic, value))
        .map(({ topic, partition }): OffsetKey => ({ groupId, topic, partition }))
      // Nobody waits for this: when the log refuses, the next look finds the same.
      isStored(() => this.#store.deleteOffsets(groupId, keys))
    }
  }

  /** Removes offsets nobody needs any more, and with `remove` groups that are left with none. */
  expire(remove: (group: Group) => void): void {
    const retentionMs = this.#config.number('offsets.retention.minutes') * 60_000
    this.dropOffsetsOfNoTopic()
    for (const group of [...this.#store.groups.values()]) {
      const { groupId } = group
      const { offsets } = this.#store
      const keys = expiredOffsets(group, offsets, this.#clock.now(), retentionMs)
      isStored(() => {
        this.#store.deleteOffsets(groupId, keys)
        const isUnused = group.state === 'Empty' && (group.type === 'consumer' || group.pendingMembers.size === 0)
        if (isUnused && !offsets.get(groupId) && !offsets.hasPending(groupId)) remove(group)
      })
    }
  }
}
