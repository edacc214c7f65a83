import type { TopicPartition } from '../../producer/types.ts'
import {
  type AssignorInput,
  type AssignorMember,
  assignments,
  compare,
  type GroupAssignor,
  sortedMembers,
} from './assignor.ts'

/**
 * Balanced, and moves as little as possible; what moves is first taken away and only given to its new owner in the
 * rebalance that follows (KIP-429), so that no two members ever own a partition at the same time.
 */
export const cooperativeStickyAssignor: GroupAssignor = {
  name: 'cooperative-sticky',
  supportedProtocols: ['cooperative', 'eager'],
  assign(input: AssignorInput) {
    const owners = stickyAssignment(input)
    const previous = validOwners(input)
    for (const [memberId, owned] of owners) {
      owners.set(
        memberId,
        owned.filter((one) => {
          const owner = previous.get(keyOf(one))
          return owner === undefined || owner === memberId
        }),
      )
    }
    return assignments(owners)
  },
}

/** The balanced target, before what moves is held back. */
export function stickyAssignment(input: AssignorInput): Map<string, TopicPartition[]> {
  const members = sortedMembers(input.members)
  const loads = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
  const previous = validOwners(input)
  const subscribers = new Map<string, string[]>()
  const free: TopicPartition[] = []
  for (const topic of [...input.partitionsPerTopic.keys()].sort(compare)) {
    const subscribed = members.filter(({ topics }) => topics.includes(topic)).map(({ memberId }) => memberId)
    subscribers.set(topic, subscribed)
    if (subscribed.length === 0) continue
    for (let partition = 0; partition < (input.partitionsPerTopic.get(topic) ?? 0); partition++) {
      const owner = previous.get(keyOf({ topic, partition }))
      if (owner !== undefined && subscribed.includes(owner)) loads.get(owner)?.push({ topic, partition })
      else free.push({ topic, partition })
    }
  }
  // Partitions that few can take are placed first, so that they do not find their takers full.
  free.sort((a, b) => (subscribers.get(a.topic)?.length ?? 0) - (subscribers.get(b.topic)?.length ?? 0))
  for (const one of free) loads.get(lightest(loads, subscribers.get(one.topic) as string[]))?.push(one)
  balance(loads, subscribers)
  return loads
}

/** Who owns what by the highest generation that claims it; a claim by two members of one generation is nobody's. */
function validOwners({ members }: AssignorInput): Map<string, string> {
  const claims = new Map<string, { member: AssignorMember; contested: boolean }>()
  for (const member of members) {
    for (const one of member.ownedPartitions) {
      const claim = claims.get(keyOf(one))
      if (claim === undefined || claim.member.generationId < member.generationId) {
        claims.set(keyOf(one), { member, contested: false })
      } else if (claim.member.generationId === member.generationId) claim.contested = true
    }
  }
  return new Map([...claims].flatMap(([key, { member, contested }]) => (contested ? [] : [[key, member.memberId]])))
}

/**
 * Moves partitions from fuller to emptier members until no move helps. A move along a chain of members is made of
 * single moves: each narrows a difference of two or more, so the sum of squares falls with every step and it ends.
 */
function balance(loads: Map<string, TopicPartition[]>, subscribers: ReadonlyMap<string, readonly string[]>): void {
  for (;;) {
    const chain = findChain(loads, subscribers)
    if (chain === undefined) return
    for (const { from, to, one } of chain) {
      const owned = loads.get(from) as TopicPartition[]
      owned.splice(owned.indexOf(one), 1)
      loads.get(to)?.push(one)
    }
  }
}

interface Move {
  readonly from: string
  readonly to: string
  readonly one: TopicPartition
}

/** The shortest chain of moves from a member to one that holds at least two partitions less, from the fullest down. */
function findChain(
  loads: ReadonlyMap<string, TopicPartition[]>,
  subscribers: ReadonlyMap<string, readonly string[]>,
): Move[] | undefined {
  const size = (memberId: string): number => loads.get(memberId)?.length ?? 0
  const fullestFirst = [...loads.keys()].sort((a, b) => size(b) - size(a))
  const least = Math.min(...[...loads.values()].map(({ length }) => length))
  for (const start of fullestFirst) {
    if (size(start) - least < 2) return undefined
    const reachedBy = new Map<string, Move | undefined>([[start, undefined]])
    for (const from of reachedBy.keys()) {
      // Those that came last first: what is nobody's yet moves at no cost.
      for (const one of loads.get(from)?.toReversed() ?? []) {
        for (const to of subscribers.get(one.topic) ?? []) {
          if (reachedBy.has(to)) continue
          reachedBy.set(to, { from, to, one })
          if (size(start) - size(to) >= 2) return unwind(reachedBy, to)
        }
      }
    }
  }
  return undefined
}

function unwind(reachedBy: ReadonlyMap<string, Move | undefined>, end: string): Move[] {
  const chain: Move[] = []
  for (let move = reachedBy.get(end); move !== undefined; move = reachedBy.get(move.from)) chain.unshift(move)
  return chain
}

function lightest(loads: ReadonlyMap<string, TopicPartition[]>, candidates: readonly string[]): string {
  let best = candidates[0] as string
  for (const memberId of candidates) {
    if ((loads.get(memberId)?.length ?? 0) < (loads.get(best)?.length ?? 0)) best = memberId
  }
  return best
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
