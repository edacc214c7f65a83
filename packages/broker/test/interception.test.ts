import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode, type ProduceRequest } from '@millrace/protocol'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { beginProduce, fetchNow, produce } from './support/requests.ts'

const key = apis.Produce.key

test('a delayed request waits, and what follows on the connection waits behind it', () => {
  const { core, client, clock } = testCore()
  createTopic(client, 'order')
  const remove = core.intercept(key, () => ({ kind: 'delay', delayMs: 100 }))
  const first = beginProduce(client, 'order', batch([{ value: 'a' }]))
  remove()
  const second = beginProduce(client, 'order', batch([{ value: 'b' }]))
  assert.deepEqual([first.body, second.body], [undefined, undefined])
  clock.advance(100)
  assert.equal(first.body!.responses[0]!.partitionResponses[0]!.baseOffset, 0)
  assert.equal(second.body!.responses[0]!.partitionResponses[0]!.baseOffset, 1)
})

test('a request can be answered without being handled', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  const partitionResponses = [{ index: 0, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }]
  core.intercept(key, () => ({ kind: 'respond', body: { responses: [{ name: 'order', partitionResponses }] } }))
  assert.equal(produce(client, 'order', batch([{ value: 'a' }])).errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 0)
})

test('a request can be rewritten', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  createTopic(client, 'other')
  core.intercept(key, ({ body }) => {
    const request = body as ProduceRequest
    return { kind: 'rewrite', body: { ...request, topicData: [{ ...request.topicData[0]!, name: 'other' }] } }
  })
  produce(client, 'order', batch([{ value: 'a' }]))
  assert.equal(fetchNow(client, 'other', 0).highWatermark, 1)
})

test('a dropped request is not handled, a lost reply is of one that was', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  for (const [kind, highWatermark] of [
    ['drop', 0],
    ['loseReply', 1],
  ] as const) {
    core.intercept(key, () => ({ kind }))
    const victim = new CoreClient(core, '127.0.0.1')
    assert.equal(beginProduce(victim, 'order', batch([{ value: 'a' }])).body, undefined)
    assert.equal(fetchNow(client, 'order', 0).highWatermark, highWatermark)
    assert.throws(() => beginProduce(victim, 'order', batch([{ value: 'a' }])), { code: 'BROKER_CLOSED' })
  }
})

test('a hook may take its time to decide', async () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  core.intercept(key, async () => undefined)
  const producing = beginProduce(client, 'order', batch([{ value: 'a' }]))
  assert.equal(producing.body, undefined)
  await Promise.resolve()
  await Promise.resolve()
  assert.equal(producing.body!.responses[0]!.partitionResponses[0]!.baseOffset, 0)
})
