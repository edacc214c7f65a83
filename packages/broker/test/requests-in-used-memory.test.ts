import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { apis, batchesIn, decodeResponse, type MessageInput, type ProduceRequest } from '@millrace/protocol'
import type { BrokerOptions } from '../src/server/options.ts'
import { startBroker } from '../src/start-broker.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch } from './support/records.ts'

const producers = 4
const requests = 12
const partitions = 4
const recordsPerBatch = 40

/** Large enough that a request comes in several chunks, and different in every byte from those of others. */
function values(producer: number, request: number, partition: number): string[] {
  return Array.from({ length: recordsPerBatch }, (_, index) => {
    return `${producer}-${request}-${partition}-${index} `.repeat(100)
  })
}

function produceRequest(producer: number, request: number, producerId: number): MessageInput<ProduceRequest> {
  const partitionData = Array.from({ length: partitions }, (_, index) => {
    const records = values(producer, request, index).map((value) => ({ value }))
    const identity = { producerId, producerEpoch: 0, baseSequence: request * recordsPerBatch }
    return { index, records: batch(records, producerId < 0 ? {} : { ...identity, transactional: true }) }
  })
  const transactionalId = producerId < 0 ? null : `producer-${producer}`
  return { transactionalId, acks: -1, timeoutMs: 1000, topicData: [{ name: 'order', partitionData }] }
}

async function produceAll(port: number, producer: number, transactional: boolean): Promise<void> {
  using connection = await RawConnection.open(port)
  let producerId = -1
  if (transactional) {
    const identity = { transactionalId: `producer-${producer}`, transactionTimeoutMs: 60_000 }
    const coordinated = await connection.call(apis.InitProducerId, 4, identity)
    assert.equal(coordinated.errorCode, 0)
    producerId = coordinated.producerId
  }
  for (let request = 0; request < requests; request++) {
    connection.send(apis.Produce, 12, request, produceRequest(producer, request, producerId))
  }
  for (let request = 0; request < requests; request++) {
    const { body } = decodeResponse({ api: apis.Produce, version: 12, bytes: await connection.frame() })
    for (const { errorCode } of body.responses[0]?.partitionResponses ?? []) assert.equal(errorCode, 0)
  }
}

async function stored(port: number, partition: number): Promise<string[]> {
  using connection = await RawConnection.open(port)
  const found: string[] = []
  for (let fetchOffset = 0; ; ) {
    const topics = [{ topic: 'order', partitions: [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }] }]
    const wanted = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, sessionEpoch: -1, topics }
    const { responses } = await connection.call(apis.Fetch, 12, wanted)
    const { records } = responses[0]!.partitions[0]!
    if (!records?.length) return found
    for (const one of batchesIn(records)) {
      assert.ok(one.isCrcValid(), `batch ${one.baseOffset}`)
      for (const cursor = one.cursor(); cursor.next(); ) found.push(cursor.valueBytes()!.toString())
      fetchOffset = one.nextOffset
    }
  }
}

const kinds: readonly [string, (folder: string) => BrokerOptions, boolean][] = [
  ['in memory', () => ({ memory: true }), false],
  ['on disk', (dataDir) => ({ dataDir }), false],
  ['on disk after the sync, in transactions', (dataDir) => ({ dataDir, durability: 'fsync' }), true],
]

for (const [name, options, transactional] of kinds) {
  test(`what producers send at once is stored as they sent it, ${name}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-requests-'))
    try {
      await using broker = await startBroker({ ...options(folder), worker: false })
      using setup = await RawConnection.open(broker.port)
      const topics = [{ name: 'order', numPartitions: partitions, replicationFactor: 1 }]
      await setup.call(apis.CreateTopics, 7, { topics })
      const all = Array.from({ length: producers }, (_, producer) => produceAll(broker.port, producer, transactional))
      await Promise.all(all)
      for (let partition = 0; partition < partitions; partition++) {
        const expected = Array.from({ length: producers * requests }, (_, index) =>
          values(index % producers, Math.floor(index / producers), partition),
        ).flat()
        assert.deepEqual((await stored(broker.port, partition)).sort(), expected.sort())
      }
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 3 })
    }
  })
}
