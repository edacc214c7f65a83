import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage } from './codec.ts'
import { ExternalBytes } from './external-bytes.ts'
import {
  apiByKey,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeRequestParts,
  encodeResponse,
  encodeResponseParts,
} from './framing.ts'
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

class Elsewhere extends ExternalBytes {
  readonly bytes: Buffer
  readonly length: number

  constructor(bytes: Buffer) {
    super()
    this.bytes = bytes
    this.length = bytes.length
  }
}

test('the parts of a response, put together, are the response', () => {
  const large = Buffer.alloc(100_000, 1)
  const small = Buffer.from('small')
  for (const [first, second] of [
    [large, small],
    [small, large],
    [large, large],
    [small, small],
  ] as const) {
    const body = (wrap: (bytes: Buffer) => Buffer | ExternalBytes) => ({
      sessionId: 7,
      responses: [
        { partitions: [{ records: wrap(first) }, { partitionIndex: 1, records: wrap(second) }] },
        { partitions: [{ partitionIndex: 2, records: null }] },
      ],
    })
    const options = { api: apis.Fetch, version: 17, correlationId: 9 }
    const whole = encodeResponse({ ...options, body: body((bytes) => bytes) })
    for (const wrap of [(bytes: Buffer) => bytes, (bytes: Buffer) => new Elsewhere(bytes)]) {
      const parts = encodeResponseParts({ ...options, body: body(wrap) })
      // What is encoded next must not show in them.
      encodeResponse({ ...options, correlationId: 10, body: { sessionId: 8 } })
      assert.deepEqual(
        Buffer.concat(parts.map((part) => (part instanceof Elsewhere ? part.bytes : (part as Buffer)))),
        whole,
      )
    }
  }
})

test('large values are parts as they are; one buffer cannot hold external bytes', () => {
  const records = Buffer.alloc(100_000)
  const options = { api: apis.Fetch, version: 17, correlationId: 9 }
  const parts = encodeResponseParts({ ...options, body: { responses: [{ partitions: [{ records }] }] } })
  assert.ok(parts.some((part) => part instanceof Buffer && part.buffer === records.buffer))
  const external = { responses: [{ partitions: [{ records: new Elsewhere(records) }] }] }
  assert.throws(() => encodeResponse({ ...options, body: external }), TypeError)
})

test("a request in parts is the same bytes, and large values in it are the caller's own", () => {
  const records = Buffer.alloc(100_000, 7)
  const partitionData = [
    { index: 0, records },
    { index: 1, records: Buffer.from('few') },
  ]
  const body = { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: [{ name: 't', partitionData }] }
  const input = { api: apis.Produce, version: 11, correlationId: 8, clientId: 'c', body }
  const parts = encodeRequestParts(input)
  assert.deepEqual(Buffer.concat(parts), encodeRequest(input))
  assert.ok(parts.some((part) => part.buffer === records.buffer && part.length === records.length))
})
