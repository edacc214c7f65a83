import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, decodeResponse, ErrorCode } from '@millrace/protocol'
import { handlers } from '../src/core/handlers/index.ts'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'

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
  assert.ok(body.apiKeys.some((one) => one.apiKey === apis.ApiVersions.key))
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
