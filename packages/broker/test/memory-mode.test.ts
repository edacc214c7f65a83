import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { apis } from '@millrace/protocol'
import { type Broker, startBroker } from '../src/start-broker.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Creates a topic, writes a record, reads it, waits for another one in vain, joins a group. */
async function use(broker: Broker): Promise<void> {
  using connection = await RawConnection.open(broker.port)
  await firstRecord(connection)
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  const fetch = { maxWaitMs: 100, minBytes: 1, maxBytes: 1000, sessionEpoch: -1, topics }
  const { responses } = await connection.call(apis.Fetch, 12, fetch)
  assert.deepEqual(readAll(responses[0]!.partitions[0]!.records), [[0, 'first']])
  // What still waits when the broker goes must not keep a timer.
  const later = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1000 }] }]
  connection.send(apis.Fetch, 12, 1000, { ...fetch, maxWaitMs: 60_000, topics: later })
  using member = await RawConnection.open(broker.port)
  await member.call(apis.JoinGroup, 5, {
    groupId: 'readers',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  })
  const transactional = { transactionalId: 'app', transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  const producer = await member.call(apis.InitProducerId, 4, transactional)
  assert.equal(producer.errorCode, 0)
}

async function firstRecord(connection: RawConnection): Promise<void> {
  await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  const partitionData = [{ index: 0, records: batch([{ value: 'first' }]) }]
  const body = { acks: -1, timeoutMs: 1000, topicData: [{ name: 'order', partitionData }] }
  const { responses } = await connection.call(apis.Produce, 9, body)
  assert.equal(responses[0]!.partitionResponses[0]!.errorCode, 0)
}

/** What keeps this process going, without what the test runner has of its own. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

async function settled(): Promise<{ heap: number; external: number }> {
  await delay(20)
  collectGarbage()
  await delay(20)
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, external: external + arrayBuffers }
}

async function started(count: number): Promise<Set<number>> {
  const ports = new Set<number>()
  for (let number = 0; number < count; number++) {
    await using broker = await startBroker({ memory: true })
    ports.add(broker.port)
    await use(broker)
  }
  return ports
}

test('two hundred brokers in one run leave no port, no timer and no byte behind', { timeout: 120_000 }, async () => {
  // What is loaded, compiled and cached once is there after the first ones.
  await started(20)
  const before = resources()
  const memoryBefore = await settled()
  const ports = await started(200)
  await delay(50)
  const after = resources()
  for (const [name, count] of after) {
    assert.ok(count <= (before.get(name) ?? 0), `${count} ${name} are left, there were ${before.get(name) ?? 0}`)
  }
  for (const port of ports) await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
  const memoryAfter = await settled()
  // A broker that is kept holds some 100 kB; a byte of each would not show, a kilobyte does.
  const kilobytes = (bytes: number): number => Math.round(bytes / 1024)
  const heap = kilobytes(memoryAfter.heap - memoryBefore.heap)
  const external = kilobytes(memoryAfter.external - memoryBefore.external)
  assert.ok(heap < 2000, `${heap} kB of heap are left`)
  assert.ok(external < 1000, `${external} kB outside the heap are left`)
})

test('many brokers at once do not know of each other', { timeout: 60_000 }, async () => {
  const brokers = await Promise.all(Array.from({ length: 20 }, () => startBroker({ memory: true })))
  try {
    assert.equal(new Set(brokers.map((one) => one.port)).size, brokers.length)
    await Promise.all(brokers.map(use))
  } finally {
    await Promise.all(brokers.map((one) => one.close()))
  }
})

test('a broker in memory takes its first record within 50 ms of being asked for', { timeout: 60_000 }, async () => {
  await started(3)
  const times: number[] = []
  for (let number = 0; number < 10; number++) {
    const startMs = performance.now()
    await using broker = await startBroker({ memory: true })
    using connection = await RawConnection.open(broker.port)
    await firstRecord(connection)
    times.push(performance.now() - startMs)
  }
  // The best of ten: what the machine does besides is not the broker's time.
  const best = Math.min(...times)
  assert.ok(best < 50, `${best.toFixed(1)} ms`)
})
