import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import type { Consumer, KafkaClient } from '@millrace/kafka'
import { resolveConfig } from './config.ts'
import { Transactor } from './transactor.ts'

const sessionMs = 10_000

/** A member whose last heartbeat was answered at 0, and a broker that has not answered since. */
async function cutOff() {
  const clock = new VirtualClock()
  const seen = { sent: 0, committed: 0, closed: [] as unknown[] }
  const producer = {
    sendBatch() {
      seen.sent++
      return new Promise(() => undefined)
    },
    async close(options: unknown) {
      seen.closed.push(options)
    },
  }
  const consumer = {
    heldUntilMs: () => sessionMs,
    async commit() {
      seen.committed++
    },
  }
  const transactor = new Transactor({
    client: { producer: () => producer } as unknown as KafkaClient,
    consumer: consumer as unknown as Consumer,
    config: resolveConfig({ processingGuarantee: 'at_least_once' }),
    clock,
    applicationId: 'app',
    transactionalId: 'app-one',
    partitionsOf: () => 1,
  })
  await transactor.open()
  const write = (): void => transactor.output.produce('out', 0, 0, null, Buffer.from('row'), [])
  return { clock, seen, transactor, write }
}

const membershipLost = { code: 'STREAMS_MEMBERSHIP_LOST' }

test('at least once, what is on its way when the session is over is given up', async () => {
  const { clock, seen, transactor, write } = await cutOff()
  write()
  const outcome = assert.rejects(transactor.commit([{ topic: 'in', partition: 0, offset: 1 }]), membershipLost)
  clock.advance(sessionMs)
  await outcome
  assert.deepEqual([seen.sent, seen.committed], [1, 0])
  transactor.reset()
  assert.deepEqual(seen.closed, [{ flush: false }])
})

test('at least once, a process that was stopped for longer than its session sends nothing when it goes on', async () => {
  const { clock, seen, transactor, write } = await cutOff()
  write()
  assert.equal(transactor.linger(clock.now()), 100)
  clock.advance(sessionMs + 1)
  assert.equal(transactor.linger(clock.now()), undefined)
  await transactor.collector.settle()
  assert.throws(() => transactor.linger(clock.now()), membershipLost)
  assert.equal(seen.sent, 0)
})
