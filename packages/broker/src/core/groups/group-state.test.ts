import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClassicGroup } from './classic-group.ts'
import { newMember } from './group-member.ts'
import { type GroupEvent, type GroupState, groupAnswers, groupTransitions } from './group-state.ts'

const states = Object.keys(groupTransitions) as GroupState[]

/** Kafka's table of the states a group may come from. */
const previous: Record<GroupState, readonly GroupState[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty'],
}

for (const to of states) {
  test(`a group comes to ${to} from ${previous[to].join(', ')} only`, () => {
    const from = states.filter((state) => Object.values(groupTransitions[state]).includes(to))
    assert.deepEqual(from, previous[to])
  })
}

test('an event that cannot happen is a mistake and says so', () => {
  const group = new ClassicGroup('readers', 0)
  assert.throws(() => group.transition('assigned', 0), /assigned in state Empty/)
})

test('where members cannot be, their requests are refused', () => {
  for (const state of ['Empty', 'Dead'] as const) {
    const { rejoin, replaceStatic, sync, memberGone } = groupAnswers[state]
    assert.deepEqual([rejoin, replaceStatic, sync, memberGone], ['refuse', 'refuse', 'refuse', 'nothing'])
  }
})

test('every event leads out of some state', () => {
  const events: GroupEvent[] = ['rebalance', 'generation', 'emptyGeneration', 'assigned', 'delete']
  for (const event of events) assert.ok(states.some((state) => groupTransitions[state][event] !== undefined))
})

test('the protocol with the most votes wins, in a tie that of the member that came first', () => {
  const group = new ClassicGroup('readers', 0)
  const add = (memberId: string, names: readonly string[]): void => {
    const protocols = names.map((name) => ({ name, metadata: Buffer.alloc(0) }))
    const settings = { clientId: '', clientHost: '', sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, protocols }
    group.add(newMember(memberId, null, settings))
  }
  add('a', ['sticky', 'range'])
  add('b', ['range', 'sticky'])
  assert.equal(group.selectProtocol(), 'sticky')
  add('c', ['range', 'sticky'])
  assert.equal(group.selectProtocol(), 'range')
  assert.equal(group.supports('consumer', [{ name: 'other', metadata: Buffer.alloc(0) }]), false)
})
