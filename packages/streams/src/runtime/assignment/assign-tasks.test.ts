import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AssignmentMember, assignTasks } from './assign-tasks.ts'

const tasks = (subtopologies: number, partitions: number): string[] =>
  Array.from({ length: subtopologies }, (_, s) => Array.from({ length: partitions }, (__, p) => `${s}_${p}`)).flat()

const member = (memberId: string, owned: string[] = [], stored: string[] = [], generation = 1): AssignmentMember => ({
  memberId,
  owned,
  generation,
  stored,
})

test('every task goes to exactly one member, and the counts differ by one at most', () => {
  const arbitraryMembers = fc.uniqueArray(
    fc.record({
      memberId: fc.string({ minLength: 1, maxLength: 4 }),
      owned: fc.uniqueArray(fc.constantFrom(...tasks(3, 5), '9_9')),
      generation: fc.integer({ min: -1, max: 3 }),
      stored: fc.uniqueArray(fc.constantFrom(...tasks(3, 5), '9_9')),
    }),
    { minLength: 1, maxLength: 6, selector: ({ memberId }) => memberId },
  )
  fc.assert(
    fc.property(arbitraryMembers, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), (members, s, p) => {
      const assigned = assignTasks(tasks(s, p), members)
      assert.deepEqual([...assigned.values()].flat().sort(), tasks(s, p).sort())
      const counts = [...assigned.values()].map(({ length }) => length)
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
      const shuffled = assignTasks(tasks(s, p), [...members].reverse())
      for (const [memberId, given] of assigned) assert.deepEqual(shuffled.get(memberId), given)
    }),
  )
})

test('tasks stay where they run when a member leaves', () => {
  const before = assignTasks(
    tasks(2, 6),
    ['a', 'b', 'c'].map((id) => member(id)),
  )
  const after = assignTasks(
    tasks(2, 6),
    ['a', 'b'].map((id) => member(id, [...before.get(id)!])),
  )
  for (const id of ['a', 'b']) for (const task of before.get(id)!) assert.ok(after.get(id)!.includes(task))
})

test('a new member takes only what it is due', () => {
  const before = assignTasks(tasks(2, 6), [member('a'), member('b')])
  const after = assignTasks(tasks(2, 6), [
    member('a', [...before.get('a')!]),
    member('b', [...before.get('b')!]),
    member('c'),
  ])
  const moved = ['a', 'b'].flatMap((id) => before.get(id)!.filter((task) => !after.get(id)!.includes(task)))
  assert.equal(moved.length, 4)
  assert.deepEqual([...after.get('c')!].sort(), moved.sort())
})

test('a restarted member gets the tasks back whose state it has', () => {
  const assigned = assignTasks(tasks(1, 4), [member('a'), member('b', [], ['0_0', '0_3'])])
  assert.deepEqual([...assigned.get('b')!].sort(), ['0_0', '0_3'])
})

test('of two that claim a task the later generation is believed', () => {
  const assigned = assignTasks(tasks(1, 2), [member('a', ['0_0', '0_1'], [], 3), member('b', ['0_0'], [], 5)])
  assert.deepEqual(assigned.get('b'), ['0_0'])
})

test('the tasks of one sub-topology are spread', () => {
  const assigned = assignTasks(tasks(2, 2), [member('a'), member('b')])
  assert.deepEqual([...assigned.get('a')!].sort(), ['0_0', '1_0'])
  assert.deepEqual([...assigned.get('b')!].sort(), ['0_1', '1_1'])
})

test('a newcomer gets tasks of every sub-topology from whoever ran them all', () => {
  const assigned = assignTasks(tasks(2, 4), [member('a', tasks(2, 4)), member('b')])
  for (const id of ['a', 'b']) {
    assert.deepEqual(
      assigned
        .get(id)!
        .map((task) => task[0])
        .sort(),
      ['0', '0', '1', '1'],
    )
  }
})
