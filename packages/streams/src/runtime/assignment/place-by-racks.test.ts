import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assignTasks } from './assign-tasks.ts'
import type { AssignmentConfig, AssignmentMember, AssignmentTask, GroupAssignment } from './group-model.ts'

const config: AssignmentConfig = {
  numStandbyReplicas: 0,
  acceptableRecoveryLag: 100,
  maxWarmupReplicas: 2,
  rackAwareAssignmentTags: [],
  rackAwareAssignmentStrategy: 'min_traffic',
}
const member = (
  memberId: string,
  rack: string | undefined,
  given: Partial<AssignmentMember> = {},
): AssignmentMember => ({
  memberId,
  process: memberId,
  owned: [],
  standby: [],
  generation: 1,
  lags: new Map(),
  tags: {},
  ...(rack !== undefined && { rack }),
  ...given,
})
const task = (name: string, ...racks: string[]): AssignmentTask => ({
  task: name,
  isStateful: true,
  inputRacks: [racks],
  changelogRacks: [racks],
})
const own = (assignment: GroupAssignment, memberId: string, what: 'active' | 'standby' = 'active'): string[] =>
  [...assignment.members.get(memberId)![what]].sort()

const crosswise = [task('0_0', 'y'), task('0_1', 'x'), task('0_2', 'y'), task('0_3', 'x')]

test('tasks go where their partitions are, everybody keeping as many as before', () => {
  const assignment = assignTasks({ tasks: crosswise, members: [member('a', 'x'), member('b', 'y')], config })
  assert.deepEqual(own(assignment, 'a'), ['0_1', '0_3'])
  assert.deepEqual(own(assignment, 'b'), ['0_0', '0_2'])
})

test('racks count for nothing without a strategy, or where one of them is not known', () => {
  const without = { ...config, rackAwareAssignmentStrategy: 'none' as const }
  const [a, b] = [member('a', 'x'), member('b', 'y')]
  const assertPlain = (tasks: readonly AssignmentTask[], members: readonly AssignmentMember[]): void =>
    assert.deepEqual(assignTasks({ tasks, members, config }), assignTasks({ tasks, members, config: without }))
  assertPlain(crosswise, [a, member('b', undefined)])
  assertPlain(crosswise, [a, b, member('b2', 'x', { process: 'b' })])
  assertPlain(
    crosswise.map((one, i) => (i === 0 ? { ...one, inputRacks: [[]] } : one)),
    [a, b],
  )
})

test('a task stays where it runs if its move costs more than the traffic that it saves', () => {
  const owned = [member('a', 'x', { owned: ['0_0', '0_2'] }), member('b', 'y', { owned: ['0_1', '0_3'] })]
  const dear = { ...config, rackAwareAssignmentNonOverlapCost: 11 }
  assert.deepEqual(own(assignTasks({ tasks: crosswise, members: owned, config: dear }), 'a'), ['0_0', '0_2'])
})

test('least traffic may put a sub-topology in one place, unless it is to stay spread', () => {
  const tasks = [task('0_0', 'x'), task('0_1', 'x'), task('1_0', 'y'), task('1_1', 'y')]
  const members = [member('a', 'x'), member('b', 'y')]
  assert.deepEqual(own(assignTasks({ tasks, members, config }), 'a'), ['0_0', '0_1'])
  const balanced = { ...config, rackAwareAssignmentStrategy: 'balance_subtopology' as const }
  const spread = own(assignTasks({ tasks, members, config: balanced }), 'a')
  assert.deepEqual(spread.map((name) => name[0]).sort(), ['0', '1'])
})

test('copies are exchanged for those whose changelogs are nearer', () => {
  const tasks = [
    { ...task('0_0', 'x'), changelogRacks: [['z']] },
    { ...task('0_1', 'x'), changelogRacks: [['y']] },
    { ...task('0_2', 'y'), changelogRacks: [['x']] },
    { ...task('0_3', 'z'), changelogRacks: [['x']] },
  ]
  const at = (memberId: string, rack: string, active: string, standby: string): AssignmentMember => {
    const lags = new Map([active, standby].map((name) => [name, 0]))
    return member(memberId, rack, { owned: [active], standby: [standby], lags })
  }
  const members = [
    at('a', 'x', '0_0', '0_2'),
    at('b', 'x', '0_1', '0_3'),
    at('c', 'y', '0_2', '0_0'),
    at('d', 'z', '0_3', '0_1'),
  ]
  const copies = (given: Partial<AssignmentConfig>): string[] => {
    const assignment = assignTasks({ tasks, members, config: { ...config, numStandbyReplicas: 1, ...given } })
    return ['a', 'b', 'c', 'd'].map((memberId) => own(assignment, memberId, 'standby').join())
  }
  assert.deepEqual(copies({}), ['0_2', '0_3', '0_1', '0_0'])
  assert.deepEqual(copies({ rackAwareAssignmentStrategy: 'none' }), ['0_2', '0_3', '0_0', '0_1'])
  // Tags say where copies may be.
  const zones = { a: 'k', b: 'k', c: 'l', d: 'm' } as const
  const tagged = members.map((one) => ({ ...one, tags: { zone: zones[one.memberId as 'a'] } }))
  const assignment = assignTasks({
    tasks,
    members: tagged,
    config: { ...config, numStandbyReplicas: 1, rackAwareAssignmentTags: ['zone'] },
  })
  assert.deepEqual(own(assignment, 'c', 'standby'), ['0_0'])
})

const racks = ['x', 'y', 'z']
const arbitraryGroup = fc
  .record({
    tasks: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 4 })), {
      minLength: 1,
      selector: ([s, p]) => `${s}_${p}`,
    }),
    on: fc.array(fc.subarray(racks, { minLength: 1 }), { minLength: 15, maxLength: 15 }),
    members: fc.array(fc.tuple(fc.constantFrom('p', 'q', 'r', 's'), fc.constantFrom(0, 50, 500)), {
      minLength: 1,
      maxLength: 6,
    }),
    strategy: fc.constantFrom('min_traffic' as const, 'balance_subtopology' as const),
    numStandbyReplicas: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ tasks, on, members, strategy, numStandbyReplicas }) => ({
    tasks: tasks.map(([s, p]) => task(`${s}_${p}`, ...on[s * 5 + p]!)),
    members: members.map(([process, lag], i) => {
      const rack = racks['pqrs'.indexOf(process) % 3]!
      return member(`m${i}`, rack, { process, lags: new Map([[`0_${i}`, lag]]) })
    }),
    config: { ...config, rackAwareAssignmentStrategy: strategy, numStandbyReplicas },
  }))

test('a group in racks comes to rest, evenly spread, with one copy of a task in a process', () => {
  fc.assert(
    fc.property(arbitraryGroup, ({ tasks, members, config }) => {
      let group = members
      let assignment = assignTasks({ tasks, members: group, config })
      const next = (): void => {
        group = group.map((before) => {
          const { active, standby, warmup } = assignment.members.get(before.memberId)!
          const lags = new Map([...standby, ...warmup].map((name) => [name, 50] as [string, number]))
          for (const name of active) lags.set(name, 0)
          return { ...before, owned: active, standby: [...standby, ...warmup], generation: before.generation + 1, lags }
        })
        assignment = assignTasks({ tasks, members: group, config })
      }
      for (let round = 0; assignment.needsProbing; round++) {
        assert.ok(round < tasks.length + 3, `not at rest after ${round} rounds`)
        next()
      }
      const loads = [...assignment.members.values()].map(({ active }) => active.length)
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `spread: ${loads.join(' ')}`)
      assert.equal(
        loads.reduce((sum, load) => sum + load, 0),
        tasks.length,
      )
      for (const { task: name } of tasks) {
        const processes = group.flatMap(({ memberId, process }) => {
          const { active, standby, warmup } = assignment.members.get(memberId)!
          return [...active, ...standby, ...warmup].includes(name) ? [process] : []
        })
        assert.equal(new Set(processes).size, processes.length, `${name} has two copies in one process`)
      }
      const before = assignment
      next()
      for (const { memberId } of group) assert.deepEqual(own(assignment, memberId), own(before, memberId))
    }),
    { seed: 1, numRuns: 300 },
  )
})
