import { type GroupMember, type GroupProtocol, metadataFor } from './group-member.ts'
import { type GroupEvent, type GroupState, groupTransitions } from './group-state.ts'

/**
 * One classic group: who is in it and in which state. Knows nothing of requests, time and the log.
 *
 * Invariants:
 * 1. `Empty` and `Dead` have no members; in the other states `protocolType` is set and every member supports at least
 *    one protocol that all support.
 * 2. The generation only grows, by one with every rebalance that ends, and belongs to one set of members.
 * 3. Outside `PreparingRebalance` the leader is a member whenever there are members.
 * 4. A group instance id belongs to at most one member at a time.
 * 5. Only in `PreparingRebalance` may members wait for a join, only in `CompletingRebalance` for a sync.
 */
export class ClassicGroup {
  readonly type = 'classic'
  readonly groupId: string
  state: GroupState = 'Empty'
  generationId = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  stateSinceMs: number
  readonly members = new Map<string, GroupMember>()
  /** group.instance.id -> member id. */
  readonly staticMembers = new Map<string, string>()
  /** Member ids that were given out with MEMBER_ID_REQUIRED and not used yet, with the timer that takes them back. */
  readonly pendingMembers = new Map<string, () => void>()
  /** The timer that ends the phase of joining or of syncing. */
  cancelPhase: (() => void) | undefined
  /** `group.initial.rebalance.delay.ms` runs: even if everyone is here, more may come. */
  inInitialDelay = false

  constructor(groupId: string, nowMs: number) {
    this.groupId = groupId
    this.stateSinceMs = nowMs
  }

  transition(event: GroupEvent, nowMs: number): void {
    const next = groupTransitions[this.state][event]
    if (!next) throw new TypeError(`group ${this.groupId}: ${event} in state ${this.state}`)
    this.state = next
    this.stateSinceMs = nowMs
  }

  add(member: GroupMember): void {
    this.members.set(member.memberId, member)
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.memberId)
    this.leaderId ??= member.memberId
  }

  remove(member: GroupMember): void {
    this.members.delete(member.memberId)
    const { groupInstanceId } = member
    if (groupInstanceId !== null && this.staticMembers.get(groupInstanceId) === member.memberId) {
      this.staticMembers.delete(groupInstanceId)
    }
    if (this.leaderId === member.memberId) this.leaderId = this.members.keys().next().value ?? null
  }

  /** Puts a static member that has come back into the place of its former self, as leader too. */
  replace(old: GroupMember, member: GroupMember): void {
    const wasLeader = this.leaderId === old.memberId
    this.members.delete(old.memberId)
    this.members.set(member.memberId, member)
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.memberId)
    if (wasLeader) this.leaderId = member.memberId
  }

  staticMember(groupInstanceId: string): GroupMember | undefined {
    const memberId = this.staticMembers.get(groupInstanceId)
    return memberId === undefined ? undefined : this.members.get(memberId)
  }

  /** Whether a member with these protocols could work with all that are here, itself left out of account. */
  supports(protocolType: string, protocols: readonly GroupProtocol[], except?: string): boolean {
    const others = [...this.members.values()].filter((member) => member.memberId !== except)
    if (protocolType === '' || protocols.length === 0) return false
    if (others.length === 0) return true
    if (this.protocolType !== null && this.protocolType !== protocolType) return false
    const common = this.#commonProtocols(others)
    return protocols.some((protocol) => common.has(protocol.name))
  }

  /** The protocol that most members prefer among those that all support; the earlier one in a tie. */
  selectProtocol(): string | null {
    const members = [...this.members.values()]
    const common = this.#commonProtocols(members)
    const votes = new Map<string, number>()
    for (const { settings } of members) {
      const choice = settings.protocols.find((protocol) => common.has(protocol.name))
      if (choice) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
    }
    let selected: string | null = null
    for (const [name, count] of votes) if (selected === null || count > (votes.get(selected) ?? 0)) selected = name
    return selected
  }

  #commonProtocols(members: readonly GroupMember[]): Set<string> {
    const [first, ...rest] = members
    const names = first?.settings.protocols.map((protocol) => protocol.name) ?? []
    return new Set(
      names.filter((name) =>
        rest.every((member) => member.settings.protocols.some((protocol) => protocol.name === name)),
      ),
    )
  }

  /** The longest time that any member allows for a rebalance. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.settings.rebalanceTimeoutMs)
    return longest
  }

  get hasAllJoined(): boolean {
    if (this.pendingMembers.size > 0) return false
    for (const member of this.members.values()) if (!member.awaitingJoin) return false
    return true
  }

  /** Makes someone who has joined the leader, if the present one has not; false when nobody has joined. */
  electJoinedLeader(): boolean {
    if (this.leaderId !== null && this.members.get(this.leaderId)?.awaitingJoin) return true
    for (const member of this.members.values()) {
      if (!member.awaitingJoin) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  /** Begins the next generation with the members that are here. */
  nextGeneration(nowMs: number): void {
    this.generationId++
    if (this.members.size > 0) {
      this.protocolName = this.selectProtocol()
      this.transition('generation', nowMs)
    } else {
      this.protocolName = null
      this.leaderId = null
      this.transition('emptyGeneration', nowMs)
    }
  }

  /** The members as their leader gets them, with what they said for the chosen protocol. */
  describeMembers(): { memberId: string; groupInstanceId: string | null; metadata: Buffer }[] {
    return Array.from(this.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: metadataFor(member, this.protocolName),
    }))
  }
}
