import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encoder } from './values.ts'

test('times become what MariaDB reads, in UTC, whatever zone they were written in', () => {
  const encode = encoder('datetime(6)')
  assert.equal(encode('2024-02-29T12:00:00.000001Z'), '2024-02-29 12:00:00.000001')
  assert.equal(encode('2024-03-01T00:30:00.5+02:00'), '2024-02-29 22:30:00.5')
  assert.equal(encode('2024-02-29T23:00:00-0530'), '2024-03-01 04:30:00')
  assert.equal(encode('2024-02-29 12:00'), '2024-02-29 12:00')
  assert.equal(encode(new Date(0)), '1970-01-01 00:00:00.000')
  // For the server to refuse.
  assert.equal(encode('yesterday'), 'yesterday')
})

test('values take the form of their column', () => {
  assert.equal(encoder('bigint(20)')(9_007_199_254_740_993n), '9007199254740993')
  assert.equal(encoder('tinyint(1)')(true), '1')
  assert.equal(encoder('json')({ a: [1n], b: Uint8Array.of(1) }), '{"a":["1"],"b":"AQ=="}')
  assert.equal(encoder('json')('text'), '"text"')
  assert.equal(encoder('longtext')({ a: 1 }), '{"a":1}')
  assert.deepEqual(encoder('longblob')(Uint8Array.of(0, 255)), Buffer.from([0, 255]))
})

test('bits are bytes, and what is none is refused, since the server would take any text', () => {
  const encode = encoder('bit(12)')
  const values: [value: unknown, bytes: number[]][] = [
    ['101000000011', [0x0a, 0x03]],
    ['1', [1]],
    [true, [1]],
    [false, [0]],
    [2_563, [0x0a, 0x03]],
    [5n, [5]],
    [Uint8Array.of(7), [7]],
  ]
  for (const [value, bytes] of values) assert.deepEqual(encode(value), Buffer.from(bytes))
  for (const value of ['x', '', -1, 1.5, {}]) assert.throws(() => encode(value), TypeError)
})
