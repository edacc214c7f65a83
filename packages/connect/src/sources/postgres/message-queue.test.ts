import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageQueue } from './message-queue.ts'

test('keeps copies in order, however the sender reuses its buffer', () => {
  const queue = new MessageQueue()
  const reused = Buffer.alloc(300_000)
  const sizes = Array.from({ length: 20_000 }, (_, i) => (i === 777 ? 300_000 : (i * 37) % 200))
  let next = 0
  for (const [i, size] of sizes.entries()) {
    reused.fill(i % 251, 0, size)
    queue.push(reused.subarray(0, size), '0/0')
    if (i % 3 === 0) assert.equal(queue.shift()?.length, sizes[next++])
  }
  reused.fill(255)
  assert.equal(queue.length, sizes.length - next)
  assert.equal(
    queue.bytes,
    sizes.slice(next).reduce((sum, size) => sum + size, 0),
  )
  for (; next < sizes.length; next++) {
    const message = queue.shift()!
    assert.equal(message.length, sizes[next])
    assert.ok(message.every((byte) => byte === next % 251))
  }
  assert.equal(queue.shift(), undefined)
  assert.equal(queue.bytes, 0)
})
