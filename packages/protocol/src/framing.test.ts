import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage } from './codec.ts'
import { apiByKey, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './framing.ts'
import { apis } from './generated/apis.ts'
import { ApiVersionsRequest } from './generated/messages.ts'

test('a request is header and body, the header as flexible as the body', () => {
  for (const version of [2, 3]) {
    const body = version === 3 ? { clientSoftwareName: 'millrace' } : {}
    const bytes = encodeRequest({ api: apis.ApiVersions, version, correlationId: 5, clientId: 'c', body })
    const header = decodeRequestHeader(bytes)
    assert.deepEqual(header, {
      apiKey: 18,
      apiVersion: version,
      correlationId: 5,
      clientId: 'c',
      bodyOffset: version === 3 ? 12 : 11,
    })
    const decoded = decodeMessage(ApiVersionsRequest, version, bytes, header.bodyOffset)
    assert.equal(decoded.clientSoftwareName, body.clientSoftwareName ?? '')
  }
})

test('a request of an unknown key or version still has a readable header', () => {
  const bytes = encodeRequest({ api: apis.Metadata, version: 4, correlationId: 6, clientId: null, body: {} })
  bytes.writeInt16BE(999, 0)
  assert.deepEqual(decodeRequestHeader(bytes), {
    apiKey: 999,
    apiVersion: 4,
    correlationId: 6,
    clientId: null,
    bodyOffset: 10,
  })
})

test('a frame too short for a header is malformed', () => {
  for (const length of [0, 1, 3, 7, 9]) {
    assert.throws(() => decodeRequestHeader(Buffer.alloc(length)), { code: 'PROTOCOL_MALFORMED' })
  }
})

test('ApiVersions is answered with the plain header in every version', () => {
  const bytes = encodeResponse({ api: apis.ApiVersions, version: 3, correlationId: 7, body: { errorCode: 0 } })
  assert.equal(bytes.subarray(0, 6).toString('hex'), '000000070000')
  assert.equal(decodeResponse({ api: apis.ApiVersions, version: 3, bytes }).correlationId, 7)
})

test('bytes behind a response are malformed', () => {
  const bytes = encodeResponse({ api: apis.Heartbeat, version: 4, correlationId: 7, body: {} })
  const longer = Buffer.concat([bytes, Buffer.alloc(1)])
  assert.throws(() => decodeResponse({ api: apis.Heartbeat, version: 4, bytes: longer }), {
    code: 'PROTOCOL_MALFORMED',
  })
})

test('every api is found by its key and its two messages carry it', () => {
  for (const api of Object.values(apis)) {
    assert.equal(apiByKey(api.key), api)
    assert.equal(api.request.apiKey, api.key)
    assert.equal(api.response.apiKey, api.key)
  }
  assert.equal(apiByKey(4), undefined)
})
