import type { TopicPartition } from '../../producer/types.ts'

/** How partitions change hands: all at once, or only those that move (KIP-429). */
export type RebalanceProtocol = 'eager' | 'cooperative'

export interface AssignorMember {
  readonly memberId: string
  /** The group instance id of a static member. */
  readonly instanceId: string | null
  readonly topics: readonly string[]
  /** What the member says it owns; trust it only with the highest generation among the members. */
  readonly ownedPartitions: readonly TopicPartition[]
  /** In which the member came to own them; -1 when it does not say. */
  readonly generationId: number
  readonly rackId: string | null
  readonly userData: Buffer | null
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[]
  /** Of every topic that a member subscribes to; topics that do not exist are left out. */
  readonly partitionsPerTopic: ReadonlyMap<string, number>
}

export interface MemberAssignment {
  readonly partitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
  readonly userData?: Buffer
}

/** Runs on the leader of a group; every member must have it by the same name. */
export interface GroupAssignor {
  /** On the wire, for example `range`. */
  readonly name: string
  readonly supportedProtocols: readonly RebalanceProtocol[]
  /** What this member tells the leader when it joins. */
  userData?(topics: readonly string[]): Buffer | undefined | Promise<Buffer | undefined>
  /** On the leader only. Members that are left out get nothing. */
  assign(input: AssignorInput): Map<string, MemberAssignment> | Promise<Map<string, MemberAssignment>>
  /** On every member, inside of `poll`, before the rebalance listener. */
  onAssignment?(
    partitions: readonly TopicPartition[],
    userData: Buffer | null,
    generationId: number,
  ): void | Promise<void>
}

/** The members in the order that Java's assignors take them: static ones by instance id, then the others by member id. */
export function sortedMembers(members: readonly AssignorMember[]): AssignorMember[] {
  return [...members].sort((a, b) => {
    if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId)
    if (a.instanceId !== null || b.instanceId !== null) return a.instanceId === null ? 1 : -1
    return compare(a.memberId, b.memberId)
  })
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Turns lists of partitions per member into assignments. */
export function assignments(owners: ReadonlyMap<string, readonly TopicPartition[]>): Map<string, MemberAssignment> {
  const result = new Map<string, MemberAssignment>()
  for (const [memberId, owned] of owners) {
    const byTopic = new Map<string, number[]>()
    for (const { topic, partition } of owned) {
      const inTopic = byTopic.get(topic)
      if (inTopic === undefined) byTopic.set(topic, [partition])
      else inTopic.push(partition)
    }
    const partitions = [...byTopic].map(([topic, numbers]) => ({ topic, partitions: numbers.sort((a, b) => a - b) }))
    result.set(memberId, { partitions })
  }
  return result
}
