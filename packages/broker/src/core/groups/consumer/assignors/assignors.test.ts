import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import type { AssignorInput, AssignorMember, AssignorResult } from './assignor.ts'
import { assignRange } from './range.ts'
import { assignUniform } from './uniform.ts'

function member(
  memberId: string,
  topics: readonly string[],
  current: AssignorMember['current'] = new Map(),
): AssignorMember {
  return { memberId, instanceId: null, topics: new Set(topics), current }
}

function loads({ members }: AssignorInput, result: AssignorResult): number[] {
  return members.map(({ memberId }) => {
    let load = 0
    for (const partitions of result.get(memberId)?.values() ?? []) load += partitions.size
    return load
  })
}

/** Every partition has exactly one owner, who subscribes to its topic. */
function checkComplete({ members, partitionCounts }: AssignorInput, result: AssignorResult): void {
  const owners = new Map<string, string>()
  for (const { memberId, topics } of members) {
    for (const [topicId, partitions] of result.get(memberId) ?? []) {
      assert.ok(topics.has(topicId), `${memberId} does not subscribe to ${topicId}`)
      for (const one of partitions) {
        assert.ok(!owners.has(`${topicId}:${one}`), `${topicId}:${one} has two owners`)
        owners.set(`${topicId}:${one}`, memberId)
      }
    }
  }
  let total = 0
  for (const count of partitionCounts.values()) total += count
  assert.equal(owners.size, total)
}

/** How many partitions have another owner than before. */
function moved({ members }: AssignorInput, result: AssignorResult): number {
  let count = 0
  for (const { memberId, current } of members) {
    for (const [topicId, partitions] of current) {
      for (const one of partitions) if (!result.get(memberId)?.get(topicId)?.has(one)) count++
    }
  }
  return count
}

test('uniform gives members with the same topics shares that differ by one at most', () => {
  const members = ['a', 'b', 'c'].map((id) => member(id, ['x', 'y']))
  const input = {
    members,
    partitionCounts: new Map([
      ['x', 4],
      ['y', 3],
    ]),
  }
  const result = assignUniform(input)
  checkComplete(input, result)
  assert.deepEqual(loads(input, result).sort(), [2, 2, 3])
})

test('uniform moves no more than a new member needs', () => {
  const partitionCounts = new Map([['x', 6]])
  const a = member('a', ['x'], new Map([['x', new Set([0, 1, 2])]]))
  const b = member('b', ['x'], new Map([['x', new Set([3, 4, 5])]]))
  const input = { members: [a, b, member('c', ['x'])], partitionCounts }
  const result = assignUniform(input)
  checkComplete(input, result)
  assert.deepEqual(loads(input, result), [2, 2, 2])
  assert.equal(moved(input, result), 2)
})

test('uniform leaves all in place when nothing has changed', () => {
  const members = ['a', 'b', 'c', 'd'].map((id) => member(id, id < 'c' ? ['x', 'y'] : ['y']))
  const partitionCounts = new Map([
    ['x', 5],
    ['y', 7],
  ])
  const first = assignUniform({ members, partitionCounts })
  const again = {
    members: members.map((one) => ({ ...one, current: first.get(one.memberId) ?? new Map() })),
    partitionCounts,
  }
  assert.equal(moved(again, assignUniform(again)), 0)
})

test('uniform with different subscriptions leaves no move that would make two loads more equal', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed)
    const partitionCounts = new Map(['w', 'x', 'y', 'z'].map((topic) => [topic, 1 + randomInt(random, 6)]))
    const members = Array.from({ length: 1 + randomInt(random, 6) }, (_, index) => {
      const topics = [...partitionCounts.keys()].filter(() => random.next() < 0.6)
      return member(`m${index}`, topics)
    })
    for (const topic of [...partitionCounts.keys()]) {
      if (!members.some(({ topics }) => topics.has(topic))) partitionCounts.delete(topic)
    }
    const first = { members, partitionCounts }
    const before = assignUniform(first)
    checkComplete(first, before)
    // One member goes; the others keep what they can.
    const rest = members.slice(1).map((one) => ({ ...one, current: before.get(one.memberId) ?? new Map() }))
    for (const topic of [...partitionCounts.keys()]) {
      if (!rest.some(({ topics }) => topics.has(topic))) partitionCounts.delete(topic)
    }
    if (rest.length === 0) continue
    const input = { members: rest, partitionCounts }
    const result = assignUniform(input)
    checkComplete(input, result)
    const load = new Map(loads(input, result).map((count, index) => [rest[index]!.memberId, count]))
    for (const { memberId } of rest) {
      for (const topicId of result.get(memberId)?.keys() ?? []) {
        for (const other of rest.filter(({ topics }) => topics.has(topicId))) {
          const difference = load.get(memberId)! - load.get(other.memberId)!
          assert.ok(difference < 2, `seed ${seed}: ${memberId} has ${difference} more than ${other.memberId}`)
        }
      }
    }
  }
})

test('uniform evens out a hundred thousand partitions without moving them one by one', () => {
  const count = 100_000
  const all = new Map([['order', new Set(Array.from({ length: count }, (_, partition) => partition))]])
  const input: AssignorInput = {
    members: [member('a', ['order', 'customer'], all), member('b', ['order'])],
    partitionCounts: new Map([
      ['order', count],
      ['customer', 10],
    ]),
  }
  const startedMs = performance.now()
  const result = assignUniform(input)
  assert.ok(performance.now() - startedMs < 5_000)
  checkComplete(input, result)
  const [a = 0, b = 0] = loads(input, result)
  assert.ok(Math.abs(a - b) <= 1, `${a} and ${b}`)
})

test('range gives the same numbers of every topic to the same member, static members first', () => {
  const members = [
    { ...member('c', ['x', 'y']), instanceId: 'second' },
    member('a', ['x', 'y']),
    { ...member('d', ['x', 'y']), instanceId: 'first' },
  ]
  const input = {
    members,
    partitionCounts: new Map([
      ['x', 7],
      ['y', 7],
    ]),
  }
  const result = assignRange(input)
  checkComplete(input, result)
  assert.deepEqual([...result.get('d')!.get('x')!], [0, 1, 2])
  assert.deepEqual([...result.get('c')!.get('x')!], [3, 4])
  assert.deepEqual([...result.get('a')!.get('x')!], [5, 6])
  for (const { memberId } of members) assert.deepEqual(result.get(memberId)!.get('x'), result.get(memberId)!.get('y'))
})
