import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, decodeResponse, ErrorCode, encodeRequest } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { handlers } from '../src/core/handlers/index.ts'
import type { AnyHandler } from '../src/core/request.ts'
import { Dictionary } from './fuzz/dictionary.ts'
import { randomBody } from './fuzz/random-body.ts'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'

/** With acks=0 a produce is not answered. */
const isUnanswered = (body: Record<string, unknown>): boolean => body.acks === 0

/** The bytes of the answer, when there is one by the end of a minute. */
function answerTo(core: BrokerCore, advance: (ms: number) => void, request: Buffer): Buffer | undefined {
  let answer: Buffer | undefined
  core.open({ clientHost: '127.0.0.1' }).handle(request, (bytes) => {
    answer = bytes
  })
  advance(60_000)
  return answer
}

for (const one of handlers) {
  const { api, versions } = one
  test(`${api.name} takes requests with every field filled, in every version it lists`, () => {
    const dictionary = new Dictionary(seededRandom(api.key + 1))
    for (let version = versions[0]; version <= versions[1]; version++) {
      for (let round = 0; round < 10; round++) {
        const { core, clock, client } = testCore()
        for (const topic of ['order', 'compacted', 'stamped']) createTopic(client, topic, 3)
        const body = randomBody(one, version, dictionary)
        // A fetch may ask to wait for weeks.
        if (typeof body.maxWaitMs === 'number') body.maxWaitMs = Math.min(body.maxWaitMs, 30_000)
        const request = encodeRequest({ api, version, correlationId: 7, clientId: 'filled', body })
        const answer = answerTo(core, (ms) => clock.advance(ms), request)
        assert.equal(answer !== undefined, !isUnanswered(body), `version ${version}, round ${round}`)
        if (answer) assert.equal(decodeResponse({ api, version, bytes: answer }).correlationId, 7)
        core.close()
      }
    }
  })
}

function firstFlexible({ api, versions }: AnyHandler): number | undefined {
  const first = Math.max(versions[0], api.request.flexibleFrom)
  return first <= versions[1] ? first : undefined
}

for (const one of handlers) {
  const { api, versions } = one
  const first = firstFlexible(one)
  if (first === undefined) continue
  test(`${api.name} ignores tagged fields that it does not know`, () => {
    for (let version = first; version <= versions[1]; version++) {
      const body = api.key === apis.Produce.key ? { acks: -1 } : {}
      const request = encodeRequest({ api, version, correlationId: 7, clientId: 'tags', body })
      // The last byte says that no tagged field follows: one follows, number 99, of three bytes.
      assert.equal(request.at(-1), 0)
      const tagged = Buffer.concat([request.subarray(0, -1), Buffer.from([1, 99, 3, 1, 2, 3])])
      const answers = [request, tagged].map((bytes) => {
        const { core, clock } = testCore()
        return answerTo(core, (ms) => clock.advance(ms), bytes)?.toString('hex')
      })
      assert.ok(answers[0] !== undefined)
      assert.equal(answers[1], answers[0], `version ${version}`)
    }
  })
}

for (const { api, versions } of handlers) {
  test(`${api.name} takes an empty request in every version it lists`, () => {
    for (let version = versions[0]; version <= versions[1]; version++) {
      const { core, clock } = testCore()
      const client = new CoreClient(core)
      const pending = client.begin(api, version, {})
      clock.advance(60_000)
      const isProduceWithoutAcks = api.key === apis.Produce.key
      assert.equal(pending.body !== undefined, !isProduceWithoutAcks, `version ${version}`)
      core.close()
    }
  })
}

test('ApiVersions lists exactly what has a handler, and Produce from 0 for librdkafka', () => {
  const { client } = testCore()
  const { apiKeys, finalizedFeatures } = client.call(apis.ApiVersions, 4, {
    clientSoftwareName: 'test',
    clientSoftwareVersion: '1.0',
  })
  assert.deepEqual(
    apiKeys.map((one) => one.apiKey),
    handlers.map(({ api }) => api.key).sort((a, b) => a - b),
  )
  assert.deepEqual(apiKeys[0], { apiKey: 0, minVersion: 0, maxVersion: 13 })
  assert.equal(finalizedFeatures.find((one) => one.name === 'transaction.version')?.maxVersionLevel, 2)
})

test('an ApiVersions request from the future is answered in version 0 with error 35', () => {
  const { core } = testCore()
  const session = core.open({ clientHost: 'test' })
  // Key 18, version 99, correlation id 7, client id "x", and something nobody knows.
  const request = Buffer.from('001200630000000700017800ff', 'hex')
  let answer: Buffer | undefined
  session.handle(request, (response) => {
    answer = response
  })
  const { body, correlationId } = decodeResponse({ api: apis.ApiVersions, version: 0, bytes: answer! })
  assert.equal(correlationId, 7)
  assert.equal(body.errorCode, ErrorCode.UNSUPPORTED_VERSION)
  // Byte for byte what Apache Kafka 4.3 answers: one API, key 18, versions 0 to 4.
  assert.equal(answer!.toString('hex'), '00000007' + '0023' + '00000001' + '001200000004')
})

test('a request of an unknown kind or version is refused by closing', () => {
  const { core } = testCore()
  const session = core.open({ clientHost: 'test' })
  assert.throws(() => session.handle(Buffer.from('7fff0000000000070000', 'hex'), () => {}), {
    code: 'BROKER_REQUEST_INVALID',
  })
  assert.throws(() => session.handle(Buffer.from('0000000200000007ffff', 'hex'), () => {}), {
    code: 'BROKER_REQUEST_INVALID',
  })
})

test('a request that is cut off is refused as malformed', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  const session = core.open({ clientHost: 'test' })
  for (const hex of ['', '00', '000300', '0003000c00000001ffff', '0003000c00000001ffff0002']) {
    assert.throws(() => session.handle(Buffer.from(hex, 'hex'), () => {}), { code: 'PROTOCOL_MALFORMED' }, hex)
  }
})
