import { type ConsumerGroupEvent, type ConsumerGroupState, consumerGroupTransitions } from './consumer-group-state.ts'
import { type ConsumerMember, isReconciledTo } from './consumer-member.ts'
import { type EpochPartitions, noPartitions, type TopicPartitions } from './topic-partitions.ts'

/** The topics a regular expression stands for. */
export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>
  readonly atMs: number
}

/**
 * One consumer group of KIP-848: its members, what each is to own and what each owns. Changed by records only, the same
 * way when they are written and when they are read back. Knows nothing of requests, time and the log.
 *
 * Invariants:
 * 1. A partition is owned (assigned, or told to be given up) by at most one member at a time.
 * 2. `assignmentEpoch` <= `groupEpoch`; both only grow while the group lives. No member is in a later epoch than the
 *    target assignment, except that a static one that is away is in epoch -2.
 * 3. A partition is in the target assignment of at most one member, and only of members of the group.
 * 4. A member in state `stable` owns only what a target assignment gave it in its epoch or before; a group in state
 *    `Stable` has every member in the epoch of the target, owning exactly that.
 * 5. A group instance id belongs to at most one member at a time.
 * 6. The regular expressions that are resolved are those that members subscribe to.
 */
export class ConsumerGroup {
  readonly type = 'consumer'
  readonly protocolType = 'consumer'
  readonly groupId: string
  state: ConsumerGroupState = 'Empty'
  /** Begins with 1: no member that has joined is in epoch 0, which means to join. */
  groupEpoch = 1
  /** Over the topics that members subscribe to: another one says that these topics have changed. */
  metadataHash = 0
  assignmentEpoch = 0
  readonly members: Map<string, ConsumerMember>
  /** group.instance.id -> member id. */
  readonly staticMembers: Map<string, string>
  readonly target: Map<string, TopicPartitions>
  readonly regexes: Map<string, ResolvedRegex>
  /** Regular expression -> how many members subscribe to it: asked at every heartbeat. */
  readonly #regexMembers: Map<string, number>
  /** Topic id -> partition -> id of the member that owns it. */
  readonly #owners: Map<string, Map<number, string>>
  /** The topics may not be those that `metadataHash` is of: look again at the next heartbeat. Not in the log. */
  isMetadataStale = true

  constructor(groupId: string, from?: ConsumerGroup) {
    this.groupId = groupId
    this.members = new Map(from?.members)
    this.staticMembers = new Map(from?.staticMembers)
    this.target = new Map(from?.target)
    this.regexes = new Map(from?.regexes)
    this.#regexMembers = new Map(from ? from.#regexMembers : [])
    this.#owners = new Map(from && Array.from(from.#owners, ([topicId, owners]) => [topicId, new Map(owners)]))
    if (!from) return
    this.state = from.state
    this.groupEpoch = from.groupEpoch
    this.metadataHash = from.metadataHash
    this.assignmentEpoch = from.assignmentEpoch
    this.isMetadataStale = from.isMetadataStale
  }

  /** Another group object that can change while this one does not. */
  fork(): ConsumerGroup {
    return new ConsumerGroup(this.groupId, this)
  }

  transition(event: ConsumerGroupEvent): void {
    const next = consumerGroupTransitions[this.state][event]
    if (!next) throw new TypeError(`group ${this.groupId}: ${event} in state ${this.state}`)
    this.state = next
  }

  /** Call when what was to change has changed: the state follows from members and epochs. */
  settle(): void {
    if (this.members.size === 0) this.transition('emptied')
    else if (this.groupEpoch > this.assignmentEpoch) this.transition('changed')
    else {
      const all = [...this.members.values()].every((member) => isReconciledTo(member, this.assignmentEpoch))
      this.transition(all ? 'reconciled' : 'assigned')
    }
  }

  put(member: ConsumerMember): void {
    const before = this.members.get(member.memberId)
    if (before) this.#release(before)
    this.#countRegex(before?.topicRegex ?? '', -1)
    this.#countRegex(member.topicRegex, 1)
    this.members.set(member.memberId, member)
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId)
    this.#own(member, member.assigned)
    this.#own(member, member.pendingRevocation)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (!member) return
    this.#release(member)
    this.#countRegex(member.topicRegex, -1)
    this.members.delete(memberId)
    const { instanceId } = member
    if (instanceId !== null && this.staticMembers.get(instanceId) === memberId) this.staticMembers.delete(instanceId)
  }

  #countRegex(pattern: string, change: number): void {
    if (pattern === '') return
    const count = (this.#regexMembers.get(pattern) ?? 0) + change
    if (count > 0) this.#regexMembers.set(pattern, count)
    else this.#regexMembers.delete(pattern)
  }

  #own({ memberId }: ConsumerMember, partitions: EpochPartitions): void {
    for (const [topicId, indexes] of partitions) {
      let owners = this.#owners.get(topicId)
      if (!owners) {
        owners = new Map()
        this.#owners.set(topicId, owners)
      }
      for (const partition of indexes.keys()) owners.set(partition, memberId)
    }
  }

  #release({ memberId, assigned, pendingRevocation }: ConsumerMember): void {
    for (const partitions of [assigned, pendingRevocation]) {
      for (const [topicId, indexes] of partitions) {
        const owners = this.#owners.get(topicId)
        for (const partition of indexes.keys()) if (owners?.get(partition) === memberId) owners.delete(partition)
        if (owners?.size === 0) this.#owners.delete(topicId)
      }
    }
  }

  ownerOf(topicId: string, partition: number): string | undefined {
    return this.#owners.get(topicId)?.get(partition)
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.staticMembers.get(instanceId)
    return memberId === undefined ? undefined : this.members.get(memberId)
  }

  targetOf(memberId: string): TopicPartitions {
    return this.target.get(memberId) ?? noPartitions
  }

  /** Names of the topics a member subscribes to, by name or by what its regular expression is resolved to. */
  topicsOf({ topicNames, topicRegex }: ConsumerMember): ReadonlySet<string> {
    const topics = new Set(topicNames)
    for (const name of this.regexes.get(topicRegex)?.topics ?? []) topics.add(name)
    return topics
  }

  /** Names of the topics that anyone subscribes to. */
  subscribedTopics(): ReadonlySet<string> {
    const topics = new Set<string>()
    for (const member of this.members.values()) for (const name of member.topicNames) topics.add(name)
    for (const pattern of this.subscribedRegexes()) {
      for (const name of this.regexes.get(pattern)?.topics ?? []) topics.add(name)
    }
    return topics
  }

  /** Regular expressions that anyone subscribes to. */
  subscribedRegexes(): ReadonlySet<string> {
    return new Set(this.#regexMembers.keys())
  }

  get classicMembers(): ConsumerMember[] {
    return [...this.members.values()].filter((member) => member.classic !== null)
  }

  /** Whether a classic member with these protocols could work with the other classic members, itself left out. */
  supportsProtocols(protocolType: string, names: readonly string[], except?: string): boolean {
    if (protocolType !== this.protocolType || names.length === 0) return false
    const others = this.classicMembers.filter((member) => member.memberId !== except)
    return names.some((name) =>
      others.every((member) => member.classic?.protocols.some((protocol) => protocol.name === name)),
    )
  }

  /** Whether the member waits for partitions that others still own. */
  isWaiting({ memberId, assigned }: ConsumerMember): boolean {
    for (const [topicId, partitions] of this.targetOf(memberId)) {
      for (const partition of partitions) {
        if (!assigned.get(topicId)?.has(partition) && this.ownerOf(topicId, partition) !== undefined) return true
      }
    }
    return false
  }

  /** The assignor that most members ask for; the first one in a tie, undefined when none asks. */
  preferredAssignor(): string | undefined {
    const votes = new Map<string, number>()
    for (const { serverAssignor } of this.members.values()) {
      if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
    }
    let preferred: string | undefined
    for (const [name, count] of votes) {
      if (preferred === undefined || count > votes.get(preferred)!) preferred = name
    }
    return preferred
  }
}
