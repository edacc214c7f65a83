import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { memoryTransport } from './memory-transport.ts'

const target = { host: 'h', port: 1 }

test('replies come in the order of the requests, whichever is ready first', async () => {
  const answers: ((response: Buffer) => void)[] = []
  const transport = memoryTransport(() => ({
    handle: () => new Promise((resolve) => answers.push(resolve)),
    close() {},
  }))
  const connection = await transport.connect(target, { clientId: 'c' })
  const order: string[] = []
  const all = ['a', 'b', 'c'].map(async (text) => {
    const reply = await connection.send(Buffer.from(text), { deadlineMs: 1_000 })
    order.push(`${text}${reply}`)
  })
  for (const index of [2, 0, 1]) answers[index]?.(Buffer.from(String(index)))
  await Promise.all(all)
  assert.deepEqual(order, ['a0', 'b1', 'c2'])
  connection.close()
})

test('a missed deadline ends the connection and every request on it', async () => {
  const clock = new VirtualClock()
  let closed = 0
  const handler = { handle: () => new Promise<never>(() => {}), close: () => void closed++ }
  const connection = await memoryTransport(() => handler, { clock }).connect(target, { clientId: 'c' })
  const long = connection.send(Buffer.alloc(1), { deadlineMs: 1_000 })
  const short = connection.send(Buffer.alloc(1), { deadlineMs: 100 })
  clock.advance(99)
  assert.equal(closed, 0)
  clock.advance(1)
  await assert.rejects(short, { code: 'KAFKA_TIMEOUT' })
  await assert.rejects(long, { code: 'KAFKA_TIMEOUT' })
  await connection.closed
  assert.equal(closed, 1)
  await assert.rejects(connection.send(Buffer.alloc(1), { deadlineMs: 1 }), { code: 'KAFKA_TIMEOUT' })
})

test('a handler that rejects is a lost connection; one that throws at connect cannot be reached', async () => {
  const lost = memoryTransport(() => ({ handle: () => Promise.reject(new Error('gone')), close() {} }))
  const connection = await lost.connect(target, { clientId: 'c' })
  await assert.rejects(connection.send(Buffer.alloc(1), { deadlineMs: 10 }), { code: 'KAFKA_DISCONNECTED' })
  const closed = memoryTransport(() => {
    throw new Error('refused')
  })
  await assert.rejects(closed.connect(target, { clientId: 'c' }), { code: 'KAFKA_CONNECT_FAILED' })
})
