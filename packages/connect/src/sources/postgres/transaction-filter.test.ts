import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePosition, encodePosition, type PostgresPosition } from './position.ts'
import { TransactionFilter } from './transaction-filter.ts'

interface Transaction {
  readonly commitLsn: bigint
  readonly endLsn: bigint
  readonly xid: number
  readonly events: number
}

// The second commit record begins exactly where the first transaction ends: nothing else was written in between.
const log: Transaction[] = [
  { commitLsn: 100n, endLsn: 110n, xid: 1, events: 3 },
  { commitLsn: 110n, endLsn: 120n, xid: 2, events: 1 },
  { commitLsn: 150n, endLsn: 160n, xid: 4, events: 4 },
  { commitLsn: 170n, endLsn: 180n, xid: 3, events: 2 },
]

const start = (lsn: bigint, index = 0): PostgresPosition => ({ lsn, index, systemId: '7' })

/** What the filter lets through when the server sends everything from `position` on, and each position after it. */
function replay(position: PostgresPosition): { published: string[]; positions: PostgresPosition[] } {
  const filter = new TransactionFilter(position)
  const published: string[] = []
  const positions: PostgresPosition[] = []
  // The server leaves out transactions whose commit record lies before what it was asked for.
  for (const transaction of log.filter(({ commitLsn }) => commitLsn >= position.lsn)) {
    filter.begin({ ...transaction, commitTimeMs: 0 })
    for (let event = 0; event < transaction.events; event++) {
      const index = filter.event()
      if (index < 0) continue
      assert.equal(index, event)
      published.push(`${transaction.xid}.${event}`)
      positions.push(filter.position())
    }
    filter.commit(transaction)
    positions.push(filter.position())
  }
  return { published, positions }
}

test('a restart at any position goes on exactly behind it', () => {
  const { published, positions } = replay(start(0n))
  assert.equal(published.length, 10)
  for (const position of positions) {
    const stored = decodePosition(JSON.parse(JSON.stringify(encodePosition(position))), 'orders')
    assert.deepEqual(stored, position)
    const done = published.filter((_, i) => positions.filter((p) => p.index > 0).indexOf(position) >= i)
    const rest = replay(stored).published
    if (position.index > 0) assert.deepEqual([...done, ...rest], published)
    else assert.deepEqual(published.slice(published.length - rest.length), rest)
  }
})

test('a transaction whose commit record begins where the last one ended is not skipped', () => {
  assert.deepEqual(replay(start(110n)).published.slice(0, 1), ['2.0'])
})

test('events of a transaction that was published in part are counted, not compared', () => {
  assert.deepEqual(replay(start(150n, 3)).published, ['4.3', '3.0', '3.1'])
})

test('an idle position never moves back and never into a transaction', () => {
  const filter = new TransactionFilter(start(100n, 2))
  filter.idle(90n)
  assert.deepEqual(filter.position(), start(100n, 2))
  filter.begin({ commitLsn: 100n, commitTimeMs: 0, xid: 1 })
  filter.idle(200n)
  assert.deepEqual(filter.position(), start(100n, 2))
  filter.commit({ endLsn: 110n })
  filter.idle(200n)
  assert.deepEqual(filter.position(), { ...start(200n), lastCommitLsn: 110n })
})

test('where the last transaction ended is known after a restart, between transactions and within one', () => {
  const filter = new TransactionFilter(start(100n))
  filter.begin({ commitLsn: 100n, commitTimeMs: 0, xid: 1 })
  filter.commit({ endLsn: 110n })
  filter.idle(140n)
  const restarted = new TransactionFilter(
    decodePosition(JSON.parse(JSON.stringify(encodePosition(filter.position()))), 'orders'),
  )
  assert.equal(restarted.lastCommitLsn, 110n)
  restarted.begin({ commitLsn: 150n, commitTimeMs: 0, xid: 4 })
  restarted.event()
  assert.equal(new TransactionFilter(restarted.position()).lastCommitLsn, 110n)
})

test('transactions that the snapshot saw are left out until its end is passed, and ids are reused after that', () => {
  const handover = { seen: { snapshot: '2:5:3' }, untilLsn: 175n }
  const { published, positions } = replay({ ...start(0n), handover })
  // Seen: 1 (before all running ones), 2 and 4 (ended). Not seen: 3, which was running.
  assert.deepEqual(published, ['3.0', '3.1'])
  assert.deepEqual(positions.at(-2)?.handover, handover)
  assert.equal(positions.at(-1)?.handover, undefined)
  const late = new TransactionFilter({ ...start(0n), handover })
  late.begin({ commitLsn: 175n, commitTimeMs: 0, xid: 1 })
  assert.equal(late.event(), 0)
})

test('rows that the snapshot published are named until its end is passed', () => {
  const filter = new TransactionFilter({ ...start(0n), handover: { seen: { ids: ['a'] }, untilLsn: 175n } })
  filter.begin({ commitLsn: 100n, commitTimeMs: 0, xid: 1 })
  assert.equal(filter.event(), 0)
  assert.ok(filter.seenIds?.has('a'))
  filter.commit({ endLsn: 180n })
  assert.equal(filter.seenIds, undefined)
})

test('positions of another format version and broken ones are refused', () => {
  const good = encodePosition(start(5n))
  for (const broken of [{ ...good, version: 2 }, { ...good, lsn: 'x' }, { ...good, index: -1 }, { version: 1 }]) {
    assert.throws(() => decodePosition(broken, 'orders'), { code: 'CONNECT_POSITION_INVALID' })
  }
})

test('a message outside of transactions comes once, the one that ends where the position stands included', () => {
  const filter = new TransactionFilter(start(100n))
  assert.equal(filter.message(100n), false)
  assert.equal(filter.message(105n), true)
  assert.deepEqual(filter.position(), start(105n))
  assert.equal(new TransactionFilter(filter.position()).message(105n), false)
})
