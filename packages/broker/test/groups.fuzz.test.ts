import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apis, ErrorCode, type JoinGroupResponse, type SyncGroupResponse } from '@millrace/protocol'
import { BrokerCore } from '../src/core/broker-core.ts'
import { type SimulatedStorage, simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { CoreClient, createTopic, type Pending } from './support/core-client.ts'
import { MortalProcess } from './support/mortal.ts'

/** Every seed is a run of its own; a failure names it. MILLRACE_SEEDS=n runs more, MILLRACE_SEED_FROM=n begins elsewhere. */
const seeds = Number(process.env.MILLRACE_SEEDS ?? 40)
const firstSeed = Number(process.env.MILLRACE_SEED_FROM ?? 1)
const steps = 150

const group = { groupId: 'readers' }
const topic = 'order'
const partitions = 6
const sessionTimeoutMs = 10_000
const rebalanceTimeoutMs = 15_000

/** A consumer as clients write them: it does what the last answer tells it to, unless it is paused. */
class ModelMember {
  readonly world: World
  readonly groupInstanceId: string | null
  memberId = ''
  generationId = -1
  /** Partitions it believes to own; it gives them up before it joins again. */
  owned: readonly number[] = []
  isLeader = false
  phase: 'out' | 'joining' | 'syncing' | 'in' = 'out'
  join: Pending<JoinGroupResponse> | undefined
  sync: Pending<SyncGroupResponse> | undefined

  constructor(world: World, groupInstanceId: string | null) {
    this.world = world
    this.groupInstanceId = groupInstanceId
  }

  /** One thing that a client does next; answers that have come are looked at first. */
  act(): void {
    if (this.phase === 'joining') this.#lookAtJoin()
    else if (this.phase === 'syncing') this.#lookAtSync()
    else if (this.phase === 'in') this.#live()
    else this.#sendJoin()
  }

  #sendJoin(): void {
    this.owned = []
    this.phase = 'joining'
    const request = {
      ...group,
      memberId: this.memberId,
      groupInstanceId: this.groupInstanceId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    }
    this.join = this.world.client.begin(apis.JoinGroup, 9, request, (answer) => this.world.joined(answer))
  }

  #lookAtJoin(): void {
    const answer = this.join?.body
    if (!answer) return
    this.join = undefined
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId
      this.#sendJoin()
      return
    }
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#handle(answer.errorCode)
      return
    }
    this.memberId = answer.memberId
    this.generationId = answer.generationId
    this.isLeader = answer.leader === answer.memberId
    this.phase = 'syncing'
    const assignments =
      this.isLeader && !answer.skipAssignment ? this.world.assign(answer.members.map((member) => member.memberId)) : []
    this.sync = this.world.client.begin(apis.SyncGroup, 5, {
      ...group,
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: this.groupInstanceId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    })
  }

  #lookAtSync(): void {
    const answer = this.sync?.body
    if (!answer) return
    this.sync = undefined
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#handle(answer.errorCode)
      return
    }
    this.phase = 'in'
    this.owned = [...answer.assignment]
    this.world.owns(this)
  }

  #live(): void {
    const roll = this.world.random.next()
    if (roll < 0.5) {
      const { errorCode } = this.world.client.call(apis.Heartbeat, 4, { ...group, ...this.identity })
      if (errorCode !== ErrorCode.NONE) this.#handle(errorCode)
    } else if (roll < 0.9) this.commit()
    else if (roll < 0.95) this.#sendJoin()
    else this.leave()
  }

  get identity(): { memberId: string; groupInstanceId: string | null; generationId: number } {
    const { memberId, groupInstanceId, generationId } = this
    return { memberId, groupInstanceId, generationId }
  }

  commit(): void {
    if (this.owned.length === 0) return
    const partitionIndex = this.owned[randomInt(this.world.random, this.owned.length)]!
    const committedOffset = this.world.nextOffset++
    const answer = this.world.client.call(apis.OffsetCommit, 9, {
      ...group,
      ...this.identity,
      generationIdOrMemberEpoch: this.generationId,
      topics: [{ name: topic, partitions: [{ partitionIndex, committedOffset, committedMetadata: '' }] }],
    })
    const { errorCode } = answer.topics[0]!.partitions[0]!
    if (errorCode === ErrorCode.NONE) this.world.committed(this, partitionIndex, committedOffset)
    else this.#handle(errorCode)
  }

  leave(): void {
    const { memberId, groupInstanceId } = this
    this.world.client.call(apis.LeaveGroup, 5, { ...group, members: [{ memberId, groupInstanceId }] })
    this.forget()
  }

  forget(): void {
    this.phase = 'out'
    this.owned = []
    this.memberId = ''
    this.generationId = -1
    this.join = undefined
    this.sync = undefined
  }

  #handle(errorCode: number): void {
    this.world.errors.set(errorCode, (this.world.errors.get(errorCode) ?? 0) + 1)
    switch (errorCode) {
      case ErrorCode.REBALANCE_IN_PROGRESS:
      case ErrorCode.ILLEGAL_GENERATION:
        this.owned = []
        this.phase = 'out'
        return
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.forget()
        return
      case ErrorCode.FENCED_INSTANCE_ID:
        // Another process has its place; this one ends.
        this.forget()
        this.world.members.splice(this.world.members.indexOf(this), 1)
        return
      default:
        assert.fail(`a member was answered ${errorCode}`)
    }
  }
}

class World {
  readonly random: Random
  readonly clock = new VirtualClock(1_700_000_000_000)
  readonly disk: SimulatedStorage
  process!: MortalProcess
  core!: BrokerCore
  client!: CoreClient
  readonly members: ModelMember[] = []
  readonly offsets = new Map<number, number>()
  readonly late: ModelMember['identity'][] = []
  readonly errors = new Map<number, number>()
  /** Generation -> partition -> owner as some leader assigned it and the coordinator gave it out. */
  readonly given = new Map<number, Map<number, string>>()
  /** Since the last start: a generation that nobody was assigned in is forgotten by a stop, and its number comes again. */
  lastGeneration = 0
  nextOffset = 1
  restarts = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.disk = simulatedStorage({ random: this.random })
    this.start()
    createTopic(this.client, topic, partitions)
  }

  start(): void {
    this.process = new MortalProcess(this.disk, this.clock)
    const { storage, clock } = this.process
    this.core = new BrokerCore({ storage, clock, random: this.random })
    this.client = new CoreClient(this.core)
  }

  restart(): void {
    this.restarts++
    const before = this.stored()
    this.process.die()
    this.disk.crash('kill')
    this.start()
    const after = this.stored()
    assert.deepEqual(after.offsets, before.offsets)
    // A group in the middle of a rebalance goes back to its last generation.
    if (before.stable) assert.deepEqual(after.stable, before.stable)
    for (const member of this.members) {
      // Their requests went with the connection; clients send them again.
      if (member.phase === 'joining' || member.phase === 'syncing') member.phase = 'out'
      member.join = undefined
      member.sync = undefined
    }
    this.lastGeneration = 0
  }

  /** What a restart must keep: offsets, and a stable group as it is. */
  stored(): { offsets: unknown; stable: unknown } {
    const found = this.core.groups.store.classicGroup(group.groupId)
    const stable = found?.state === 'Stable' ? found : undefined
    return {
      offsets: [...(this.core.groups.store.offsets.get(group.groupId)?.entries() ?? [])],
      stable: stable && {
        generationId: stable.generationId,
        leader: stable.leaderId,
        protocol: stable.protocolName,
        members: Array.from(stable.members.values(), (member) => [
          member.memberId,
          member.groupInstanceId,
          [...member.assignment],
        ]),
      },
    }
  }

  assign(memberIds: readonly string[]): { memberId: string; assignment: Buffer }[] {
    return memberIds.map((memberId, index) => ({
      memberId,
      assignment: Buffer.from(
        Array.from({ length: partitions }, (_, partition) => partition).filter(
          (partition) => partition % memberIds.length === index,
        ),
      ),
    }))
  }

  joined(answer: JoinGroupResponse): void {
    if (answer.errorCode !== ErrorCode.NONE) return
    assert.ok(answer.generationId >= this.lastGeneration, 'the generation goes back')
    this.lastGeneration = answer.generationId
  }

  /** At most one member owns a partition in a generation. */
  owns(member: ModelMember): void {
    const owners = this.given.get(member.generationId) ?? new Map<number, string>()
    this.given.set(member.generationId, owners)
    const name = member.groupInstanceId ?? member.memberId
    for (const partition of member.owned) {
      const owner = owners.get(partition) ?? name
      assert.equal(owner, name, `generation ${member.generationId}: partition ${partition} has two owners`)
      owners.set(partition, name)
    }
  }

  committed(member: ModelMember, partition: number, offset: number): void {
    assert.equal(
      member.generationId,
      this.core.groups.store.classicGroup(group.groupId)?.generationId,
      'commit of an old generation',
    )
    this.offsets.set(partition, offset)
  }

  check(): void {
    const found = this.core.groups.store.classicGroup(group.groupId)
    if (found) checkInvariants(found)
    for (const [partition, offset] of this.offsets) {
      const stored = this.core.groups.store.offsets.get(group.groupId)?.get(topic, partition)?.offset
      assert.equal(stored, offset, `offset of partition ${partition}`)
    }
  }

  step(): void {
    const roll = this.random.next()
    const member = this.members[randomInt(this.random, Math.max(1, this.members.length))]
    if (!member || (roll < 0.06 && this.members.length < 6)) this.addMember()
    else if (roll < 0.85) member.act()
    else if (roll < 0.9) this.deliverLate(member)
    else if (roll < 0.95) this.clock.advance(randomInt(this.random, 4_000))
    else if (roll < 0.97) {
      // A process that is killed: its successor, if static, comes for its place.
      this.members.splice(this.members.indexOf(member), 1)
      if (member.groupInstanceId !== null) this.members.push(new ModelMember(this, member.groupInstanceId))
    } else this.restart()
  }

  /** A request that was on its way since an earlier generation arrives now. */
  deliverLate(member: ModelMember): void {
    if (member.phase === 'in') this.late.push(member.identity)
    const late = this.late[randomInt(this.random, Math.max(1, this.late.length))]
    const current = this.core.groups.store.classicGroup(group.groupId)?.generationId
    if (!late || late.generationId === current) return
    const commit = this.client.call(apis.OffsetCommit, 9, {
      ...group,
      ...late,
      generationIdOrMemberEpoch: late.generationId,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }] }],
    })
    assert.notEqual(commit.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE, 'a late commit is taken')
    const sync = this.client.begin(apis.SyncGroup, 5, {
      ...group,
      ...late,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    })
    assert.ok(sync.body && sync.body.errorCode !== ErrorCode.NONE, 'a late sync is taken')
  }

  addMember(): void {
    const taken = new Set(this.members.map((member) => member.groupInstanceId))
    const instance = ['one', 'two'].find((name) => !taken.has(name))
    this.members.push(new ModelMember(this, this.random.next() < 0.3 ? (instance ?? null) : null))
  }

  /** With nothing going wrong any more, everyone gets in and everything is owned by exactly one. */
  settle(): void {
    for (let round = 0; round < 400; round++) {
      for (const member of [...this.members]) if (member.phase !== 'in') member.act()
      for (const member of [...this.members]) if (member.phase === 'in') this.beat(member)
      this.clock.advance(1_000)
      const found = this.core.groups.store.classicGroup(group.groupId)
      const isSettled = this.members.every((member) => member.phase === 'in')
      if (isSettled && found?.state === 'Stable' && found.members.size === this.members.length) return
    }
    assert.fail(`the group did not settle: ${this.members.map((member) => member.phase).join()}`)
  }

  beat(member: ModelMember): void {
    const { errorCode } = this.client.call(apis.Heartbeat, 4, { ...group, ...member.identity })
    if (errorCode !== ErrorCode.NONE) member.phase = 'out'
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) member.forget()
  }
}

/** The invariants that `ClassicGroup` states. */
function checkInvariants(found: NonNullable<ReturnType<BrokerCore['groups']['store']['classicGroup']>>): void {
  const { state, members, leaderId } = found
  if (state === 'Empty') assert.equal(members.size, 0)
  if (state === 'CompletingRebalance' || state === 'Stable') assert.ok(leaderId !== null && members.has(leaderId))
  for (const member of members.values()) {
    if (member.awaitingJoin) assert.equal(state, 'PreparingRebalance')
    if (member.awaitingSync) assert.equal(state, 'CompletingRebalance')
    if (member.groupInstanceId !== null) {
      assert.equal(found.staticMembers.get(member.groupInstanceId), member.memberId)
    }
  }
  for (const memberId of found.staticMembers.values()) assert.ok(members.has(memberId))
}

test('random members, deaths and restarts: a partition has one owner per generation and no commit is lost', () => {
  let restarts = 0
  const errors = new Map<number, number>()
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const world = new World(seed)
    try {
      for (let step = 0; step < steps; step++) {
        world.step()
        world.check()
      }
      if (world.members.length > 0) world.settle()
      world.check()
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
    restarts += world.restarts
    for (const [code, count] of world.errors) errors.set(code, (errors.get(code) ?? 0) + count)
  }
  // A run in which nothing happened proves nothing.
  assert.ok(restarts > seeds)
  for (const code of [ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.UNKNOWN_MEMBER_ID]) {
    assert.ok((errors.get(code) ?? 0) > seeds, `${errors.get(code)} times ${code}`)
  }
})
