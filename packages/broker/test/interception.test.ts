import assert from 'node:assert/strict'
import test from 'node:test'
import {
  apis,
  type CreateTopicsRequest,
  ErrorCode,
  encodeRequest,
  type ProduceRequest,
  ZERO_UUID,
} from '@millrace/protocol'
import { includesVersion } from '@millrace/protocol/internal'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { handlers } from '../src/core/handlers/index.ts'
import type { AnyHandler } from '../src/core/request.ts'
import { CoreClient, createTopic, type Pending, testCore } from './support/core-client.ts'
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

test('what a hook may not return ends the connection with a TypeError that names the kinds', async () => {
  const { core } = testCore()
  const kinds = /kind is rewrite, respond, drop, loseReply, delay, not an object with kind dorp$/
  const { api, versions } = handlers.find((one) => one.api.key === key)!
  const request = encodeRequest({ api, version: versions[1], correlationId: 1, clientId: null, body: {} })
  core.intercept(key, () => ({ kind: 'dorp' }) as never)
  const now = core.open({ clientHost: 'victim' })
  assert.throws(() => now.handle(request, () => {}), { name: 'TypeError', message: kinds })
  core.intercept(key, async () => ({ kind: 'dorp' }) as never)
  const dropped = new Promise<Error>((onDrop) => core.open({ clientHost: 'victim', onDrop }).handle(request, () => {}))
  assert.match((await dropped).message, kinds)
  core.intercept(key, () => 'drop' as never)
  assert.throws(() => core.open({ clientHost: 'victim' }).handle(request, () => {}), /not a string$/)
})

const others = handlers.filter(({ api }) => api.key !== key)

/** A client of its own on the same broker, and its request, which any answer answers. */
function ask(core: BrokerCore, { api, versions }: AnyHandler): Pending<unknown> {
  return new CoreClient(core).begin(api, versions[1], {})
}

test('requests of every API can be delayed', () => {
  for (const one of others) {
    const { core, clock } = testCore()
    core.intercept(one.api.key, () => ({ kind: 'delay', delayMs: 120_000 }))
    const pending = ask(core, one)
    clock.advance(119_999)
    assert.equal(pending.body, undefined, one.api.name)
    clock.advance(60_001)
    assert.ok(pending.body !== undefined, one.api.name)
    core.close()
  }
})

test('requests of every API can be answered by the hook, with errors too', () => {
  for (const one of others) {
    const { core } = testCore()
    const all = { errorCode: ErrorCode.NOT_CONTROLLER, throttleTimeMs: 1234 }
    const carried = one.api.response.fields.filter(
      ({ name, versions }) => name in all && includesVersion(versions, one.versions[1]),
    )
    const wanted = Object.fromEntries(carried.map(({ name }) => [name, all[name as keyof typeof all]]))
    core.intercept(one.api.key, () => ({ kind: 'respond', body: wanted }))
    const answer = ask(core, one).body as Record<string, unknown> | undefined
    assert.ok(answer, one.api.name)
    for (const [name, value] of Object.entries(wanted)) assert.equal(answer[name], value, `${name} of ${one.api.name}`)
    core.close()
  }
})

test('requests of every API can be dropped, or lose their reply', () => {
  for (const one of others) {
    for (const kind of ['drop', 'loseReply'] as const) {
      const { core, clock } = testCore()
      core.intercept(one.api.key, () => ({ kind }))
      const errors: Error[] = []
      const session = core.open({ clientHost: 'victim', onDrop: (error) => errors.push(error) })
      const { api, versions } = one
      const request = encodeRequest({ api, version: versions[1], correlationId: 1, clientId: 'victim', body: {} })
      let answered = false
      session.handle(request, () => {
        answered = true
      })
      clock.advance(60_000)
      assert.deepEqual([answered, errors.length], [false, 1], `${kind} of ${api.name}`)
      core.close()
    }
  }
})

test('requests of several APIs can be rewritten', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  core.intercept(apis.CreateTopics.key, ({ body }) => {
    const request = body as CreateTopicsRequest
    return { kind: 'rewrite', body: { ...request, topics: request.topics.map((one) => ({ ...one, name: 'renamed' })) } }
  })
  createTopic(client, 'wanted')
  assert.deepEqual([core.topics.topic('wanted'), core.topics.topic('renamed')?.name], [undefined, 'renamed'])
  core.intercept(apis.Metadata.key, () => ({
    kind: 'rewrite',
    body: { topics: [{ name: 'order', topicId: ZERO_UUID }] },
  }))
  assert.deepEqual(
    client.call(apis.Metadata, 12, { topics: null }).topics.map((one) => one.name),
    ['order'],
  )
  core.intercept(apis.InitProducerId.key, ({ body }) => ({
    kind: 'rewrite',
    body: { ...(body as object), transactionalId: '' },
  }))
  const idempotent = { transactionalId: null, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 }
  assert.equal(client.call(apis.InitProducerId, 4, idempotent).errorCode, ErrorCode.INVALID_REQUEST)
})
