import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TransactionEvent, type TransactionState, transactionTable } from './transaction-state.ts'

const states = Object.keys(transactionTable) as TransactionState[]
const events = Object.keys(transactionTable.ready) as TransactionEvent[]

test('every state is reached from the first one', () => {
  const reached = new Set<TransactionState>(['uninitialised'])
  for (const state of reached) {
    for (const event of events) {
      const next = transactionTable[state][event]
      if (next !== null) reached.add(next)
    }
  }
  assert.deepEqual([...reached].sort(), [...states].sort())
})

test('only fatal is never left', () => {
  for (const state of states) {
    const leaves = events.some((event) => ![null, state].includes(transactionTable[state][event]))
    assert.equal(leaves, state !== 'fatal', state)
  }
})

test('a fatal error is fatal in every state', () => {
  for (const state of states) assert.equal(transactionTable[state].fatalError, 'fatal')
})

test('a commit whose outcome is open can only be repeated', () => {
  assert.equal(transactionTable.committing.commit, 'committing')
  assert.equal(transactionTable.committing.abort, null)
  assert.equal(transactionTable.committing.begin, null)
})

test('records are taken in an open transaction only', () => {
  assert.deepEqual(
    states.filter((state) => transactionTable[state].write !== null),
    ['open'],
  )
})

test('after a lost write the only way on is to abort', () => {
  const ways = events.filter((event) => transactionTable.abortable[event] !== null)
  assert.deepEqual(ways.sort(), ['abort', 'abortableError', 'fatalError'])
})
