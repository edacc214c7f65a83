import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalTopicsOf, isInternalTopic } from './internal-topic-names.ts'
import { parseDatetime, parseDuration, parseResetFile } from './reset-target.ts'

const invalid = { code: 'STREAMS_RESET_INVALID' }

test('moments are in UTC unless they say otherwise', () => {
  assert.equal(parseDatetime('2024-01-31T12:00:00.250'), Date.UTC(2024, 0, 31, 12, 0, 0, 250))
  assert.equal(parseDatetime('2024-01-31T12:00:00'), Date.UTC(2024, 0, 31, 12))
  assert.equal(parseDatetime('2024-01-31T12:00:00.000+02:00'), Date.UTC(2024, 0, 31, 10))
  assert.equal(parseDatetime('2024-01-31T12:00:00Z'), Date.UTC(2024, 0, 31, 12))
  for (const text of ['2024-01-31', 'yesterday', '2024-13-31T12:00:00', '']) {
    assert.throws(() => parseDatetime(text), invalid, text)
  }
})

test('durations are those of ISO 8601 with fixed lengths', () => {
  assert.equal(parseDuration('P1DT2H3M4.5S'), 86_400_000 + 2 * 3_600_000 + 3 * 60_000 + 4_500)
  assert.equal(parseDuration('PT90M'), 5_400_000)
  assert.equal(parseDuration('P7D'), 7 * 86_400_000)
  for (const text of ['P', 'PT', 'P1M', '1h', 'P1DT', '']) assert.throws(() => parseDuration(text), invalid, text)
})

test('a file names offsets as the tools of Kafka write them', () => {
  assert.deepEqual(parseResetFile('order,0,5\n"customer",1,12\r\n\n'), [
    { topic: 'order', partition: 0, offset: 5 },
    { topic: 'customer', partition: 1, offset: 12 },
  ])
  for (const text of ['', 'order,0', 'order,x,1', 'order,0,-1', 'order,0,1,2']) {
    assert.throws(() => parseResetFile(text), invalid, text)
  }
})

test('internal topics are told by their names, and those of an application with a longer id are its own', () => {
  const topics = [
    'spend-totals-changelog',
    'spend-by-customer-repartition',
    'spend-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000012-topic',
    'spend-eu-totals-changelog',
    'spend-report',
    'other-totals-changelog',
  ]
  assert.deepEqual(internalTopicsOf('spend', topics, ['spend', 'spend-eu', 'spend-']), [
    'spend-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000012-topic',
    'spend-by-customer-repartition',
    'spend-totals-changelog',
  ])
  assert.ok(isInternalTopic('spend-x-subscription-registration-topic', 'spend'))
  assert.ok(!isInternalTopic('spend-report', 'spend'))
})
