import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { ApiVersionsResponse, decodeMessage, ErrorCode } from '@millrace/protocol'
import { handlers } from '../src/core/handlers/index.ts'
import { testCore } from './support/core-client.ts'

interface Fixture {
  readonly message: string
  readonly version: number
  readonly bytes: string
}

const file = new URL('../../protocol/test/fixtures/messages.json.gz', import.meta.url)
const fixtures = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Fixture[]

/** Key 18, the version, correlation id 7, client id `java`; from version 3 on the header has tagged fields, none here. */
function header(version: number): Buffer {
  const tags = version >= 3 ? '00' : ''
  return Buffer.from(`0012000${version}00000007${'0004'}6a617661${tags}`, 'hex')
}

const requests = fixtures.filter((one) => one.message === 'ApiVersionsRequest')

function answerTo(request: Buffer): Buffer {
  let answer: Buffer | undefined
  testCore()
    .core.open({ clientHost: 'java' })
    .handle(request, (bytes) => {
      answer = bytes
    })
  return answer!
}

for (const version of new Set(requests.map((one) => one.version))) {
  test(`ApiVersions v${version} as Kafka's own class writes it is answered under header v0`, () => {
    for (const { bytes } of requests.filter((one) => one.version === version)) {
      const answer = answerTo(Buffer.concat([header(version), Buffer.from(bytes, 'base64')]))
      // A client that does not know yet what the broker speaks can read no newer header (KIP-511): id, then the body at once.
      assert.equal(answer.readInt32BE(0), 7)
      const body = decodeMessage(ApiVersionsResponse, version, answer.subarray(4))
      // The sample with every field filled has names that no client software may have.
      const isRefused = body.errorCode === ErrorCode.INVALID_REQUEST
      assert.ok(body.errorCode === ErrorCode.NONE || (isRefused && version >= 3), `error ${body.errorCode}`)
      if (isRefused) continue
      assert.equal(body.apiKeys.length, handlers.length)
      const features = ['metadata.version', 'group.version', 'transaction.version']
      const known = features.slice(0, version < 3 ? 0 : version === 3 ? 1 : 3)
      assert.deepEqual(
        body.supportedFeatures.map((one) => one.name),
        known,
      )
    }
  })
}

test('ApiVersions v3 and v4 carry the features in force', () => {
  const { core, client } = testCore()
  const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const { api } = handlers.find((one) => one.api.key === 18)!
  for (const version of [3, 4]) {
    const answer = client.call(api, version, software) as ApiVersionsResponse
    assert.equal(answer.finalizedFeaturesEpoch, core.features.epoch)
    assert.deepEqual(
      answer.finalizedFeatures.map((one) => [one.name, one.minVersionLevel, one.maxVersionLevel]),
      [
        ['metadata.version', 30, 30],
        ['group.version', 1, 1],
        ['transaction.version', 2, 2],
      ],
    )
  }
})
