import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, publishedRows } from './position-ranges.ts'

const rows = [3, 4, 5, 9, 11, 12].map((position) => ({ position, id: `e${position}` }))

test('positions without gaps are one range', () => {
  assert.deepEqual(publishedRows(rows).ranges, [
    [3, 5],
    [9, 9],
    [11, 12],
  ])
  assert.deepEqual(publishedRows([]).ranges, [])
})

test('the digest tells rows from others in the same places, and from fewer of them', () => {
  const { digest } = publishedRows(rows)
  assert.equal(digestOf(rows.map((row) => ({ ...row }))), digest)
  assert.notEqual(digestOf(rows.slice(1)), digest)
  assert.notEqual(digestOf(rows.map((row) => (row.position === 9 ? { ...row, id: 'other' } : row))), digest)
})
