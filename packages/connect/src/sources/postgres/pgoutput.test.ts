import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PgoutputReader } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'

// What a PostgreSQL server sent; see the file for its version.
const { messages } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/pgoutput.json', import.meta.url), 'utf8'),
) as { messages: string[] }

function values(relation: Relation, row: RowView | undefined): unknown {
  if (!row) return undefined
  return relation.columns.map((_, i) => {
    if (row.isUnchanged(i)) return 'unchanged'
    if (row.isNull(i)) return null
    assert.equal(row.bytes(i).toString(), row.text(i))
    return row.text(i).length > 100 ? `${row.text(i).length} chars` : row.text(i)
  })
}

function readAll(): { rows: unknown[]; transactions: { commitLsn: bigint; endLsn: bigint }[]; times: number[] } {
  const rows: unknown[] = []
  const transactions: { commitLsn: bigint; endLsn: bigint }[] = []
  const times: number[] = []
  let begun = 0n
  const reader = new PgoutputReader({
    begin: ({ commitLsn, commitTimeMs, xid }) => {
      begun = commitLsn
      times.push(commitTimeMs)
      assert.ok(xid > 0)
    },
    commit: ({ commitLsn, endLsn }) => {
      assert.equal(commitLsn, begun)
      transactions.push({ commitLsn, endLsn })
    },
    row: ({ operation, relation, row, old, oldIsKey }) =>
      rows.push([operation, relation.name, values(relation, old), values(relation, row), oldIsKey]),
    truncate: (relations) => rows.push(['truncate', ...relations.map(({ name }) => name)]),
    message: ({ prefix, content }) => rows.push(['message', prefix, content.toString()]),
  })
  for (const message of messages) reader.read(Buffer.from(message, 'hex'))
  return { rows, transactions, times }
}

test('reads what a server sent, with keys, full old rows and values that were not logged', () => {
  const { rows } = readAll()
  assert.deepEqual(rows, [
    ['insert', 'account', undefined, ['1', 'Zoë "q"', 't', null], false],
    ['insert', 'account', undefined, ['2', null, 'f', '9000 chars'], false],
    ['update', 'account', undefined, ['2', 'b', 'f', 'unchanged'], false],
    ['update', 'account', ['1', null, null, null], ['3', 'Zoë "q"', 't', null], true],
    ['delete', 'account', ['3', null, null, null], undefined, true],
    ['insert', 'audit', undefined, ['7', '-5', '2026-01-31 10:00:00.25+00'], false],
    ['update', 'audit', ['7', '-5', '2026-01-31 10:00:00.25+00'], ['7', '6', '2026-01-31 10:00:00.25+00'], false],
    ['delete', 'audit', ['7', '6', '2026-01-31 10:00:00.25+00'], undefined, false],
    ['truncate', 'account', 'audit'],
  ])
})

test('transactions end where or before the next commit record begins', () => {
  const { transactions, times } = readAll()
  assert.equal(transactions.length, 8)
  transactions.forEach(({ commitLsn, endLsn }, i) => {
    assert.ok(endLsn > commitLsn)
    const next = transactions[i + 1]
    if (next) assert.ok(next.commitLsn >= endLsn)
  })
  for (const time of times) assert.ok(time > Date.UTC(2026, 0) && time < Date.UTC(2030, 0))
})

test('a message that ends early is refused rather than read as something else', () => {
  const insert = messages.find((message) => message.startsWith('49'))!
  const relation = messages.find((message) => message.startsWith('52'))!
  const handler = { begin() {}, commit() {}, row() {}, truncate() {}, message() {} }
  for (let bytes = 1; bytes < insert.length / 2; bytes++) {
    const reader = new PgoutputReader(handler)
    reader.read(Buffer.from(relation, 'hex'))
    const cut = Buffer.from(insert, 'hex').subarray(0, bytes)
    assert.throws(() => reader.read(cut), { code: 'POSTGRES_STREAM_INVALID' }, `${bytes} bytes`)
  }
})

test('a change of an undescribed table and an unknown message type are refused', () => {
  const reader = new PgoutputReader({ begin() {}, commit() {}, row() {}, truncate() {}, message() {} })
  const insert = messages.find((message) => message.startsWith('49'))!
  assert.throws(() => reader.read(Buffer.from(insert, 'hex')), { code: 'POSTGRES_STREAM_INVALID' })
  assert.throws(() => reader.read(Buffer.from('S')), { code: 'POSTGRES_STREAM_INVALID' })
})

test('a logical message is read with its prefix, place and content', () => {
  const seen: unknown[] = []
  const reader = new PgoutputReader({
    begin() {},
    commit() {},
    row() {},
    truncate() {},
    message: ({ isTransactional, lsn, prefix, content }) =>
      seen.push([isTransactional, lsn, prefix, content.toString()]),
  })
  // Message, flags, LSN, prefix, length, content, as in "Logical Replication Message Formats" of PostgreSQL's manual.
  const body = Buffer.from('4d 01 0000000001a2b3c4 6f7574626f7800 00000002 6869'.replaceAll(' ', ''), 'hex')
  reader.read(body)
  assert.deepEqual(seen, [[true, 0x1a2b3c4n, 'outbox', 'hi']])
  assert.throws(() => reader.read(body.subarray(0, body.length - 1)), { code: 'POSTGRES_STREAM_INVALID' })
})
