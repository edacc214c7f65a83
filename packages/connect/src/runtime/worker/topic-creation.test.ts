import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topicRules } from './topic-creation.ts'

const properties = {
  'topic.creation.default.partitions': '3',
  'topic.creation.default.replication.factor': '-1',
  'topic.creation.groups': 'logs, small',
  'topic.creation.logs.include': 'log-.*,audit',
  'topic.creation.logs.exclude': 'log-tmp.*',
  'topic.creation.logs.partitions': '8',
  'topic.creation.logs.replication.factor': '2',
  'topic.creation.logs.cleanup.policy': 'compact',
  'topic.creation.small.include': '.*-tiny',
  'topic.creation.small.partitions': '1',
}

test('a topic is created as the first group says whose patterns take its whole name, or else the default', () => {
  const rule = topicRules(properties, {})
  const logs = { partitions: 8, replicationFactor: 2, config: { 'cleanup.policy': 'compact' } }
  assert.deepEqual(rule('log-tiny'), { name: 'log-tiny', ...logs })
  assert.deepEqual(rule('audit'), { name: 'audit', ...logs })
  assert.deepEqual(rule('log-tmp-tiny'), { name: 'log-tmp-tiny', partitions: 1 })
  assert.deepEqual(rule('my-audit'), { name: 'my-audit', partitions: 3 })
})

test('without such properties topics are created as the connector says', () => {
  assert.deepEqual(topicRules({ name: 'x' }, { newTopic: (name) => ({ name, partitions: 5 }) })('a'), {
    name: 'a',
    partitions: 5,
  })
  assert.deepEqual(topicRules({ name: 'x' }, {})('a'), { name: 'a' })
})
