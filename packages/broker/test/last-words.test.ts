import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { apis, encodeRequest } from '@millrace/protocol'
import { type BrokerOptions, startBroker } from '../src/index.ts'
import { type Authority, authority, type Identity } from './support/certificates.ts'
import { framed, RawConnection } from './support/raw-connection.ts'
import { batch } from './support/records.ts'

let ca: Authority
let server: Identity
let folder: string
before(async () => {
  ca = await authority()
  server = await ca.server()
  folder = mkdtempSync(join(tmpdir(), 'millrace-last-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const kinds = ['in memory', 'on disk in a worker', 'behind TLS'] as const
type Kind = (typeof kinds)[number]

function options(kind: Kind): BrokerOptions {
  if (kind === 'in memory') return { memory: true, worker: false }
  if (kind === 'on disk in a worker') return { dataDir: join(folder, 'data') }
  const config = {
    listeners: 'SSL://127.0.0.1:0',
    'ssl.keystore.key': server.key,
    'ssl.keystore.certificate.chain': server.cert,
  }
  return { memory: true, worker: false, config }
}

function open(kind: Kind, port: number): Promise<RawConnection> {
  return kind === 'behind TLS' ? RawConnection.openTls(port, { ca: ca.cert }) : RawConnection.open(port)
}

async function endOffset(connection: RawConnection): Promise<number> {
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
  return (await connection.call(apis.ListOffsets, 7, { topics })).topics[0]!.partitions[0]!.offset
}

const sent = 3_000

for (const kind of kinds) {
  test(`records with acks=0 are appended that were sent before the connection was closed, ${kind}`, async () => {
    await using broker = await startBroker(options(kind))
    using other = await open(kind, broker.port)
    await other.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
    using connection = await open(kind, broker.port)
    for (let index = 0; index < sent; index++) {
      const records = batch([{ value: `${index} ${'x'.repeat(1_000)}` }])
      const topicData = [{ name: 'order', partitionData: [{ index: 0, records }] }]
      connection.send(apis.Produce, 9, index, { acks: 0, timeoutMs: 1_000, topicData })
    }
    connection.socket.end()
    await connection.closed
    const deadlineMs = Date.now() + 10_000
    let end = 0
    while (end < sent && Date.now() < deadlineMs) end = await endOffset(other)
    assert.equal(end, sent)
  })

  for (const [what, bad] of [
    ['a request that is malformed', framed(Buffer.from('0003000c00000001ffff', 'hex'))],
    ['bytes that are no request', Buffer.from('ffffffff')],
  ] as const) {
    test(`${what} takes nobody the answers to those before it, ${kind}`, async () => {
      await using broker = await startBroker(options(kind))
      using connection = await open(kind, broker.port)
      const good = (correlationId: number): Buffer =>
        framed(encodeRequest({ api: apis.ApiVersions, version: 0, correlationId, clientId: 'raw', body: {} }))
      const before = Array.from({ length: 50 }, (_, index) => good(index))
      // What follows is not read as requests any more, and does not take the answers along either.
      connection.socket.write(Buffer.concat([...before, bad, Buffer.alloc(1_000_000)]))
      for (let index = 0; index < before.length; index++) {
        assert.equal((await connection.frame()).readInt32BE(0), index)
      }
      await connection.closed
      assert.equal(connection.received.length, 0)
    })
  }
}

test('a request that waits is answered before the connection closes for a malformed one behind it', async () => {
  await using broker = await startBroker(options('in memory'))
  using connection = await RawConnection.open(broker.port)
  await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }]
  connection.send(apis.Fetch, 12, 5, { maxWaitMs: 100, minBytes: 1, maxBytes: 1_000, sessionEpoch: -1, topics })
  connection.socket.write(framed(Buffer.from('0003000c00000001ffff', 'hex')))
  assert.equal((await connection.frame()).readInt32BE(0), 5)
  await connection.closed
})
