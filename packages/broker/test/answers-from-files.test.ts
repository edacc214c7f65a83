import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@millrace/base'
import {
  apis,
  batchesIn,
  decodeResponse,
  type FetchRequest,
  type FetchResponse,
  type MessageInput,
  RecordBatchBuilder,
} from '@millrace/protocol'
import { startBroker } from '../src/start-broker.ts'
import { authority } from './support/certificates.ts'
import { RawConnection } from './support/raw-connection.ts'

const batchesPerPartition = 60
const batchBytes = 64 * 1024
const partitions = 4
/** Answers asked for at once: more than the kernel takes for a peer that does not read. */
const pipelined = 6

function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'millrace-answers-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, maxRetries: 3 }) }
}

/** Every value says where it belongs, in all its bytes. */
function value(partition: number, offset: number): Buffer {
  return Buffer.alloc(1000, `${partition}/${offset} `)
}

async function fill(connection: RawConnection, topic: string): Promise<void> {
  const configs = [{ name: 'segment.bytes', value: String(1024 * 1024) }]
  const topics = [{ name: topic, numPartitions: partitions, replicationFactor: 1, configs }]
  await connection.call(apis.CreateTopics, 7, { topics })
  for (let partition = 0; partition < partitions; partition++) {
    let offset = 0
    for (let count = 0; count < batchesPerPartition; count++) {
      const builder = new RecordBatchBuilder()
      while (builder.sizeInBytes < batchBytes) builder.append(1_700_000_000_000, null, value(partition, offset++))
      const topicData = [{ name: topic, partitionData: [{ index: partition, records: builder.build() }] }]
      const { responses } = await connection.call(apis.Produce, 11, { acks: -1, timeoutMs: 1000, topicData })
      assert.equal(responses[0]?.partitionResponses[0]?.errorCode, 0)
    }
  }
}

function fetchRequest(topic: string, offsets: ReadonlyMap<number, number>): MessageInput<FetchRequest> {
  const wanted = [...offsets].map(([partition, fetchOffset]) => {
    return { partition, fetchOffset, partitionMaxBytes: 700_000 }
  })
  const maxBytes = 50_000_000
  const topics = [{ topic, partitions: wanted }]
  return { maxWaitMs: 0, minBytes: 1, maxBytes, isolationLevel: 0, sessionEpoch: -1, topics }
}

/** Checks every byte of an answer, and returns where each partition goes on. */
function checked(answer: FetchResponse, offsets: ReadonlyMap<number, number>): Map<number, number> {
  const next = new Map(offsets)
  for (const { partitionIndex, errorCode, records } of answer.responses[0]?.partitions ?? []) {
    assert.equal(errorCode, 0)
    let expected = offsets.get(partitionIndex) ?? -1
    let seen = 0
    for (const batch of batchesIn(records ?? Buffer.alloc(0))) {
      assert.ok(batch.isCrcValid(), `batch ${batch.baseOffset} of partition ${partitionIndex}`)
      seen += batch.sizeInBytes
      for (const cursor = batch.cursor(); cursor.next(); ) {
        if (cursor.offset < expected) continue
        assert.equal(cursor.offset, expected++)
        assert.ok(cursor.valueBytes()?.equals(value(partitionIndex, cursor.offset)), `offset ${cursor.offset}`)
      }
    }
    assert.equal(seen, records?.length, 'only whole batches are served')
    next.set(partitionIndex, expected)
  }
  return next
}

type Door = () => Promise<{ config: Record<string, string>; open: (port: number) => Promise<RawConnection> }>

async function tlsDoor(): ReturnType<Door> {
  const ca = await authority()
  const { key, cert } = await ca.server()
  const config = {
    listeners: 'SSL://127.0.0.1:0',
    'ssl.keystore.key': key,
    'ssl.keystore.certificate.chain': cert,
  }
  return { config, open: (port) => RawConnection.openTls(port, { ca: ca.cert }) }
}

const doors: Readonly<Record<string, Door>> = {
  plain: () => Promise.resolve({ config: {}, open: (port) => RawConnection.open(port) }),
  TLS: tlsDoor,
}

for (const [name, door] of Object.entries(doors)) {
  test(`consumers with slow ${name} sockets, some of which break off, get the bytes of the log and no others`, () =>
    slowConsumers(door))
}

async function slowConsumers(door: Door): Promise<void> {
  using folder = temporaryFolder()
  const { config, open } = await door()
  await using broker = await startBroker({ dataDir: folder.path, worker: false, config })
  using setup = await open(broker.port)
  await fill(setup, 'order')
  const random = seededRandom(7)
  let answers = 0
  const consume = async (reader: number): Promise<void> => {
    for (let round = 0; round < 2; round++) {
      using connection = await open(broker.port)
      const asked = Array.from({ length: pipelined }, (_, index) => {
        const order = Array.from({ length: partitions }, (_, at) => (at + reader + index) % partitions)
        return new Map(order.map((partition) => [partition, (reader * 11 + index * 307) % 3000]))
      })
      for (const [id, offsets] of asked.entries()) connection.send(apis.Fetch, 12, id, fetchRequest('order', offsets))
      // What the kernel does not take waits in the broker while others are served.
      for (let pauses = 0; pauses < 3; pauses++) {
        connection.socket.pause()
        await delay(20 + Math.floor(random.next() * 20))
        connection.socket.resume()
        await delay(1)
      }
      if (random.next() < 0.3) continue
      for (const offsets of asked) {
        checked(decodeResponse({ api: apis.Fetch, version: 12, bytes: await connection.frame() }).body, offsets)
        answers++
      }
    }
  }
  await Promise.all(Array.from({ length: 5 }, (_, reader) => consume(reader)))
  assert.ok(answers > 10, `${answers} answers`)
}

/** Files in a folder that this process has open although they are deleted. */
function deletedButOpen(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) && target.endsWith('(deleted)') ? [target] : []
    } catch {
      return []
    }
  })
}

const linux = process.platform === 'linux' ? false : 'needs /proc'

test('an answer is finished although its topic is deleted in its middle, and the files go then', {
  skip: linux,
}, async () => {
  using folder = temporaryFolder()
  await using broker = await startBroker({ dataDir: folder.path, worker: false })
  using setup = await RawConnection.open(broker.port)
  await fill(setup, 'order')
  const offsets = new Map([0, 1, 2, 3].map((partition) => [partition, 100]))
  const readers = await Promise.all(Array.from({ length: 3 }, () => RawConnection.open(broker.port)))
  for (const reader of readers) {
    for (let id = 0; id < pipelined; id++) reader.send(apis.Fetch, 12, id, fetchRequest('order', offsets))
  }
  // The first piece is there, the others are not read by anyone.
  while (readers.some(({ received }) => received.length === 0)) await delay(1)
  for (const { socket } of readers) socket.pause()
  const { responses } = await setup.call(apis.DeleteTopics, 6, { topics: [{ name: 'order', topicId: undefined }] })
  assert.equal(responses[0]?.errorCode, 0)
  assert.deepEqual(readdirSync(join(folder.path, 'logs')).length, 0)
  readers[2]?.socket.destroy()
  for (const reader of readers.slice(0, 2)) {
    reader.socket.resume()
    let whole = 0
    for (let id = 0; id < pipelined; id++) {
      const { body } = decodeResponse({ api: apis.Fetch, version: 12, bytes: await reader.frame() })
      // Behind what was begun before the deletion there is no topic.
      if (body.responses[0]?.partitions[0]?.errorCode === 3) continue
      for (const [partition, next] of checked(body, offsets)) assert.ok(next > 100, `partition ${partition}: ${next}`)
      whole++
    }
    assert.ok(whole > 0)
    reader.socket.destroy()
  }
  for (let waits = 0; waits < 100 && deletedButOpen(folder.path).length > 0; waits++) await delay(10)
  assert.deepEqual(deletedButOpen(folder.path), [])
})

test('an answer is finished although retention deletes its segment in its middle', async () => {
  using folder = temporaryFolder()
  await using broker = await startBroker({ dataDir: folder.path, worker: false })
  using setup = await RawConnection.open(broker.port)
  await fill(setup, 'order')
  const offsets = new Map([[0, 0]])
  using reader = await RawConnection.open(broker.port)
  for (let id = 0; id < 24; id++) reader.send(apis.Fetch, 12, id, fetchRequest('order', offsets))
  while (reader.received.length === 0) await delay(1)
  reader.socket.pause()
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, offset: 2000 }] }]
  const deleted = await setup.call(apis.DeleteRecords, 2, { topics, timeoutMs: 1000 })
  assert.equal(deleted.topics[0]?.partitions[0]?.errorCode, 0)
  reader.socket.resume()
  let whole = 0
  for (let id = 0; id < 24; id++) {
    const { body } = decodeResponse({ api: apis.Fetch, version: 12, bytes: await reader.frame() })
    // What was asked before the deletion is answered; behind it, the offset is out of range.
    if (body.responses[0]?.partitions[0]?.errorCode === 1) continue
    assert.ok((checked(body, offsets).get(0) ?? 0) > 500)
    whole++
  }
  assert.ok(whole > 0)
})
