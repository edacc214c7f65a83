import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, isMillraceError, type Random, randomInt, seededRandom, sleep } from '@millrace/base'
import {
  type Consumer,
  type ConsumerOptions,
  cooperativeStickyAssignor,
  decodedRecords,
  kafkaClient,
  rangeAssignor,
} from '@millrace/kafka'
import { type MemoryBroker, memoryBroker } from './memory-broker.ts'
import { virtually } from './virtual-run.ts'

const seeds = Number(process.env.MILLRACE_SEEDS ?? 8)
const firstSeed = Number(process.env.MILLRACE_SEED_FROM ?? 1)
const partitions = 6
const records = 240
const faults = { loseRequest: 0.03, loseReply: 0.03, silence: 0.01, delay: 0.2, delayMsMax: 300 }

const classicTimes = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 }
const kinds: Readonly<Record<string, ConsumerOptions>> = {
  range: { assignors: [rangeAssignor], ...classicTimes },
  'cooperative-sticky': { assignors: [cooperativeStickyAssignor], ...classicTimes },
  'the consumer protocol': { groupProtocol: 'consumer' },
}
/** The consumer protocol's times are the broker's. */
const config = {
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '500',
}

for (const [kind, options] of Object.entries(kinds)) {
  test(`a group with ${kind} reads everything while members come, go and die (${seeds} seeds)`, async () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      await virtually((clock) => groupRun(clock, seed, options), { maxMs: 3_600_000 })
    }
  })
}

test('a member that waits for another in a rebalance holds its partitions, and the other does not, once they are given away', async () => {
  await virtually(async (clock) => {
    const random = seededRandom(1)
    const broker = memoryBroker({ clock, random })
    const client = clientOf(broker, clock, random)
    await client.admin.createTopics([{ name: 't', partitions }])
    const times = { ...classicTimes, rebalanceTimeoutMs: 30_000, assignors: [cooperativeStickyAssignor] }
    const owned = { prompt: new Set<number>(), slow: new Set<number>() }
    const join = (name: 'prompt' | 'slow'): Consumer => {
      const consumer = client.consumer({ groupId: 'g', ...times })
      consumer.subscribe({
        topics: ['t'],
        onAssigned(added) {
          for (const { partition } of added) owned[name].add(partition)
        },
      })
      return consumer
    }
    const [prompt, slow] = [join('prompt'), join('slow')]
    while (owned.prompt.size !== 3 || owned.slow.size !== 3) {
      await Promise.all([prompt.poll({ timeoutMs: 100 }), slow.poll({ timeoutMs: 100 })])
    }
    prompt.requestRejoin('to see')
    const beganMs = clock.now()
    while (clock.now() < beganMs + 25_000) {
      await prompt.poll({ timeoutMs: 500 })
      assert.ok(prompt.heldUntilMs()! > clock.now(), `not held after ${clock.now() - beganMs} ms`)
    }
    assert.equal(owned.prompt.size, 3, 'the other has time to rejoin still')
    while (owned.prompt.size < partitions) await prompt.poll({ timeoutMs: 10 })
    assert.ok((slow.heldUntilMs() ?? 0) <= clock.now(), 'what another owns is not held')
    await client.close()
  })
})

test('a static member that fell out of its group cannot commit, and is not taken for another process because it tried', async () => {
  await virtually(async (clock) => {
    const random = seededRandom(1)
    const client = clientOf(memoryBroker({ clock, random }), clock, random)
    await client.admin.createTopics([{ name: 't', partitions }])
    const times = { ...classicTimes, rebalanceTimeoutMs: 10_000 }
    const consumer = client.consumer({ groupId: 'g', groupInstanceId: 'one', ...times })
    consumer.subscribe({ topics: ['t'] })
    while (consumer.assignment().length < partitions) await consumer.poll({ timeoutMs: 100 })
    // Nobody polls: it gives its membership up, and the group still knows its name.
    await sleep(clock, 12_000)
    const offsets = [{ topic: 't', partition: 0, offset: 0 }]
    await assert.rejects(consumer.commit(offsets), { code: 'KAFKA_UNKNOWN_MEMBER_ID' })
    const { memberId } = consumer.groupMetadata()
    assert.equal(memberId, '')
    do await consumer.poll({ timeoutMs: 100 })
    while (consumer.assignment().length < partitions)
    await consumer.commit(offsets)
    await client.close()
  })
})

async function groupRun(clock: Clock, seed: number, options: ConsumerOptions): Promise<void> {
  const random = seededRandom(seed)
  const broker = memoryBroker({ clock, random, faults, config })
  const setUp = clientOf(broker, clock, random)
  await setUp.admin.createTopics([{ name: 't', partitions }], { ifNotExists: true })
  const producer = setUp.producer()
  const producing = (async () => {
    for (let index = 0; index < records; index++) {
      await producer.send({ topic: 't', partition: index % partitions, key: null, value: Buffer.from(String(index)) })
      await sleep(clock, randomInt(random, 200))
    }
  })()
  const group = new Group(broker, clock, random, options)
  for (let turn = 0; turn < 12; turn++) {
    if (group.members.length < 2 || random.next() < 0.5) group.start()
    else await group.stop(randomInt(random, group.members.length), random.next() < 0.5)
    await sleep(clock, randomInt(random, 4_000))
  }
  broker.heal()
  await producing
  const settledBy = clock.now() + 120_000
  while (group.seen.size < records || !group.isSettled()) {
    assert.ok(clock.now() < settledBy, `seed ${seed}: ${group.describe()}`)
    await sleep(clock, 500)
  }
  assert.deepEqual(group.overlaps, [], `seed ${seed}`)
  while (group.members.length > 0) await group.stop(0, true)
  await setUp.close()
}

function clientOf(broker: MemoryBroker, clock: Clock, random: Random) {
  return kafkaClient({ brokers: 'broker:9092', transport: broker.transport, clock, random, requestTimeoutMs: 2_000 })
}

interface Member {
  readonly name: number
  readonly consumer: Consumer
  readonly owned: Set<number>
  readonly polling: Promise<void>
  alive: boolean
  kill(): Promise<void>
}

class Group {
  readonly members: Member[] = []
  readonly seen = new Set<string>()
  /** Partitions that two members were told to own at the same time. */
  readonly overlaps: string[] = []
  readonly #broker: MemoryBroker
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: ConsumerOptions
  readonly #dead = new Set<Member>()
  #started = 0

  constructor(broker: MemoryBroker, clock: Clock, random: Random, options: ConsumerOptions) {
    this.#broker = broker
    this.#clock = clock
    this.#random = random
    this.#options = options
  }

  start(): void {
    const client = clientOf(this.#broker, this.#clock, this.#random)
    const consumer = client.consumer({ groupId: 'g', rebalanceTimeoutMs: 10_000, ...this.#options })
    const owned = new Set<number>()
    const give = (given: readonly { partition: number }[]): void => {
      for (const { partition } of given) owned.delete(partition)
    }
    consumer.subscribe({
      topics: ['t'],
      onAssigned: async (added) => {
        const members = this.#memberIds()
        for (const { partition } of added) {
          owned.add(partition)
          this.#noteOverlap(member, partition, members)
        }
      },
      onRevoked: async (revoked) => {
        await this.#commit(consumer)
        give(revoked)
      },
      onLost: give,
    })
    const member: Member = {
      name: ++this.#started,
      consumer,
      owned,
      alive: true,
      polling: this.#poll(() => member),
      kill: () => client.close(),
    }
    this.members.push(member)
  }

  async stop(index: number, orderly: boolean): Promise<void> {
    const [member] = this.members.splice(index, 1)
    if (member === undefined) return
    member.alive = false
    if (!orderly) {
      // Dead to the group from now on, without a word: it neither polls nor is closed.
      this.#dead.add(member)
      member.owned.clear()
      return
    }
    await member.polling
    await member.kill()
  }

  isSettled(): boolean {
    return this.members.reduce((sum, { owned }) => sum + owned.size, 0) === partitions
  }

  describe(): string {
    const owned = this.members.map((member) => `${member.name}: [${[...member.owned]}]`).join(', ')
    return `${this.seen.size} of ${records} seen; ${owned}`
  }

  async #poll(self: () => Member): Promise<void> {
    await Promise.resolve()
    const { consumer } = self()
    while (self().alive) {
      try {
        for (const fetched of await consumer.poll({ timeoutMs: 300 })) {
          for (const { value } of decodedRecords(fetched)) this.seen.add(String(value))
        }
        if (self().alive && this.#random.next() < 0.3) await this.#commit(consumer)
      } catch (error) {
        if (!isMillraceError(error) || !error.retriable) throw error
      }
    }
  }

  async #commit(consumer: Consumer): Promise<void> {
    try {
      await consumer.commit()
    } catch (error) {
      if (!isMillraceError(error)) throw error
    }
  }

  #memberIds(): Set<string> {
    return new Set(this.#broker.core.groups.group('g')?.members.keys())
  }

  #noteOverlap(member: Member, partition: number, memberIds: ReadonlySet<string>): void {
    for (const other of this.members) {
      if (other === member || !other.owned.has(partition)) continue
      const heldUntilMs = other.consumer.heldUntilMs() ?? 0
      if (heldUntilMs > this.#clock.now())
        this.overlaps.push(`${partition}: held by ${other.name}, and ${member.name}'s`)
      // One that the group has expelled does not know it yet; the coordinator refuses what it commits.
      if (!memberIds.has(other.consumer.groupMetadata().memberId)) continue
      this.overlaps.push(`${partition}: ${other.name} and ${member.name}`)
    }
  }
}
