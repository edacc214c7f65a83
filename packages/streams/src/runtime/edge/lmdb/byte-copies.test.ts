import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteCopies } from './byte-copies.ts'

test('copies stay as they are, in few pieces of memory, whatever becomes of what was copied', () => {
  const copies = new ByteCopies()
  const source = Buffer.alloc(100_000)
  const made = Array.from({ length: 3_000 }, (_, index) => {
    const length = index % 1_000 === 999 ? source.length : index % 60
    source.fill(index % 251, 0, length)
    return { copy: copies.of(source.subarray(0, length)), length, byte: index % 251 }
  })
  for (const { copy, length, byte } of made) {
    assert.equal(copy.length, length)
    assert.ok(copy.every((found) => found === byte))
  }
  assert.ok(new Set(made.map(({ copy }) => copy.buffer)).size < 12)
})
