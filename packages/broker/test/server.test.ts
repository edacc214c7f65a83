import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apis, decodeResponse, encodeRequest } from '@millrace/protocol'
import { startBroker } from '../src/start-broker.ts'
import { framed, RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'

const here = { memory: true, worker: false } as const

/** Code and message of the reason for which the broker closes the next connection. */
function nextClose(): Promise<{ code: string; message: string }> {
  return new Promise((resolve) => {
    const listener = (message: unknown): void => {
      unsubscribe('millrace:broker:connection-closed', listener)
      resolve((message as { error: { code: string; message: string } }).error)
    }
    subscribe('millrace:broker:connection-closed', listener)
  })
}

async function produceOne(connection: RawConnection, topic: string, value: string): Promise<number> {
  const body = {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batch([{ value }]) }] }],
  }
  const { responses } = await connection.call(apis.Produce, 9, body)
  return responses[0]!.partitionResponses[0]!.errorCode
}

test('a topic can be created, written and read over TCP, in a worker', async () => {
  await using broker = await startBroker({ worker: true })
  using connection = await RawConnection.open(broker.port)
  await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  const { brokers } = await connection.call(apis.Metadata, 12, { topics: [] })
  assert.deepEqual([brokers[0]!.host, brokers[0]!.port], [broker.host, broker.port])
  assert.equal(await produceOne(connection, 'order', 'a'), 0)
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  const fetched = await connection.call(apis.Fetch, 12, {
    maxWaitMs: 100,
    minBytes: 1,
    maxBytes: 1000,
    sessionEpoch: -1,
    topics,
  })
  assert.deepEqual(readAll(fetched.responses[0]!.partitions[0]!.records), [[0, 'a']])
})

test('answers come in the order of the requests, also behind one that waits', async () => {
  await using broker = await startBroker(here)
  using connection = await RawConnection.open(broker.port)
  await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  connection.send(apis.Fetch, 12, 1, { maxWaitMs: 50, minBytes: 1, maxBytes: 1000, sessionEpoch: -1, topics })
  connection.send(apis.ApiVersions, 0, 2, {})
  const first = await connection.frame()
  const second = await connection.frame()
  assert.deepEqual([first.readInt32BE(0), second.readInt32BE(0)], [1, 2])
})

test('many requests in one packet are all answered, and one in many packets is too', async () => {
  await using broker = await startBroker(here)
  using connection = await RawConnection.open(broker.port)
  connection.socket.cork()
  for (let index = 0; index < 50; index++) connection.send(apis.ApiVersions, 0, index, {})
  connection.socket.uncork()
  for (let index = 0; index < 50; index++) assert.equal((await connection.frame()).readInt32BE(0), index)
  for (const byte of Buffer.from('0000000d001200000000002a00037261770000'.slice(0, 34), 'hex')) {
    connection.socket.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { correlationId } = decodeResponse({ api: apis.ApiVersions, version: 0, bytes: await connection.frame() })
  assert.equal(correlationId, 42)
})

for (const [what, hex] of [
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
  ['a TLS hello', '16030100f8010000f40303aabbccdd'],
  ['a negative length', 'ffffffff'],
  ['an unknown API', '0000000c7fff000000000001000161ff'],
  ['an unserved version', '0000000a0001ffff00000001ffff'],
  ['a body that is cut off', '0000000a0003000c00000001ffff'],
] as const) {
  test(`${what} closes its own connection and no other, and says why`, async () => {
    await using broker = await startBroker(here)
    using good = await RawConnection.open(broker.port)
    await good.call(apis.ApiVersions, 0, {})
    using bad = await RawConnection.open(broker.port)
    const reason = nextClose()
    bad.socket.write(Buffer.from(hex, 'hex'))
    assert.match((await reason).code, /BROKER_REQUEST_INVALID|PROTOCOL_MALFORMED/)
    await bad.closed
    assert.ok((await good.call(apis.ApiVersions, 0, {})).apiKeys.length > 0)
  })
}

test('a request larger than socket.request.max.bytes is refused at its length', async () => {
  await using broker = await startBroker({ ...here, config: { 'socket.request.max.bytes': '1000' } })
  using connection = await RawConnection.open(broker.port)
  const reason = nextClose()
  connection.socket.write(Buffer.from('000003e9', 'hex'))
  assert.match((await reason).message, /socket\.request\.max\.bytes/)
  await connection.closed
})

test('a request that does not become whole is dropped after a deadline', async () => {
  await using broker = await startBroker({ ...here, config: { 'request.timeout.ms': '200' } })
  using connection = await RawConnection.open(broker.port)
  const reason = nextClose()
  connection.socket.write(Buffer.from('000000ff0012', 'hex'))
  assert.match((await reason).message, /incomplete/)
  await connection.closed
})

test('a request that comes byte by byte is dropped after the same deadline', async () => {
  await using broker = await startBroker({ ...here, config: { 'request.timeout.ms': '300' } })
  using connection = await RawConnection.open(broker.port)
  const reason = nextClose()
  connection.socket.write(Buffer.from('00000300', 'hex'))
  const drip = setInterval(() => connection.socket.write('x'), 20)
  const message = await Promise.race([reason.then((error) => error.message), delay(5000, 'still open', { ref: false })])
  clearInterval(drip)
  assert.match(message, /incomplete/)
  await connection.closed
})

test('a large request that takes longer than the deadline and keeps coming is taken', async () => {
  await using broker = await startBroker({ ...here, config: { 'request.timeout.ms': '200' } })
  using connection = await RawConnection.open(broker.port)
  const groups = Array.from({ length: 200 }, (_, index) => `${index}`.padStart(100, 'g'))
  const request = framed(
    encodeRequest({ api: apis.DescribeGroups, version: 5, correlationId: 1, clientId: 'slow', body: { groups } }),
  )
  const beganMs = Date.now()
  for (let at = 0; at < request.length; at += 1024) {
    connection.socket.write(request.subarray(at, at + 1024))
    await delay(50)
  }
  assert.ok(Date.now() - beganMs > 800)
  const { body } = decodeResponse({ api: apis.DescribeGroups, version: 5, bytes: await connection.frame() })
  assert.equal(body.groups.length, groups.length)
})

test('an idle connection is closed after connections.max.idle.ms', async () => {
  await using broker = await startBroker({ ...here, config: { 'connections.max.idle.ms': '200' } })
  using connection = await RawConnection.open(broker.port)
  const reason = nextClose()
  assert.match((await reason).message, /idle/)
  await connection.closed
})

test('a peer that does not read its answers is held back, then dropped', async () => {
  await using broker = await startBroker({ ...here, config: { 'request.timeout.ms': '500' } })
  using setup = await RawConnection.open(broker.port)
  await setup.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  for (let index = 0; index < 4; index++) await produceOne(setup, 'order', 'x'.repeat(900_000))
  using deaf = await RawConnection.open(broker.port)
  deaf.socket.pause()
  const reason = nextClose()
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 5_000_000 }] }]
  const before = process.memoryUsage().arrayBuffers
  for (let index = 0; index < 100; index++) {
    deaf.send(apis.Fetch, 12, index, { maxWaitMs: 0, minBytes: 1, maxBytes: 5_000_000, sessionEpoch: -1, topics })
  }
  assert.match((await reason).message, /not read/)
  assert.ok(process.memoryUsage().arrayBuffers - before < 100_000_000)
})

test('connections beyond max.connections are refused', async () => {
  await using broker = await startBroker({ ...here, config: { 'max.connections': '1' } })
  using first = await RawConnection.open(broker.port)
  await first.call(apis.ApiVersions, 0, {})
  const reason = nextClose()
  using second = await RawConnection.open(broker.port)
  assert.match((await reason).message, /max\.connections/)
  await second.closed
  await first.call(apis.ApiVersions, 0, {})
})

test('a port in use, a host that is not here and a host beyond loopback are told apart', async () => {
  await using broker = await startBroker(here)
  await assert.rejects(startBroker({ ...here, port: broker.port }), { code: 'BROKER_PORT_IN_USE' })
  await assert.rejects(startBroker({ memory: true, port: broker.port }), { code: 'BROKER_PORT_IN_USE' })
  await assert.rejects(startBroker({ ...here, host: '192.0.2.1' }), { code: 'BROKER_HOST_NOT_LOOPBACK' })
  const open = { ...here, host: '192.0.2.1', allowNonLoopback: true }
  await assert.rejects(startBroker(open), { code: 'BROKER_HOST_UNAVAILABLE' })
})

test('a fault hook works across the worker’s boundary', async () => {
  await using broker = await startBroker({ memory: true })
  using connection = await RawConnection.open(broker.port)
  const seen: unknown[] = []
  const remove = broker.intercept(apis.ApiVersions.key, (request) => {
    seen.push(request.apiName)
    return { kind: 'respond', body: { errorCode: 41 } }
  })
  // The hook is set by message; the first request may pass before it.
  for (let attempt = 0; attempt < 100 && seen.length === 0; attempt++) await connection.call(apis.ApiVersions, 0, {})
  assert.equal((await connection.call(apis.ApiVersions, 0, {})).errorCode, 41)
  remove()
  broker.intercept(apis.ApiVersions.key, () => ({ kind: 'drop' }))
  const reason = nextClose()
  connection.send(apis.ApiVersions, 0, 1, {})
  await connection.closed
  assert.equal((await reason).code, 'BROKER_CONNECTION_DROPPED')
})

for (const worker of [false, true]) {
  test(`what a fault hook may not return closes the connection with a TypeError, ${worker ? 'in' : 'without'} a worker`, async () => {
    await using broker = await startBroker({ memory: true, worker })
    for (const wrong of [{ kind: 'dorp' }, () => {}]) {
      broker.intercept(apis.ApiVersions.key, () => wrong as never)
      using connection = await RawConnection.open(broker.port)
      const reason = nextClose()
      connection.send(apis.ApiVersions, 0, 1, {})
      const error = await reason
      assert.ok(error instanceof TypeError)
      assert.match(error.message, /kind is rewrite, respond, drop, loseReply, delay, not /)
      await connection.closed
    }
  })
}

test('fifty brokers start and stop without leaving a port, a socket or a timer behind', async () => {
  const before = process.getActiveResourcesInfo().length
  for (let index = 0; index < 50; index++) {
    const broker = await startBroker(here)
    using connection = await RawConnection.open(broker.port)
    const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
    await connection.call(apis.Metadata, 12, { topics: [{ name: 'order' }], allowAutoTopicCreation: true })
    connection.send(apis.Fetch, 12, 1, { maxWaitMs: 10_000, minBytes: 1, maxBytes: 1000, sessionEpoch: -1, topics })
    await broker.close()
    await connection.closed
  }
  assert.ok(process.getActiveResourcesInfo().length <= before + 1, process.getActiveResourcesInfo().join())
})
