import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Relation, TextRow } from '../row.ts'
import { ChunkWindow } from './chunk-window.ts'
import { RecentTransactions } from './recent-transactions.ts'

const columns = ['a', 'b', 'text'].map((name) => ({ name, typeOid: 25, isKey: name !== 'text' }))
const relation: Relation = { oid: 7, schema: 'public', name: 't', replicaIdentity: 'd', columns }
const row = (...values: (string | null)[]): TextRow => new TextRow().load(values)

/** Rows 1/x, 2/x and 2/y, seen when transactions below 100 had ended. */
function window(): ChunkWindow {
  const rows = [
    ['1', 'x', 'old'],
    ['2', 'x', 'old'],
    ['2', 'y', 'old'],
  ]
  return new ChunkWindow({ relation, key: ['a', 'b'], rows, isVisible: (xid) => xid < 100 })
}

const keysOf = (of: ChunkWindow): string[] => [...of.rows].map(([a, b]) => `${a}/${b}`)

test('a row that was changed after the snapshot is left out, by its old and its new key', () => {
  const changed = window()
  changed.changed(relation, 100, row('2', 'x', 'new'), undefined)
  assert.deepEqual(keysOf(changed), ['1/x', '2/y'])
  changed.changed(relation, 101, row('3', 'x', 'new'), row('1', 'x', null))
  changed.changed(relation, 102, undefined, row('2', 'y', null))
  assert.deepEqual(keysOf(changed), [])
})

test('a change that the snapshot saw, and one of another table, leave the rows alone', () => {
  const same = window()
  same.changed(relation, 99, row('2', 'x', 'new'), undefined)
  same.changed({ ...relation, oid: 8 }, 100, row('2', 'x', 'new'), undefined)
  same.truncated(relation, 99)
  assert.equal(keysOf(same).length, 3)
  same.truncated(relation, 100)
  assert.equal(keysOf(same).length, 0)
})

test('key columns are found by name in a table that was altered, and missed ones make the rows be read again', () => {
  const altered = { ...relation, columns: [columns[2]!, columns[1]!, columns[0]!] }
  const moved = window()
  moved.changed(altered, 100, row('new', 'x', '1'), undefined)
  assert.deepEqual(keysOf(moved), ['2/x', '2/y'])
  assert.equal(moved.isSpoiled, false)
  moved.changed({ ...relation, columns: columns.slice(1) }, 100, row('x', 'new'), undefined)
  assert.equal(moved.isSpoiled, true)
})

test('a snapshot that does not see what was published already is refused, until it does', () => {
  const recent = new RecentTransactions()
  recent.add(5)
  recent.add(9)
  assert.equal(
    recent.areVisible((xid) => xid < 9),
    false,
  )
  recent.add(8)
  assert.equal(
    recent.areVisible((xid) => xid < 10),
    true,
  )
})
