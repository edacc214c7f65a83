import type { OffsetKey, OffsetValue } from './group-records.ts'
import { PartitionMap } from './partition-map.ts'

export interface CommittedOffset extends OffsetValue {
  /** Where the commit is in the log: of two commits the later one holds, whenever its transaction ends. */
  readonly recordOffset: number
}

type Commits = PartitionMap<CommittedOffset>

/**
 * Committed offsets of all groups.
 *
 * Invariants:
 * 1. A transactional commit shows only after its commit marker, and never after its abort marker.
 * 2. Of the commits of a partition that show, the one with the greatest position in the log holds.
 */
export class GroupOffsets {
  readonly #committed = new Map<string, Commits>()
  /** Producer id -> group -> commits of the transaction that is open. */
  readonly #pending = new Map<number, Map<string, Commits>>()

  get(groupId: string): Commits | undefined {
    return this.#committed.get(groupId)
  }

  groupIds(): Iterable<string> {
    return this.#committed.keys()
  }

  commit(key: OffsetKey, value: CommittedOffset): void {
    let commits = this.#committed.get(key.groupId)
    if (!commits) {
      commits = new PartitionMap()
      this.#committed.set(key.groupId, commits)
    }
    const before = commits.get(key.topic, key.partition)
    if (!before || before.recordOffset <= value.recordOffset) commits.set(key.topic, key.partition, value)
  }

  /** Removes a commit, and those for the same partition that open transactions have sent before. */
  delete({ groupId, topic, partition }: OffsetKey): void {
    for (const groups of this.#pending.values()) groups.get(groupId)?.delete(topic, partition)
    const commits = this.#committed.get(groupId)
    if (!commits) return
    commits.delete(topic, partition)
    if (commits.isEmpty) this.#committed.delete(groupId)
  }

  commitPending(producerId: number, key: OffsetKey, value: CommittedOffset): void {
    let groups = this.#pending.get(producerId)
    if (!groups) {
      groups = new Map()
      this.#pending.set(producerId, groups)
    }
    let commits = groups.get(key.groupId)
    if (!commits) {
      commits = new PartitionMap()
      groups.set(key.groupId, commits)
    }
    commits.set(key.topic, key.partition, value)
  }

  /** The marker is in the log. */
  endTransaction(producerId: number, commit: boolean): void {
    const groups = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (!groups || !commit) return
    for (const [groupId, commits] of groups) {
      for (const { topic, partition, value } of commits.entries()) this.commit({ groupId, topic, partition }, value)
    }
  }

  /** Whether an open transaction has a commit for this partition. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    for (const groups of this.#pending.values()) if (groups.get(groupId)?.get(topic, partition)) return true
    return false
  }

  hasPending(groupId: string): boolean {
    for (const groups of this.#pending.values()) if (groups.get(groupId)?.isEmpty === false) return true
    return false
  }

  /** Partitions for which open transactions have commits. */
  *pending(groupId: string): Iterable<{ readonly topic: string; readonly partition: number }> {
    for (const groups of this.#pending.values()) yield* groups.get(groupId)?.entries() ?? []
  }

  forgetGroup(groupId: string): void {
    this.#committed.delete(groupId)
    for (const groups of this.#pending.values()) groups.delete(groupId)
  }

  clear(): void {
    this.#committed.clear()
    this.#pending.clear()
  }
}
