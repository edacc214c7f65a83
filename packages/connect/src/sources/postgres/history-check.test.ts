import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HistoryCheck } from './history-check.ts'

interface Sent {
  readonly commitLsn: bigint
  readonly endLsn: bigint
  readonly xid: number
  readonly rows: number
}

/** Shows what the server sends from 100 on to the check of a position at 300; `undefined` when the check finds no fault. */
function verdict(
  sent: readonly Sent[],
  start: { index?: number; mark?: bigint; xid?: number } = {},
): string | undefined {
  const { index = 0, mark = 210n, xid = 7 } = start
  const check = HistoryCheck.begin('orders', { lsn: 300n, index, history: { xid, lsn: mark, at: 300n } }, 100n)!
  try {
    for (const transaction of sent) {
      check.begin(transaction)
      for (let row = 0; row < transaction.rows; row++) check.row()
      check.commit(transaction)
    }
    assert.ok(sent.some(({ commitLsn }) => commitLsn >= 300n) !== check.isDue)
    check.idle(400n)
    assert.equal(check.isDue, false)
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

const last: Sent = { commitLsn: 200n, endLsn: 210n, xid: 7, rows: 2 }
const next: Sent = { commitLsn: 300n, endLsn: 310n, xid: 9, rows: 1 }
const other = 'POSTGRES_OTHER_SERVER'

test('the same history is found again, whatever was published before its last transaction', () => {
  const before: Sent = { commitLsn: 150n, endLsn: 160n, xid: 5, rows: 1 }
  assert.equal(verdict([before, last, next]), undefined)
  assert.equal(verdict([last]), undefined)
  assert.equal(verdict([last, { commitLsn: 250n, endLsn: 260n, xid: 8, rows: 0 }, next]), undefined)
  // The slot has confirmed that transaction.
  assert.equal(verdict([next], { mark: 90n }), undefined)
})

test('another history is refused at the first sight of it', () => {
  assert.equal(verdict([{ ...last, xid: 6 }]), other)
  assert.equal(verdict([next]), other)
  assert.equal(verdict([]), other)
  assert.equal(verdict([last, { commitLsn: 250n, endLsn: 260n, xid: 8, rows: 1 }]), other)
  assert.equal(verdict([{ commitLsn: 250n, endLsn: 260n, xid: 8, rows: 1 }], { mark: 90n }), other)
})

test('a position within a transaction: that one has to come at its place', () => {
  const within = { index: 1, mark: 300n, xid: 9 }
  assert.equal(verdict([last, next], within), undefined)
  assert.equal(verdict([last, { ...next, xid: 8 }], within), other)
  assert.equal(verdict([{ ...next, commitLsn: 301n }], within), other)
  assert.equal(verdict([last], within), other)
})

test('nothing is compared with a position that was altered, or that the slot has confirmed', () => {
  const history = { xid: 7, lsn: 210n, at: 300n }
  assert.equal(HistoryCheck.begin('orders', { lsn: 300n, index: 0, history }, 300n), undefined)
  assert.equal(HistoryCheck.begin('orders', { lsn: 290n, index: 0, history }, 100n), undefined)
  assert.equal(HistoryCheck.begin('orders', { lsn: 300n, index: 0 }, 100n), undefined)
})
