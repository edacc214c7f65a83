import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { apis, decodeRequestHeader, encodeResponse } from '@millrace/protocol'
import { memoryTransport } from '../memory-transport.ts'
import { BrokerLink } from './broker-link.ts'
import { ClientStats } from './client-stats.ts'

const target = { host: 'h', port: 1 }
const api = apis.ApiVersions

function apiVersions(
  request: Buffer,
  versions: readonly [number, number, number][],
  version: number,
  errorCode = 0,
): Buffer {
  const { correlationId } = decodeRequestHeader(request)
  const apiKeys = versions.map(([apiKey, minVersion, maxVersion]) => ({ apiKey, minVersion, maxVersion }))
  const finalizedFeatures =
    version >= 3 ? [{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }] : []
  return encodeResponse({ api, version, correlationId, body: { errorCode, apiKeys, finalizedFeatures } })
}

function open(handle: (request: Buffer) => Promise<Buffer | undefined>): Promise<BrokerLink> {
  const transport = memoryTransport(() => ({ handle, close() {} }), { clock: new VirtualClock() })
  return BrokerLink.open(transport, target, { clientId: 'c', timeoutMs: 1_000, stats: new ClientStats() })
}

test('versions are what both sides know', async () => {
  const link = await open(async (request) =>
    apiVersions(
      request,
      [
        [3, 0, 12],
        [0, 99, 100],
        [18, 0, 4],
      ],
      4,
    ),
  )
  assert.equal(link.versionOf(apis.Metadata), 12)
  assert.equal(link.versionOf(apis.Metadata, 9), 9)
  assert.equal(link.versionOf(apis.Produce), undefined)
  assert.equal(link.versionOf(apis.Fetch), undefined)
  assert.equal(link.features.get('transaction.version'), 2)
})

test('a broker that does not know our version of ApiVersions answers in version 0 and is asked again (KIP-511)', async () => {
  const asked: number[] = []
  const link = await open(async (request) => {
    const { apiVersion } = decodeRequestHeader(request)
    asked.push(apiVersion)
    if (apiVersion > 2) return apiVersions(request, [[18, 0, 2]], 0, 35)
    return apiVersions(
      request,
      [
        [18, 0, 2],
        [3, 0, 8],
      ],
      2,
    )
  })
  assert.deepEqual(asked, [api.request.validVersions.max, 2])
  assert.equal(link.versionOf(apis.Metadata), 8)
})

test('a request without a common version is refused here', async () => {
  const link = await open(async (request) => apiVersions(request, [[18, 0, 4]], 4))
  await assert.rejects(link.request(apis.Fetch, {}, { timeoutMs: 100 }), { code: 'KAFKA_UNSUPPORTED_BY_BROKER' })
  assert.equal(link.isOpen, true)
})

test('an answer to another request, or one that cannot be read, ends the connection', async () => {
  for (const wrong of ['correlation', 'garbage']) {
    const link = await open(async (request) => {
      const { apiKey, correlationId } = decodeRequestHeader(request)
      if (apiKey === api.key)
        return apiVersions(
          request,
          [
            [18, 0, 4],
            [12, 0, 4],
          ],
          4,
        )
      if (wrong === 'garbage') return Buffer.from([0, 0, 0, 1, 0])
      return encodeResponse({ api: apis.Heartbeat, version: 4, correlationId: correlationId + 1, body: {} })
    })
    await assert.rejects(link.request(apis.Heartbeat, { groupId: 'g', memberId: '' }, { timeoutMs: 100 }))
    assert.equal(link.isOpen, false, wrong)
  }
})
