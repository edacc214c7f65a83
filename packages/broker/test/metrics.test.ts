import assert from 'node:assert/strict'
import test from 'node:test'
import type { MetricSample } from '@millrace/base'
import { apis } from '@millrace/protocol'
import { type Broker, startBroker } from '../src/start-broker.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch } from './support/records.ts'

function figure(samples: readonly MetricSample[], name: string, labels: Record<string, string> = {}): number {
  const found = samples.filter(
    (one) =>
      one.name === `millrace_broker_${name}` &&
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )
  assert.equal(found.length, 1, `${found.length} samples are called ${name}`)
  return found[0]!.value
}

async function produce(connection: RawConnection): Promise<void> {
  const partitionData = [{ index: 0, records: batch([{ value: 'x'.repeat(1000) }]) }]
  await connection.call(apis.Produce, 9, { acks: -1, timeoutMs: 1000, topicData: [{ name: 'order', partitionData }] })
}

async function work(broker: Broker): Promise<readonly MetricSample[]> {
  using connection = await RawConnection.open(broker.port)
  await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 3, replicationFactor: 1 }] })
  for (let count = 0; count < 5; count++) await produce(connection)
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 5, partitionMaxBytes: 1000 }] }]
  await connection.call(apis.Fetch, 12, { maxWaitMs: 100, minBytes: 1, maxBytes: 1000, sessionEpoch: -1, topics })
  const commit = { name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }
  await connection.call(apis.OffsetCommit, 8, { groupId: 'readers', generationIdOrMemberEpoch: -1, topics: [commit] })
  const transactional = { transactionalId: 'app', transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  await connection.call(apis.InitProducerId, 4, transactional)
  return broker.metrics()
}

for (const worker of [true, false]) {
  test(`a broker tells what it has done and what it holds, ${worker ? 'in a worker' : 'in this thread'}`, async () => {
    await using broker = await startBroker({ worker })
    const samples = await work(broker)
    const api = 'Produce'
    assert.equal(figure(samples, 'requests_total', { api }), 5)
    assert.equal(figure(samples, 'requests_answered_total', { api }), 5)
    assert.ok(figure(samples, 'request_bytes_total', { api }) > 5000)
    assert.ok(figure(samples, 'request_response_bytes_total', { api }) > 5 * 20)
    // The fetch waited for data that did not come.
    const waited = figure(samples, 'request_seconds_total', { api: 'Fetch' })
    assert.ok(waited >= 0.09 && waited < 10, `${waited} s`)
    assert.equal(figure(samples, 'connections'), 1)
    assert.equal(figure(samples, 'connections_total'), 1)
    assert.equal(figure(samples, 'topics'), 3)
    assert.equal(figure(samples, 'partitions'), 5)
    assert.ok(figure(samples, 'log_bytes') > 5000)
    assert.equal(figure(samples, 'groups', { type: 'classic' }), 1)
    assert.equal(figure(samples, 'groups', { type: 'consumer' }), 0)
    assert.equal(figure(samples, 'transactions', { state: 'Empty' }), 1)
    assert.equal(figure(samples, 'transactions', { state: 'Ongoing' }), 0)
    assert.equal(figure(samples, 'authentication_failures_total'), 0)
    assert.equal(figure(samples, 'authorization_denials_total'), 0)
  })
}

test('what ACLs refuse is counted', async () => {
  await using broker = await startBroker({ memory: true, superUsers: ['admin'] })
  using connection = await RawConnection.open(broker.port)
  const answer = await connection.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }],
  })
  assert.notEqual(answer.topics[0]!.errorCode, 0)
  const samples = await broker.metrics()
  assert.ok(figure(samples, 'authorization_denials_total') > 0)
})

test('whoever asks a broker that closes is not left waiting', async () => {
  const broker = await startBroker({ worker: true })
  const closing = broker.close()
  await assert.rejects(broker.metrics(), { code: 'BROKER_CLOSED' })
  await closing
})
