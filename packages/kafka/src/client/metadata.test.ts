import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, encodeMessage, MetadataResponse } from '@millrace/protocol'
import { MetadataCache } from './metadata.ts'

const topicId = 'Fyyj6XVZQp6xWARdhsWJ2g'
const otherId = 'pbZDzJfDR9izvIPSMS92xQ'

function response(leaderId: number, leaderEpoch: number, id = topicId, errorCode = 0): MetadataResponse {
  const brokers = [1, 2].map((nodeId) => ({ nodeId, host: `host-${nodeId}`, port: 9092 }))
  const partitions = [{ partitionIndex: 0, leaderId, leaderEpoch, replicaNodes: [1, 2], isrNodes: [1, 2] }]
  const topics = [{ name: 't', topicId: id, errorCode, partitions: errorCode === 0 ? partitions : [] }]
  return decodeMessage(MetadataResponse, 12, encodeMessage(MetadataResponse, 12, { brokers, topics, clusterId: 'c' }))
}

test('a broker that lags behind does not bring a deposed leader back', () => {
  const cache = new MetadataCache()
  cache.update(response(2, 5), 0)
  cache.update(response(1, 4), 1)
  assert.equal(cache.partition('t', 0)?.leader, 2)
  cache.update(response(1, 6), 2)
  assert.equal(cache.partition('t', 0)?.leader, 1)
})

test('a topic created anew begins with its own epochs', () => {
  const cache = new MetadataCache()
  cache.update(response(2, 5), 0)
  cache.update(response(1, 0, otherId), 1)
  assert.equal(cache.partition('t', 0)?.leader, 1)
  assert.equal(cache.topicName(topicId), undefined)
  assert.equal(cache.topicName(otherId), 't')
})

test('a new leader named by a Produce or Fetch response is taken over if it is newer and known', () => {
  const cache = new MetadataCache()
  cache.update(response(1, 5), 0)
  cache.updateLeader('t', 0, 2, 5)
  assert.equal(cache.partition('t', 0)?.leader, 1)
  cache.updateLeader('t', 0, 9, 6)
  assert.equal(cache.partition('t', 0)?.leader, 1)
  cache.updateLeader('t', 0, 2, 6)
  assert.equal(cache.partition('t', 0)?.leader, 2)
})

test('a topic that fails is forgotten and its error told', () => {
  const cache = new MetadataCache()
  cache.update(response(1, 0), 0)
  const failed = cache.update(response(1, 0, topicId, 3), 1)
  assert.deepEqual([...failed], [['t', 3]])
  assert.equal(cache.topic('t'), undefined)
})
