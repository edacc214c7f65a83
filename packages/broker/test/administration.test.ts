import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, ErrorCode, RecordBatchBuilder } from '@millrace/protocol'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { fetchNow, produce } from './support/requests.ts'

const type = { topic: 2, broker: 4, logger: 8, clientMetrics: 16, group: 32 } as const

function alter(
  client: CoreClient,
  resourceType: number,
  resourceName: string,
  values: Readonly<Record<string, string | null>>,
  validateOnly = false,
): number {
  const configs = Object.entries(values).map(([name, value]) => ({
    name,
    configOperation: value === null ? 1 : 0,
    value,
  }))
  const resources = [{ resourceType, resourceName, configs }]
  return client.call(apis.IncrementalAlterConfigs, 1, { resources, validateOnly }).responses[0]!.errorCode
}

function value(client: CoreClient, resourceType: number, resourceName: string, name: string): [string | null, number] {
  const resources = [{ resourceType, resourceName, configurationKeys: [name] }]
  const { results } = client.call(apis.DescribeConfigs, 4, { resources })
  const [config] = results[0]!.configs
  return [config?.value ?? null, config?.configSource ?? 0]
}

function finalized(client: CoreClient): Record<string, number> {
  const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
  const { finalizedFeatures } = client.call(apis.ApiVersions, 4, software)
  return Object.fromEntries(finalizedFeatures.map((one) => [one.name, one.maxVersionLevel]))
}

function update(client: CoreClient, feature: string, maxVersionLevel: number, upgradeType: number): number {
  const featureUpdates = [{ feature, maxVersionLevel, upgradeType }]
  return client.call(apis.UpdateFeatures, 2, { timeoutMs: 1000, featureUpdates }).errorCode
}

test('settings of groups, subscriptions and the default of all brokers, and feature levels, outlive a power loss', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage, durability: 'fsync' })
  assert.equal(alter(first.client, type.group, 'readers', { 'consumer.session.timeout.ms': '50000' }), 0)
  assert.equal(alter(first.client, type.group, 'gone', { 'consumer.session.timeout.ms': '50000' }), 0)
  assert.equal(alter(first.client, type.group, 'gone', { 'consumer.session.timeout.ms': null }), 0)
  assert.equal(alter(first.client, type.clientMetrics, 'push', { 'interval.ms': '5000' }), 0)
  assert.equal(alter(first.client, type.broker, '', { 'log.segment.bytes': '2000000' }), 0)
  assert.equal(alter(first.client, type.broker, '1', { 'log.retention.bytes': '7' }), 0)
  assert.equal(update(first.client, 'transaction.version', 1, 2), 0)
  storage.crash('power')
  const { client, core } = testCore({ storage, durability: 'fsync' })
  assert.deepEqual(value(client, type.group, 'readers', 'consumer.session.timeout.ms'), ['50000', 8])
  assert.equal(core.groupConfig('readers').number('consumer.session.timeout.ms'), 50_000)
  assert.equal(core.groupConfig('others').number('consumer.session.timeout.ms'), 45_000)
  assert.deepEqual(value(client, type.clientMetrics, 'push', 'interval.ms'), ['5000', 7])
  assert.deepEqual(value(client, type.broker, '1', 'log.segment.bytes'), ['2000000', 3])
  assert.deepEqual(value(client, type.broker, '1', 'log.retention.bytes'), ['7', 2])
  assert.equal(finalized(client)['transaction.version'], 1)
  const listed = client.call(apis.ListConfigResources, 1, { resourceTypes: [16, 32] }).configResources
  assert.deepEqual(listed.map((one) => one.resourceName).sort(), ['push', 'readers'])
})

test('a long journal that is written anew keeps settings and levels', () => {
  const { client, core, storage } = testCore()
  alter(client, type.group, 'readers', { 'consumer.heartbeat.interval.ms': '6000' })
  update(client, 'transaction.version', 0, 2)
  const filler = 'x'.repeat(200)
  for (let count = 0; count < 5000; count++) alter(client, type.clientMetrics, 'push', { metrics: `${filler}${count}` })
  const before = storage.readFile('metadata/journal.log')!.length
  core.enforceRetention()
  assert.ok(storage.readFile('metadata/journal.log')!.length < before / 100)
  core.close()
  const again = testCore({ storage })
  assert.deepEqual(value(again.client, type.group, 'readers', 'consumer.heartbeat.interval.ms'), ['6000', 8])
  assert.equal(finalized(again.client)['transaction.version'], undefined)
})

test('what is only validated changes nothing, of any resource', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  for (const [resource, name, setting, wanted] of [
    [type.topic, 'order', 'retention.ms', '7'],
    [type.broker, '1', 'log.segment.bytes', '2000000'],
    [type.broker, '', 'log.segment.bytes', '2000000'],
    [type.group, 'readers', 'consumer.session.timeout.ms', '50000'],
    [type.clientMetrics, 'push', 'interval.ms', '5000'],
    [type.logger, '1', 'root', 'WARN'],
  ] as const) {
    const before = value(client, resource, name, setting)
    assert.equal(alter(client, resource, name, { [setting]: wanted }, true), 0, setting)
    assert.deepEqual(value(client, resource, name, setting), before)
    assert.equal(alter(client, resource, name, { [setting]: wanted }), 0, setting)
    assert.equal(value(client, resource, name, setting)[0], wanted)
  }
})

test("the broker's own setting stands above the default of all brokers, and topics follow", () => {
  const { client } = testCore({ config: { 'log.segment.bytes': '1000000' } })
  createTopic(client, 'order')
  const seen = (): [string | null, number] => value(client, type.topic, 'order', 'segment.bytes')
  assert.deepEqual(seen(), ['1000000', 4])
  alter(client, type.broker, '', { 'log.segment.bytes': '2000000' })
  assert.deepEqual(seen(), ['2000000', 3])
  alter(client, type.broker, '1', { 'log.segment.bytes': '3000000' })
  assert.deepEqual(seen(), ['3000000', 2])
  alter(client, type.broker, '1', { 'log.segment.bytes': null })
  alter(client, type.broker, '', { 'log.segment.bytes': null })
  assert.deepEqual(seen(), ['1000000', 4])
})

test('feature levels change all at once or not at all, and their epoch grows', () => {
  const { client, core } = testCore()
  const epoch = core.features.epoch
  const featureUpdates = [
    { feature: 'transaction.version', maxVersionLevel: 1, upgradeType: 2 },
    { feature: 'unheard.of', maxVersionLevel: 1, upgradeType: 1 },
  ]
  const body = { timeoutMs: 1000, featureUpdates }
  assert.equal(client.call(apis.UpdateFeatures, 2, body).errorCode, ErrorCode.INVALID_UPDATE_VERSION)
  assert.deepEqual([finalized(client)['transaction.version'], core.features.epoch], [2, epoch])
  assert.equal(update(client, 'transaction.version', 1, 1), ErrorCode.INVALID_UPDATE_VERSION)
  assert.equal(update(client, 'transaction.version', 1, 2), ErrorCode.NONE)
  assert.deepEqual([finalized(client)['transaction.version'], core.features.epoch], [1, epoch + 1])
  assert.equal(update(client, 'transaction.version', 1, 1), ErrorCode.NONE)
  assert.equal(core.features.epoch, epoch + 1)
})

function transactionalBatch(producerId: number): Buffer {
  const builder = new RecordBatchBuilder()
  builder.append(1, null, Buffer.from('pending'))
  return builder.build({ producerId, producerEpoch: 0, baseSequence: 0, transactional: true })
}

test('a transaction that no coordinator knows of is seen, and ended by the markers of an administrator', () => {
  const { client } = testCore({ config: { 'transaction.partition.verification.enable': 'false' } })
  createTopic(client, 'order')
  assert.equal(produce(client, 'order', transactionalBatch(4711), { transactionalId: 'lost' }).errorCode, 0)
  produce(client, 'order', transactionalBatch(4712), { transactionalId: 'lost-too' })
  assert.equal(fetchNow(client, 'order', 0, { committed: true }).lastStableOffset, 0)
  const marker = (producerEpoch: number, coordinatorEpoch: number, partitionIndexes = [0]) => {
    const topics = [{ name: 'order', partitionIndexes }]
    const markers = [{ producerId: 4711, producerEpoch, transactionResult: false, coordinatorEpoch, topics }]
    return client.call(apis.WriteTxnMarkers, 1, { markers }).markers[0]!.topics[0]!.partitions
  }
  assert.deepEqual(marker(0, 0, [0, 9]), [
    { partitionIndex: 0, errorCode: ErrorCode.NONE },
    { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])
  const fetched = fetchNow(client, 'order', 0, { committed: true })
  assert.equal(fetched.lastStableOffset, 1)
  assert.deepEqual(fetched.abortedTransactions, [{ producerId: 4711, firstOffset: 0 }])
  assert.equal(marker(-1, 0)[0]!.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(marker(0, -1)[0]!.errorCode, ErrorCode.TRANSACTION_COORDINATOR_FENCED)
})

test('transactional ids are listed by an expression that the whole id matches', () => {
  const { client } = testCore()
  for (const transactionalId of ['app-1', 'app-2', 'other', 'my-app-1']) {
    client.call(apis.InitProducerId, 4, {
      transactionalId,
      transactionTimeoutMs: 1000,
      producerId: -1,
      producerEpoch: -1,
    })
  }
  const list = (transactionalIdPattern: string | null) => {
    const answer = client.call(apis.ListTransactions, 2, { durationFilter: -1, transactionalIdPattern })
    return [answer.errorCode, answer.transactionStates.map((one) => one.transactionalId).sort()]
  }
  assert.deepEqual(list('app-.*'), [0, ['app-1', 'app-2']])
  assert.deepEqual(list('.*app-1'), [0, ['app-1', 'my-app-1']])
  assert.deepEqual(list(null)[1], ['app-1', 'app-2', 'my-app-1', 'other'])
  assert.deepEqual(list(''), list(null))
  assert.deepEqual(list('app-('), [ErrorCode.INVALID_REGULAR_EXPRESSION, []])
  // A backreference, which RE2 has not got.
  assert.deepEqual(list('(a)\\1'), [ErrorCode.INVALID_REGULAR_EXPRESSION, []])
})

test('the quorum of one has an epoch for each start and offsets that never go back', () => {
  const { client, core, storage } = testCore()
  const quorum = (of: CoreClient) => {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    return of.call(apis.DescribeQuorum, 2, { topics }).topics[0]!.partitions[0]!
  }
  const first = quorum(client)
  createTopic(client, 'order')
  const second = quorum(client)
  assert.equal(second.leaderId, 1)
  assert.ok(second.highWatermark > first.highWatermark)
  core.close()
  const third = quorum(testCore({ storage }).client)
  assert.ok(third.leaderEpoch > second.leaderEpoch)
  assert.ok(third.highWatermark > second.highWatermark)
})
