import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '@millrace/protocol'
import { maxEpoch, noPartitions, type Transaction, withPartitions } from './transaction.ts'
import { decodeTransaction, encodeTransaction } from './transaction-records.ts'
import { complete, decideAdd, decideEnd, decideInit, fence, newTransaction } from './transaction-rules.ts'
import { type TransactionState, transactionStates, transactionTable } from './transaction-state.ts'

const orders = { topic: 'order', partition: 0 }
const nowMs = 1_000

function inState(state: TransactionState, fields: Partial<Transaction> = {}): Transaction {
  const open = state === 'Ongoing' || state === 'PrepareCommit' || state === 'PrepareAbort'
  return {
    ...newTransaction('shop', 7),
    producerEpoch: 3,
    timeoutMs: 60_000,
    state,
    partitions: open ? withPartitions(noPartitions, [orders]) : noPartitions,
    clientVersion: 2,
    ...fields,
  }
}

const owner = { producerId: 7, producerEpoch: 3 }
let nextId = 100
const allocateProducerId = (): number => nextId++

function end(
  current: Transaction,
  commit: boolean,
  clientVersion: number,
  producer = owner,
): ReturnType<typeof decideEnd> {
  return decideEnd(current, { producer, commit, clientVersion, nowMs, allocateProducerId })
}

function init(current: Transaction, expected?: typeof owner): ReturnType<typeof decideInit> {
  return decideInit(current, { timeoutMs: 5_000, expected, nowMs, allocateProducerId })
}

function outcome(decision: ReturnType<typeof decideEnd | typeof decideInit>): string | number {
  if (decision.kind === 'next') return decision.next.state
  return decision.kind === 'error' ? decision.code : decision.kind
}

const { CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE, PRODUCER_FENCED, INVALID_PRODUCER_ID_MAPPING } = ErrorCode
const columns = ['init', 'add', 'commit1', 'abort1', 'commit2', 'abort2', 'commit2Again', 'abort2Again'] as const

const expected: Record<Exclude<TransactionState, 'Dead'>, readonly (string | number)[]> = {
  Empty: [
    'Empty',
    'Ongoing',
    INVALID_TXN_STATE,
    INVALID_TXN_STATE,
    INVALID_TXN_STATE,
    'PrepareAbort',
    PRODUCER_FENCED,
    PRODUCER_FENCED,
  ],
  Ongoing: [
    'abortFirst',
    'Ongoing',
    'PrepareCommit',
    'PrepareAbort',
    'PrepareCommit',
    'PrepareAbort',
    PRODUCER_FENCED,
    PRODUCER_FENCED,
  ],
  PrepareCommit: [
    CONCURRENT_TRANSACTIONS,
    CONCURRENT_TRANSACTIONS,
    CONCURRENT_TRANSACTIONS,
    INVALID_TXN_STATE,
    PRODUCER_FENCED,
    PRODUCER_FENCED,
    CONCURRENT_TRANSACTIONS,
    INVALID_TXN_STATE,
  ],
  PrepareAbort: [
    CONCURRENT_TRANSACTIONS,
    CONCURRENT_TRANSACTIONS,
    INVALID_TXN_STATE,
    CONCURRENT_TRANSACTIONS,
    PRODUCER_FENCED,
    PRODUCER_FENCED,
    INVALID_TXN_STATE,
    CONCURRENT_TRANSACTIONS,
  ],
  CompleteCommit: [
    'Empty',
    'Ongoing',
    'unchanged',
    INVALID_TXN_STATE,
    INVALID_TXN_STATE,
    'PrepareAbort',
    'unchanged',
    INVALID_TXN_STATE,
  ],
  CompleteAbort: [
    'Empty',
    'Ongoing',
    INVALID_TXN_STATE,
    'unchanged',
    INVALID_TXN_STATE,
    'PrepareAbort',
    INVALID_TXN_STATE,
    'unchanged',
  ],
}

for (const [state, row] of Object.entries(expected) as [TransactionState, readonly (string | number)[]][]) {
  for (const [column, event] of columns.entries()) {
    test(`${event} in ${state}`, () => {
      const current = inState(state)
      const previousEpoch = { producerId: 7, producerEpoch: 2 }
      const results: Record<(typeof columns)[number], () => string | number> = {
        init: () => outcome(init(current)),
        add: () =>
          outcome(
            decideAdd(current, {
              producer: owner,
              partitions: [{ topic: 'order', partition: 1 }],
              clientVersion: 2,
              nowMs,
            }),
          ),
        commit1: () => outcome(end(current, true, 0)),
        abort1: () => outcome(end(current, false, 0)),
        commit2: () => outcome(end(current, true, 2)),
        abort2: () => outcome(end(current, false, 2)),
        commit2Again: () => outcome(end(current, true, 2, previousEpoch)),
        abort2Again: () => outcome(end(current, false, 2, previousEpoch)),
      }
      assert.equal(results[event](), row[column])
    })
  }
}

test('every state and event has its place in the table, and only prepared transactions get markers', () => {
  for (const state of Object.keys(transactionStates) as TransactionState[]) {
    const { markersWritten } = transactionTable[state]
    assert.equal(markersWritten !== 'never', state === 'PrepareCommit' || state === 'PrepareAbort')
  }
})

test('a stranger is told so, a former owner that it is fenced', () => {
  const current = inState('Ongoing')
  assert.equal(outcome(end(current, true, 2, { producerId: 8, producerEpoch: 3 })), INVALID_PRODUCER_ID_MAPPING)
  assert.equal(outcome(end(current, true, 0, { producerId: 7, producerEpoch: 2 })), PRODUCER_FENCED)
})

test('an end by the older protocol is not taken for the end of a fenced producer of the newer', () => {
  const current = inState('CompleteAbort', { clientVersion: 0 })
  assert.equal(outcome(end(current, false, 2, { producerId: 7, producerEpoch: 2 })), PRODUCER_FENCED)
})

test('a producer that asks for a new epoch again, because the answer was lost, gets the same', () => {
  const first = init(inState('Empty'), owner)
  assert.ok(first.kind === 'next')
  assert.equal(first.next.producerEpoch, 4)
  const again = init(first.next, owner)
  assert.ok(again.kind === 'next')
  assert.equal(again.next.producerEpoch, 4)
  const other = init(first.next, { producerId: 7, producerEpoch: 1 })
  assert.equal(outcome(other), PRODUCER_FENCED)
})

test('when the epochs of an id are used up, the next start gets a new id', () => {
  const decision = init(inState('Empty', { producerEpoch: maxEpoch - 1 }))
  assert.ok(decision.kind === 'next')
  assert.equal(decision.next.producerEpoch, 0)
  assert.equal(decision.next.previousProducerId, 7)
  assert.ok(decision.next.producerId >= 100)
})

test('when the epochs are used up at the end of a transaction, the id changes with its completion', () => {
  const lastEpoch = { producerId: 7, producerEpoch: maxEpoch - 1 }
  const decision = end(inState('Ongoing', lastEpoch), true, 2, lastEpoch)
  assert.ok(decision.kind === 'next')
  assert.equal(decision.next.producerEpoch, maxEpoch)
  assert.equal(decision.next.producerId, 7)
  const completed = complete(decision.next, nowMs)
  assert.equal(completed.producerId, decision.next.nextProducerId)
  assert.deepEqual([completed.producerEpoch, completed.previousProducerId, completed.nextProducerId], [0, 7, -1])
  assert.equal(outcome(end(completed, true, 2, lastEpoch)), 'unchanged')
})

test('no epoch lies beyond the last', () => {
  const fenced = fence(inState('Ongoing', { producerEpoch: maxEpoch }), nowMs)
  assert.equal(fenced.producerEpoch, maxEpoch)
})

test('a transaction is the same after it was written and read', () => {
  const current = inState('PrepareCommit', {
    partitions: withPartitions(noPartitions, [
      orders,
      { topic: 'order', partition: 2 },
      { topic: 'audit', partition: 0 },
    ]),
    previousProducerId: 4,
    nextProducerId: 9,
    startMs: 500,
    updatedMs: 900,
  })
  assert.deepEqual(decodeTransaction('shop', encodeTransaction(current)), current)
})
