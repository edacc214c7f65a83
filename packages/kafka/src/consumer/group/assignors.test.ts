import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TopicPartition } from '../../producer/types.ts'
import type { AssignorInput, AssignorMember, GroupAssignor, MemberAssignment } from './assignor.ts'
import { cooperativeStickyAssignor, stickyAssignment } from './cooperative-sticky-assignor.ts'
import { rangeAssignor } from './range-assignor.ts'
import { roundRobinAssignor } from './round-robin-assignor.ts'

function memberOf(
  memberId: string,
  topics: string[],
  owned: readonly TopicPartition[] = [],
  generationId = 1,
): AssignorMember {
  return { memberId, instanceId: null, topics, ownedPartitions: owned, generationId, rackId: null, userData: null }
}

function inputOf(counts: Record<string, number>, ...members: AssignorMember[]): AssignorInput {
  return { members, partitionsPerTopic: new Map(Object.entries(counts)) }
}

function readable(result: ReadonlyMap<string, MemberAssignment>): Record<string, string[]> {
  return Object.fromEntries([...result].map(([memberId, assignment]) => [memberId, flat(assignment).map(keyOf).sort()]))
}

function assign(assignor: GroupAssignor, input: AssignorInput): Map<string, MemberAssignment> {
  return assignor.assign(input) as Map<string, MemberAssignment>
}

const flat = ({ partitions }: MemberAssignment): TopicPartition[] =>
  partitions.flatMap(({ topic, partitions: numbers }) => numbers.map((partition) => ({ topic, partition })))
const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}${partition}`

test("range gives consecutive partitions per topic, as the documentation of Java's assignor shows", () => {
  const input = inputOf({ a: 3, b: 3 }, memberOf('C1', ['a', 'b']), memberOf('C0', ['a', 'b']))
  assert.deepEqual(readable(assign(rangeAssignor, input)), { C0: ['a0', 'a1', 'b0', 'b1'], C1: ['a2', 'b2'] })
})

test("roundrobin deals over all topics, as the documentation of Java's assignor shows", () => {
  const equal = inputOf({ a: 3, b: 3 }, memberOf('C0', ['a', 'b']), memberOf('C1', ['a', 'b']))
  assert.deepEqual(readable(assign(roundRobinAssignor, equal)), { C0: ['a0', 'a2', 'b1'], C1: ['a1', 'b0', 'b2'] })
  const unequal = inputOf(
    { a: 1, b: 2, c: 3 },
    memberOf('C0', ['a']),
    memberOf('C1', ['a', 'b']),
    memberOf('C2', ['a', 'b', 'c']),
  )
  assert.deepEqual(readable(assign(roundRobinAssignor, unequal)), {
    C0: ['a0'],
    C1: ['b0'],
    C2: ['b1', 'c0', 'c1', 'c2'],
  })
})

test('static members come first, by instance id, so that a restart changes nothing', () => {
  const counts = { a: 3 }
  const staticMember = (memberId: string, instanceId: string) => ({ ...memberOf(memberId, ['a']), instanceId })
  const before = assign(
    rangeAssignor,
    inputOf(counts, staticMember('x', '1'), staticMember('y', '2'), memberOf('a', ['a'])),
  )
  const after = assign(
    rangeAssignor,
    inputOf(counts, staticMember('zz', '1'), staticMember('y', '2'), memberOf('a', ['a'])),
  )
  assert.deepEqual(before.get('x'), after.get('zz'))
  assert.deepEqual(before.get('y'), after.get('y'))
})

test("a partition claimed in an older generation is not its claimant's any more", () => {
  const owned = [{ topic: 'a', partition: 0 }]
  const input = inputOf({ a: 2 }, memberOf('old', ['a'], owned, 3), memberOf('new', ['a'], owned, 4))
  assert.deepEqual(readable(assign(cooperativeStickyAssignor, input)), { new: ['a0'], old: ['a1'] })
})

test('cooperative sticky takes away first and gives in the next rebalance', () => {
  const all = [0, 1, 2, 3].map((partition) => ({ topic: 'a', partition }))
  const first = assign(cooperativeStickyAssignor, inputOf({ a: 4 }, memberOf('A', ['a'], all), memberOf('B', ['a'])))
  assert.equal(flat(first.get('A') as MemberAssignment).length, 2)
  assert.equal(flat(first.get('B') as MemberAssignment).length, 0)
  const kept = flat(first.get('A') as MemberAssignment)
  const second = assign(
    cooperativeStickyAssignor,
    inputOf({ a: 4 }, memberOf('A', ['a'], kept, 2), memberOf('B', ['a'], [], 2)),
  )
  assert.deepEqual(flat(second.get('A') as MemberAssignment), kept)
  assert.equal(flat(second.get('B') as MemberAssignment).length, 2)
})

const topics = ['a', 'b', 'c']

/** A group in the middle of its life: members with subscriptions of their own that own what they were given, some of it stale. */
const groups = fc
  .record({
    counts: fc.record({ a: fc.nat({ max: 8 }), b: fc.nat({ max: 5 }), c: fc.nat({ max: 3 }) }),
    subscriptions: fc.array(fc.subarray(topics, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
    owners: fc.array(fc.nat({ max: 7 }), { minLength: 16, maxLength: 16 }),
    generations: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 6, maxLength: 6 }),
  })
  .map(({ counts, subscriptions, owners, generations }) => {
    const members = subscriptions.map((subscribed, index) => {
      const owned = partitionsOf(counts).filter((_, at) => owners[at % owners.length] === index)
      return memberOf(`m${index}`, subscribed, owned, generations[index])
    })
    return { input: inputOf(counts, ...members), counts }
  })

function partitionsOf(counts: Record<string, number>): TopicPartition[] {
  return Object.entries(counts).flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
}

for (const assignor of [rangeAssignor, roundRobinAssignor]) {
  test(`${assignor.name} gives every partition with a subscriber to exactly one of them`, () => {
    fc.assert(
      fc.property(groups, ({ input, counts }) => {
        assertComplete(input, counts, new Map([...assign(assignor, input)].map(([id, given]) => [id, flat(given)])))
      }),
    )
  })
}

test('sticky gives every partition with a subscriber to exactly one of them', () => {
  fc.assert(fc.property(groups, ({ input, counts }) => assertComplete(input, counts, stickyAssignment(input))))
})

test('sticky is balanced: no partition could move to a member that holds two or more less', () => {
  fc.assert(
    fc.property(groups, ({ input }) => {
      const loads = stickyAssignment(input)
      for (const [from, owned] of loads) {
        for (const { memberId: to, topics: subscribed } of input.members) {
          const difference = owned.length - (loads.get(to)?.length ?? 0)
          const movable = owned.some(({ topic }) => subscribed.includes(topic))
          assert.ok(!movable || difference < 2, `${from} holds ${difference} more than ${to}`)
        }
      }
    }),
  )
})

test('sticky is sticky: a balanced group without news keeps everything', () => {
  fc.assert(
    fc.property(groups, ({ input }) => {
      const loads = stickyAssignment(input)
      const members = input.members.map((one) => ({
        ...one,
        ownedPartitions: loads.get(one.memberId) ?? [],
        generationId: 9,
      }))
      assert.deepEqual(sorted(stickyAssignment({ ...input, members })), sorted(loads))
    }),
  )
})

test('sticky is sticky: when a member leaves, nobody else loses anything', () => {
  const equal = groups.map(({ input, counts }) => ({
    input: { ...input, members: input.members.map((one) => ({ ...one, topics, ownedPartitions: [] })) },
    counts,
  }))
  fc.assert(
    fc.property(equal, ({ input }) => {
      const loads = stickyAssignment(input)
      const members = input.members.slice(1).map((one) => ({ ...one, ownedPartitions: loads.get(one.memberId) ?? [] }))
      if (members.length === 0) return
      const after = stickyAssignment({ ...input, members })
      for (const { memberId, ownedPartitions } of members) {
        const now = new Set((after.get(memberId) ?? []).map(keyOf))
        for (const one of ownedPartitions) assert.ok(now.has(keyOf(one)), `${memberId} lost ${keyOf(one)}`)
      }
    }),
  )
})

// Where subscriptions differ, placing what was given up can move one partition more, which takes a third rebalance.
const cooperativeRebalancesMax = 3

test('cooperative sticky never gives away what somebody still owns, and is complete when nothing is left to give up', () => {
  fc.assert(
    fc.property(groups, ({ input, counts }) => {
      let members = input.members
      let last = new Map<string, TopicPartition[]>()
      for (let rebalance = 1; rebalance <= cooperativeRebalancesMax; rebalance++) {
        const assigned = assign(cooperativeStickyAssignor, { ...input, members })
        last = new Map([...assigned].map(([memberId, one]) => [memberId, flat(one)]))
        assertNothingTaken(members, last)
        const generationId = Math.max(...members.map((one) => one.generationId)) + 1
        members = members.map((one) => ({ ...one, ownedPartitions: last.get(one.memberId) ?? [], generationId }))
      }
      assertComplete(input, counts, last)
    }),
  )
})

test('cooperative sticky comes to rest where what is free could make room for what is owned, and the other way round', () => {
  const a = [0, 2, 3, 4, 5].map((partition) => ({ topic: 'a', partition }))
  const b = [0, 1].map((partition) => ({ topic: 'b', partition }))
  const { members: first, ...counts } = inputOf(
    { a: 6, b: 3, c: 1 },
    memberOf('m0', ['a'], [...a, ...b, { topic: 'c', partition: 0 }]),
    memberOf('m1', ['a'], [{ topic: 'a', partition: 1 }]),
    memberOf('m2', ['a', 'b']),
    memberOf('m3', ['b', 'c']),
    memberOf('m4', ['a', 'b']),
  )
  let members = first
  const owned: Record<string, string[]>[] = []
  for (let rebalance = 1; rebalance <= 4; rebalance++) {
    const assigned = assign(cooperativeStickyAssignor, { ...counts, members })
    owned.push(readable(assigned))
    members = members.map((one) => ({
      ...one,
      ownedPartitions: flat(assigned.get(one.memberId)!),
      generationId: one.generationId + 1,
    }))
  }
  assert.deepEqual(owned[3], owned[2])
  assert.equal(Object.values(owned[3]!).flat().length, 10)
})

/** What a member of the newest generation owns goes to nobody else before it was given up. */
function assertNothingTaken(
  members: AssignorInput['members'],
  assigned: ReadonlyMap<string, readonly TopicPartition[]>,
): void {
  const given = new Map([...assigned].flatMap(([memberId, owned]) => owned.map((one) => [keyOf(one), memberId])))
  const newest = Math.max(...members.map(({ generationId }) => generationId))
  for (const { memberId, ownedPartitions, generationId } of members) {
    if (generationId !== newest) continue
    for (const one of ownedPartitions) {
      const owner = given.get(keyOf(one))
      assert.ok(owner === undefined || owner === memberId, `${keyOf(one)} went from ${memberId} to ${owner}`)
    }
  }
}

function assertComplete(
  { members }: AssignorInput,
  counts: Record<string, number>,
  owners: ReadonlyMap<string, readonly TopicPartition[]>,
): void {
  const given = [...owners].flatMap(([memberId, owned]) => owned.map((one) => ({ memberId, one })))
  for (const { memberId, one } of given) {
    assert.ok(members.find((member) => member.memberId === memberId)?.topics.includes(one.topic))
  }
  const wanted = partitionsOf(counts).filter(({ topic }) => members.some((member) => member.topics.includes(topic)))
  assert.deepEqual(given.map(({ one }) => keyOf(one)).sort(), wanted.map(keyOf).sort())
}

function sorted(loads: ReadonlyMap<string, readonly TopicPartition[]>): Record<string, string[]> {
  return Object.fromEntries([...loads].map(([memberId, owned]) => [memberId, owned.map(keyOf).sort()]))
}
