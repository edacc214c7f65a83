import type { TopicPartitions } from '../topic-partitions.ts'

export interface AssignorMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Ids of the topics it subscribes to; each of them exists. */
  readonly topics: ReadonlySet<string>
  /** What it was to own until now. */
  readonly current: TopicPartitions
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[]
  /** Number of partitions by topic id. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/** Member id -> topic id -> partitions; a member that gets nothing may be missing. */
export type AssignorResult = Map<string, Map<string, Set<number>>>

/**
 * Says who owns what. Every partition of a topic that someone subscribes to goes to exactly one of its subscribers; the
 * result depends on nothing but the input.
 */
export type Assignor = (input: AssignorInput) => AssignorResult

export function give(result: AssignorResult, memberId: string, topicId: string, partition: number): void {
  let topics = result.get(memberId)
  if (!topics) {
    topics = new Map()
    result.set(memberId, topics)
  }
  const partitions = topics.get(topicId)
  if (partitions) partitions.add(partition)
  else topics.set(topicId, new Set([partition]))
}

export function isHomogeneous(members: readonly AssignorMember[]): boolean {
  const [first, ...rest] = members
  return rest.every(
    ({ topics }) => topics.size === first!.topics.size && [...topics].every((topic) => first!.topics.has(topic)),
  )
}

export function byMemberId(a: AssignorMember, b: AssignorMember): number {
  return a.memberId < b.memberId ? -1 : 1
}
