import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GroupEvent, type GroupState, groupTable } from './group-state.ts'

const states = Object.keys(groupTable) as GroupState[]
const events = Object.keys(groupTable.unjoined) as GroupEvent[]

test('every state is reached from the first one', () => {
  const reached = new Set<GroupState>(['unjoined'])
  for (const state of reached) {
    for (const event of events) {
      const next = groupTable[state][event]
      if (next !== null) reached.add(next)
    }
  }
  assert.deepEqual([...reached].sort(), [...states].sort())
})

test('a member joins only from unjoined: what is lost must be given up first', () => {
  assert.deepEqual(
    states.filter((state) => groupTable[state].join !== null),
    ['unjoined'],
  )
})

test('nothing brings a member back that has left', () => {
  for (const event of events) assert.ok(['left', null].includes(groupTable.left[event]))
})
