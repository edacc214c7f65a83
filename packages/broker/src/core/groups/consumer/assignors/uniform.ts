import {
  type AssignorInput,
  type AssignorMember,
  type AssignorResult,
  byMemberId,
  give,
  isHomogeneous,
} from './assignor.ts'

/**
 * `uniform`: members differ by at most one partition where all subscribe to the same topics; where they do not, no single
 * move could make the loads of two subscribers of a topic more equal. As much as that allows stays where it is.
 */
export function assignUniform(input: AssignorInput): AssignorResult {
  return isHomogeneous(input.members) ? assignEqually(input) : new Balance(input).result()
}

/** A partition without an owner. */
type Free = [topicId: string, partition: number]

function assignEqually({ members, partitionCounts }: AssignorInput): AssignorResult {
  const result: AssignorResult = new Map()
  const ordered = [...members].sort(byMemberId)
  let total = 0
  for (const count of partitionCounts.values()) total += count
  const share = Math.floor(total / ordered.length)
  let withOneMore = total % ordered.length
  const taken = new Map(Array.from(partitionCounts, ([topicId, count]) => [topicId, new Uint8Array(count)]))
  const missing = new Map<string, number>()
  for (const { memberId, current } of ordered) {
    const kept: Free[] = []
    for (const [topicId, partitions] of current) {
      const marks = taken.get(topicId)
      for (const one of partitions) if (marks && one < marks.length && !marks[one]) kept.push([topicId, one])
    }
    // Who has more than its share already keeps one of the partitions that do not divide evenly.
    const keepsOneMore = kept.length > share && withOneMore > 0
    if (keepsOneMore) withOneMore--
    const quota = share + (keepsOneMore ? 1 : 0)
    for (const [topicId, partition] of kept.slice(0, quota)) {
      taken.get(topicId)![partition] = 1
      give(result, memberId, topicId, partition)
    }
    missing.set(memberId, Math.max(0, quota - kept.length))
  }
  distribute(ordered, missing, withOneMore, freeOf(taken), result)
  return result
}

/** Fills up to the shares, and gives who has not one more yet what is left over. */
function distribute(
  members: readonly AssignorMember[],
  missing: Map<string, number>,
  leftOver: number,
  free: readonly Free[],
  result: AssignorResult,
): void {
  let next = 0
  for (const { memberId } of members) {
    for (let count = missing.get(memberId) ?? 0; count > 0; count--) give(result, memberId, ...free[next++]!)
  }
  const share = leftOver > 0 ? smallestLoad(members, result) : 0
  for (const { memberId } of members) {
    if (next < free.length && loadOf(result, memberId) === share) give(result, memberId, ...free[next++]!)
  }
}

function smallestLoad(members: readonly AssignorMember[], result: AssignorResult): number {
  return Math.min(...members.map(({ memberId }) => loadOf(result, memberId)))
}

function loadOf(result: AssignorResult, memberId: string): number {
  let load = 0
  for (const partitions of result.get(memberId)?.values() ?? []) load += partitions.size
  return load
}

function freeOf(taken: ReadonlyMap<string, Uint8Array>): Free[] {
  const free: Free[] = []
  for (const [topicId, marks] of taken) {
    marks.forEach((mark, partition) => {
      if (!mark) free.push([topicId, partition])
    })
  }
  return free
}

/** Members subscribe to different topics: keep what may stay, hand out the rest, then move from the full to the empty. */
class Balance {
  readonly #members: readonly AssignorMember[]
  readonly #partitionCounts: ReadonlyMap<string, number>
  readonly #result: AssignorResult = new Map()
  readonly #loads = new Map<string, number>()

  constructor({ members, partitionCounts }: AssignorInput) {
    this.#members = [...members].sort(byMemberId)
    this.#partitionCounts = partitionCounts
    for (const { memberId } of members) this.#loads.set(memberId, 0)
  }

  result(): AssignorResult {
    const subscribers = new Map(
      Array.from(this.#partitionCounts.keys(), (topicId) => [
        topicId,
        this.#members.filter((member) => member.topics.has(topicId)).map((member) => member.memberId),
      ]),
    )
    const free = freeOf(this.#keep())
    // Topics that few can read go first: the others can still make up for them.
    free.sort(([a], [b]) => subscribers.get(a)!.length - subscribers.get(b)!.length)
    for (const [topicId, partition] of free) this.#add(this.#emptiest(subscribers.get(topicId)!), topicId, partition)
    while ([...subscribers].some(([topicId, ids]) => this.#even(topicId, ids))) {
      // Every move makes two loads more equal, so that this ends.
    }
    return this.#result
  }

  #keep(): Map<string, Uint8Array> {
    const taken = new Map(Array.from(this.#partitionCounts, ([topicId, count]) => [topicId, new Uint8Array(count)]))
    for (const { memberId, topics, current } of this.#members) {
      for (const [topicId, partitions] of current) {
        const marks = taken.get(topicId)
        if (!marks || !topics.has(topicId)) continue
        for (const partition of partitions) {
          if (partition >= marks.length || marks[partition]) continue
          marks[partition] = 1
          this.#add(memberId, topicId, partition)
        }
      }
    }
    return taken
  }

  /** Moves partitions of one topic from its fullest owner to its emptiest subscriber; whether anything moved. */
  #even(topicId: string, subscribers: readonly string[]): boolean {
    let moved = false
    for (;;) {
      let fullest: string | undefined
      for (const memberId of subscribers) {
        if (!this.#result.get(memberId)?.get(topicId)?.size) continue
        if (fullest === undefined || this.#load(memberId) > this.#load(fullest)) fullest = memberId
      }
      const emptiest = this.#emptiest(subscribers)
      if (fullest === undefined || this.#load(fullest) - this.#load(emptiest) < 2) return moved
      this.#move(topicId, fullest, emptiest)
      moved = true
    }
  }

  /** As many at once as make the two alike: one by one takes minutes where there are a hundred thousand. */
  #move(topicId: string, from: string, to: string): void {
    const partitions = this.#result.get(from)!.get(topicId)!
    const count = Math.min(partitions.size, Math.floor((this.#load(from) - this.#load(to)) / 2))
    const last = [...partitions].sort((a, b) => b - a).slice(0, count)
    for (const partition of last) {
      partitions.delete(partition)
      this.#add(to, topicId, partition)
    }
    if (partitions.size === 0) this.#result.get(from)!.delete(topicId)
    this.#loads.set(from, this.#load(from) - count)
  }

  #emptiest(subscribers: readonly string[]): string {
    return subscribers.reduce((least, memberId) => (this.#load(memberId) < this.#load(least) ? memberId : least))
  }

  #load(memberId: string): number {
    return this.#loads.get(memberId) ?? 0
  }

  #add(memberId: string, topicId: string, partition: number): void {
    give(this.#result, memberId, topicId, partition)
    this.#loads.set(memberId, this.#load(memberId) + 1)
  }
}
