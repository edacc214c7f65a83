import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apis, ErrorCode } from '@millrace/protocol'
import { BrokerCore } from '../src/core/broker-core.ts'
import type { ConsumerGroup } from '../src/core/groups/consumer/consumer-group.ts'
import { toList } from '../src/core/groups/consumer/topic-partitions.ts'
import { type SimulatedStorage, simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { CoreClient, createTopic } from './support/core-client.ts'
import {
  assignmentBytes,
  ModelClassic,
  ModelConsumer,
  type ModelMember,
  type Owned,
  pick,
  type Subscription,
  topicsIn,
} from './support/model-consumers.ts'
import { MortalProcess } from './support/mortal.ts'

/** Every seed is a run of its own; a failure names it. MILLRACE_SEEDS=n runs more, MILLRACE_SEED_FROM=n begins elsewhere. */
const seeds = Number(process.env.MILLRACE_SEEDS ?? 60)
const firstSeed = Number(process.env.MILLRACE_SEED_FROM ?? 1)
const steps = 200

const maxMembers = 6
const instances = ['one', 'two', 'three']

/** A broker, one group, and members of both protocols that come, go, die and miss answers. */
export class ConsumerGroupWorld {
  readonly groupId = 'readers'
  readonly random: Random
  readonly clock = new VirtualClock(1_700_000_000_000)
  readonly disk: SimulatedStorage
  process!: MortalProcess
  core!: BrokerCore
  client!: CoreClient
  members: ModelMember[] = []
  readonly codes = new Map<number, number>()
  readonly changes = { restarts: 0, upgrades: 0, downgrades: 0, commits: 0, staleCommits: 0 }
  readonly offsets = new Map<string, number>()
  /** Half of the runs end in power losses instead of killed processes. */
  readonly durability: 'write' | 'fsync'
  readonly #late: { memberId: string; epoch: number; usesClassic: boolean; one: string }[] = []
  #ids = 0
  #lastEpoch = 0
  #lastType = ''
  #nextOffset = 1

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.durability = seed % 2 === 0 ? 'write' : 'fsync'
    this.disk = simulatedStorage({ random: this.random })
    this.start()
    createTopic(this.client, 'order', 3)
    createTopic(this.client, 'order-item', 2)
    createTopic(this.client, 'customer', 4)
  }

  start(): void {
    this.process = new MortalProcess(this.disk, this.clock)
    const { storage, clock } = this.process
    this.core = new BrokerCore({ storage, clock, random: this.random, durability: this.durability })
    this.client = new CoreClient(this.core)
  }

  newId(): string {
    return `member-${this.#ids++}`
  }

  seen(errorCode: number): void {
    this.codes.set(errorCode, (this.codes.get(errorCode) ?? 0) + 1)
  }

  remove(member: ModelMember): void {
    this.members = this.members.filter((one) => one !== member)
  }

  get group(): ConsumerGroup | undefined {
    return this.core.groups.store.consumerGroup(this.groupId)
  }

  toList(owned: Owned): { topicId: string; partitions: number[] }[] {
    const topics = new Map<string, number[]>()
    for (const one of owned) {
      const [name, partition] = one.split(':') as [string, string]
      const topicId = this.core.topics.topic(name)?.id
      if (topicId !== undefined) topics.set(topicId, [...(topics.get(topicId) ?? []), Number(partition)])
    }
    return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions }))
  }

  fromList(list: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]): Owned {
    const name = (topicId: string): string | undefined => this.core.topics.topicById(topicId)?.name
    return new Set(
      list
        .filter(({ topicId }) => name(topicId) !== undefined)
        .flatMap(({ topicId, partitions }) => partitions.map((one) => `${name(topicId)}:${one}`)),
    )
  }

  /** What the leader of a classic group assigns. */
  assignClassic(
    members: readonly { memberId: string; metadata: Buffer }[],
  ): { memberId: string; assignment: Buffer }[] {
    const given = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]))
    for (const topic of this.core.topics.all()) {
      const readers = members.filter(({ metadata }) => topicsIn(metadata).includes(topic.name))
      if (readers.length === 0) continue
      topic.partitions.forEach((_, index) => {
        const topics = given.get(readers[index % readers.length]!.memberId)!
        topics.set(topic.name, [...(topics.get(topic.name) ?? []), index])
      })
    }
    return Array.from(given, ([memberId, topics]) => ({ memberId, assignment: assignmentBytes(topics) }))
  }

  step(): void {
    const roll = this.random.next()
    const member = this.members.length > 0 ? pick(this, this.members) : undefined
    if (!member || (roll < 0.08 && this.members.length < maxMembers)) this.#addMember()
    else if (roll < 0.7) member.act()
    else if (roll < 0.76) this.#commit(member)
    else if (roll < 0.8) this.#deliverLate(member)
    else if (roll < 0.84) this.clock.advance(randomInt(this.random, 20_000))
    else if (roll < 0.87) member.leave()
    else if (roll < 0.89) this.#kill(member)
    else if (roll < 0.94) this.#switchProtocol(member)
    else if (roll < 0.96) this.#changeTopics()
    else if (roll < 0.975) member.subscription = this.#subscription(member.usesClassic)
    else if (roll < 0.985) this.restart()
    else if (roll < 0.99) this.core.compact()
    else this.#fillDisk()
    this.check()
  }

  #subscription(usesClassic: boolean): Subscription {
    const names = pick(this, [['order'], ['order', 'customer'], ['order', 'order-item', 'customer']])
    if (usesClassic || this.random.next() < 0.7) return { names, regex: null }
    return { names: this.random.next() < 0.5 ? [] : ['customer'], regex: pick(this, ['order.*', '.*item', 'new-.*']) }
  }

  #addMember(): void {
    const taken = new Set(this.members.map((member) => member.instanceId))
    const free = instances.find((one) => !taken.has(one)) ?? null
    const instanceId = this.random.next() < 0.3 ? free : null
    const usesClassic = this.random.next() < 0.4
    const subscription = this.#subscription(usesClassic)
    this.members.push(
      usesClassic
        ? new ModelClassic(this, instanceId, subscription.names)
        : new ModelConsumer(this, instanceId, subscription),
    )
  }

  /** A process dies without a word; a static one has a successor that comes for its place. */
  #kill(member: ModelMember): void {
    this.remove(member)
    if (member.instanceId === null) return
    const { subscription, instanceId } = member
    this.members.push(
      member.usesClassic
        ? new ModelClassic(this, instanceId, subscription.names)
        : new ModelConsumer(this, instanceId, subscription),
    )
  }

  /** A rolling restart with the other protocol. */
  #switchProtocol(member: ModelMember): void {
    const { subscription, instanceId } = member
    if (this.random.next() < 0.7) member.leave()
    this.remove(member)
    const names = subscription.names.length > 0 ? subscription.names : ['order']
    this.members.push(
      member.usesClassic
        ? new ModelConsumer(this, instanceId, subscription)
        : new ModelClassic(this, instanceId, names),
    )
  }

  #changeTopics(): void {
    const roll = this.random.next()
    if (roll < 0.4) createTopic(this.client, `new-${randomInt(this.random, 3)}`, 2)
    else if (roll < 0.7) {
      const name = `new-${randomInt(this.random, 3)}`
      this.client.call(apis.DeleteTopics, 6, { topics: [{ name }], timeoutMs: 1000 })
      for (const key of [...this.offsets.keys()]) if (key.startsWith(`${name}:`)) this.offsets.delete(key)
      // A client takes the partitions of a topic that is gone for gone.
      for (const { owned } of this.members) for (const one of owned) if (one.startsWith(`${name}:`)) owned.delete(one)
    } else {
      const count = (this.core.topics.topic('order-item')?.partitions.length ?? 0) + 1
      if (count > 6) return
      this.client.call(apis.CreatePartitions, 3, {
        topics: [{ name: 'order-item', count, assignments: null }],
        timeoutMs: 1000,
      })
    }
  }

  /** What was on its way since an earlier epoch arrives now: nothing of it may be taken for news. */
  #deliverLate(member: ModelMember): void {
    const [one] = member.owned
    if (one !== undefined && member.isIn) {
      const { memberId, epoch, usesClassic } = member
      this.#late.push({ memberId, epoch, usesClassic, one })
    }
    const late = this.#late.length > 0 ? pick(this, this.#late) : undefined
    const { group } = this
    const current = late && group?.members.get(late.memberId)
    if (!late || !group || (current && current.memberEpoch <= late.epoch)) return
    if (!late.usesClassic && !current?.classic) {
      const request = { groupId: this.groupId, memberId: late.memberId, memberEpoch: late.epoch }
      const { errorCode } = this.client.call(apis.ConsumerGroupHeartbeat, 1, request)
      assert.notEqual(errorCode, ErrorCode.NONE, 'a late heartbeat is taken')
    }
    const [name, partition] = late.one.split(':') as [string, string]
    const topicId = this.core.topics.topic(name)?.id
    if (topicId === undefined || group.ownerOf(topicId, Number(partition)) === late.memberId) return
    const answer = this.client.call(apis.OffsetCommit, 9, {
      groupId: this.groupId,
      memberId: late.memberId,
      generationIdOrMemberEpoch: late.epoch,
      topics: [
        { name, partitions: [{ partitionIndex: Number(partition), committedOffset: 0, committedMetadata: '' }] },
      ],
    })
    assert.notEqual(answer.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE, 'a late commit is taken')
    this.changes.staleCommits++
  }

  /** The disk takes nothing for a while: whatever is refused has not happened. */
  #fillDisk(): void {
    const before = this.stored()
    this.disk.freeBytes = 0
    for (let count = 0; count < 5 && this.members.length > 0; count++) {
      const member = pick(this, this.members)
      if (this.random.next() < 0.8) member.act()
      else member.leave()
    }
    assert.deepEqual(this.stored(), before)
    this.disk.freeBytes = Number.POSITIVE_INFINITY
  }

  #commit(member: ModelMember): void {
    const one = [...member.owned][0]
    if (one === undefined || !member.isIn) return
    const [name, partition] = one.split(':') as [string, string]
    const partitionIndex = Number(partition)
    const committedOffset = this.#nextOffset++
    const { group } = this
    const topicId = this.core.topics.topic(name)?.id
    if (topicId === undefined) return
    const answer = this.client.call(apis.OffsetCommit, 9, {
      groupId: this.groupId,
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      generationIdOrMemberEpoch: member.epoch,
      topics: [{ name, partitions: [{ partitionIndex, committedOffset, committedMetadata: '' }] }],
    })
    const { errorCode } = answer.topics[0]!.partitions[0]!
    this.seen(errorCode)
    if (errorCode !== ErrorCode.NONE) {
      this.changes.staleCommits++
      return
    }
    this.changes.commits++
    this.offsets.set(one, committedOffset)
    if (group)
      assert.equal(
        group.ownerOf(topicId, partitionIndex),
        member.memberId,
        `a commit for ${one} of who does not own it`,
      )
  }

  restart(): void {
    this.changes.restarts++
    const before = this.stored()
    this.process.die()
    this.disk.crash(this.durability === 'fsync' ? 'power' : 'kill')
    this.start()
    // What nobody was told yet may be gone with the power; what members were told is checked as ever.
    if (this.durability === 'write') assert.deepEqual(this.stored(), before)
    else this.#lastEpoch = 0
    for (const member of this.members) member.cut()
  }

  /** What a restart must keep. */
  stored(): unknown {
    const { group } = this
    return {
      offsets: [...(this.core.groups.store.offsets.get(this.groupId)?.entries() ?? [])]
        .map(({ topic, partition, value }) => `${topic}:${partition}=${value.offset}`)
        .sort(),
      group: group && durable(group),
    }
  }

  check(): void {
    const { group } = this
    const type = this.core.groups.group(this.groupId)?.type ?? ''
    if (type === 'consumer' && this.#lastType === 'classic') this.changes.upgrades++
    if (type === 'classic' && this.#lastType === 'consumer') this.changes.downgrades++
    if (type !== this.#lastType && type === '') this.#lastEpoch = 0
    this.#lastType = type
    for (const [one, offset] of this.offsets) {
      const [topic, partition] = one.split(':') as [string, string]
      const stored = this.core.groups.store.offsets.get(this.groupId)?.get(topic, Number(partition))?.offset
      assert.equal(stored, offset, `offset of ${one}`)
    }
    if (!group) {
      this.#lastEpoch = 0
      return
    }
    assert.ok(group.groupEpoch >= this.#lastEpoch, 'the group epoch goes back')
    this.#lastEpoch = group.groupEpoch
    checkInvariants(group)
    for (const member of this.members) this.#checkOwned(group, member)
  }

  /** What a member of the group believes to own, it owns. */
  #checkOwned(group: ConsumerGroup, { memberId, owned, isIn }: ModelMember): void {
    if (!isIn || !group.members.has(memberId)) return
    for (const one of owned) {
      const [name, partition] = one.split(':') as [string, string]
      const topicId = this.core.topics.topic(name)?.id
      if (topicId === undefined) continue
      assert.equal(group.ownerOf(topicId, Number(partition)), memberId, `${memberId} believes to own ${one}`)
    }
  }

  /** With nothing going wrong any more, everyone gets in and everything is owned by exactly one. */
  settle(): void {
    // What comes last is not followed by anything that would make members look at their topics anyway.
    this.#changeTopics()
    this.#changeTopics()
    for (let round = 0; round < 300; round++) {
      for (const member of [...this.members]) member.act()
      this.clock.advance(1_000)
      this.check()
      if (this.#isSettled()) return
    }
    const found = this.core.groups.group(this.groupId)
    const members = this.members.map(({ memberId, epoch, owned }) => `${memberId}@${epoch}:${[...owned].join()}`)
    assert.fail(`the group did not settle: ${found?.type} ${found?.state} ${members.join(' ')}`)
  }

  #isSettled(): boolean {
    const found = this.core.groups.group(this.groupId)
    if (found?.state !== 'Stable' || found.members.size !== this.members.length) return false
    if (!this.members.every((member) => member.isIn && found.members.has(member.memberId))) return false
    if (found.type === 'classic') return this.members.every((member) => member.usesClassic)
    const wanted = new Set<string>()
    for (const name of found.subscribedTopics()) {
      const count = this.core.topics.topic(name)?.partitions.length ?? 0
      for (let index = 0; index < count; index++) wanted.add(`${name}:${index}`)
    }
    const owned = this.members.flatMap((member) => [...member.owned])
    assert.equal(new Set(owned).size, owned.length, 'a partition has two owners')
    return owned.length === wanted.size && owned.every((one) => wanted.has(one))
  }
}

function durable(group: ConsumerGroup): unknown {
  const { state, groupEpoch, metadataHash, assignmentEpoch } = group
  const members = Array.from(group.members.values(), (member) => ({
    ...member,
    assigned: toList(member.assigned),
    pendingRevocation: toList(member.pendingRevocation),
  }))
  return {
    state,
    groupEpoch,
    metadataHash,
    assignmentEpoch,
    members: members.sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
    staticMembers: [...group.staticMembers].sort(),
    target: Array.from(group.target, ([memberId, partitions]) => [memberId, toList(partitions)]).sort(),
    regexes: Array.from(group.regexes, ([pattern, { topics }]) => [pattern, [...topics].sort()]).sort(),
  }
}

/** The invariants that `ConsumerGroup` states. */
function checkInvariants(group: ConsumerGroup): void {
  const owners = new Map<string, string>()
  const targets = new Map<string, string>()
  assert.ok(group.assignmentEpoch <= group.groupEpoch)
  for (const member of group.members.values()) {
    const { memberId, memberEpoch, instanceId, assigned, pendingRevocation, state } = member
    assert.ok(memberEpoch <= group.assignmentEpoch, `${memberId} is ahead of the target`)
    for (const [topicId, partition] of [assigned, pendingRevocation].flatMap(flat)) {
      const key = `${topicId}:${partition}`
      assert.ok(!owners.has(key), `${key} has two owners`)
      owners.set(key, memberId)
      assert.equal(group.ownerOf(topicId, partition), memberId)
    }
    if (state === 'unrevokedPartitions' && memberEpoch >= 0) assert.ok(pendingRevocation.size > 0)
    if (instanceId !== null) assert.equal(group.staticMembers.get(instanceId), memberId)
    if (group.state === 'Stable') {
      assert.equal(memberEpoch, group.assignmentEpoch)
      assert.deepEqual(toList(assigned), toList(group.targetOf(memberId)))
    }
  }
  for (const [memberId, partitions] of group.target) {
    assert.ok(group.members.has(memberId), `a target of ${memberId}, which is no member`)
    for (const { topicId, partitions: indexes } of toList(partitions)) {
      for (const partition of indexes) {
        assert.ok(!targets.has(`${topicId}:${partition}`), 'a partition is in two targets')
        targets.set(`${topicId}:${partition}`, memberId)
      }
    }
  }
  const subscribed = group.subscribedRegexes()
  for (const pattern of group.regexes.keys()) assert.ok(subscribed.has(pattern), `nobody subscribes to ${pattern}`)
  for (const memberId of group.staticMembers.values()) assert.ok(group.members.has(memberId))
  if (group.state === 'Empty') assert.equal(group.members.size, 0)
}

function flat(partitions: ReadonlyMap<string, ReadonlyMap<number, number>>): [string, number][] {
  return [...partitions].flatMap(([topicId, indexes]) =>
    [...indexes.keys()].map((one): [string, number] => [topicId, one]),
  )
}

test('random members of both protocols, deaths and restarts: one owner per partition, and all find their assignment', () => {
  const codes = new Map<number, number>()
  const changes = { restarts: 0, upgrades: 0, downgrades: 0, commits: 0, staleCommits: 0 }
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const world = new ConsumerGroupWorld(seed)
    let step = 0
    try {
      for (; step < steps; step++) world.step()
      if (world.members.length > 0) world.settle()
      world.restart()
      world.check()
    } catch (error) {
      throw new Error(`seed ${seed}, step ${step}: ${(error as Error).message}`, { cause: error })
    }
    for (const [code, count] of world.codes) codes.set(code, (codes.get(code) ?? 0) + count)
    for (const key of Object.keys(changes) as (keyof typeof changes)[]) changes[key] += world.changes[key]
  }
  // A run in which nothing happened proves nothing.
  if (seeds < 20) return
  const { restarts, upgrades, downgrades, commits, staleCommits } = changes
  assert.ok(
    restarts > seeds && upgrades > seeds / 2 && downgrades > seeds / 4 && commits > seeds && staleCommits > seeds / 4,
    JSON.stringify(changes),
  )
  for (const code of [ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNRELEASED_INSTANCE_ID]) {
    assert.ok((codes.get(code) ?? 0) > 0, `never ${code}`)
  }
})
