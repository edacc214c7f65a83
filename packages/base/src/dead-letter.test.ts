import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFactory } from './index.ts'
import {
  deadLetterHeaders,
  deadLetterId,
  deadLetterPrefixes,
  deadLetterStacktraceMaxChars,
  deadLetterTopic,
  readDeadLetter,
} from './internal.ts'

const fail = errorFactory({ CONTRACT_MISMATCH: { retriable: false, cause: 'x', remedy: 'y' } })
const failure = {
  topic: 'order',
  partition: 2,
  offset: 41,
  stage: 'deserialize',
  error: fail('CONTRACT_MISMATCH', 'the value is not JSON'),
  attempt: 3,
  application: 'cancel-orders',
  headers: [
    { key: 'id', value: Buffer.from('e1') },
    { key: 'empty', value: null },
  ],
}

test('the envelope says where and why, after the headers of the record', () => {
  const headers = deadLetterHeaders(failure)
  assert.deepEqual(headers.slice(0, 2), failure.headers)
  const { stacktrace, ...letter } = readDeadLetter(headers)!
  assert.match(stacktrace, /the value is not JSON/)
  assert.deepEqual(letter, {
    topic: 'order',
    partition: 2,
    offset: 41,
    stage: 'deserialize',
    exception: 'CONTRACT_MISMATCH',
    message: 'the value is not JSON',
    attempt: 3,
    application: 'cancel-orders',
  })
  assert.ok(headers.some(({ key, value }) => key === '__millrace.errors.offset' && value?.toString() === '41'))
})

test('a record that fails again carries one envelope, the newest', () => {
  const first = deadLetterHeaders(failure)
  const second = deadLetterHeaders({ ...failure, topic: 'order.dlq', offset: 5, headers: first })
  assert.equal(second.length, first.length)
  assert.equal(readDeadLetter(second)?.topic, 'order.dlq')
})

test('an envelope of Kafka Streams is read', () => {
  const headers = deadLetterHeaders({ ...failure, headers: [] }, deadLetterPrefixes.streams)
  assert.ok(headers.every(({ key }) => key.startsWith('__streams.errors.')))
  assert.equal(readDeadLetter(headers)?.offset, 41)
})

test('headers without an envelope are no dead letter, and a broken one does not throw', () => {
  assert.equal(readDeadLetter(failure.headers), undefined)
  const broken = readDeadLetter([
    { key: '__millrace.errors.offset', value: Buffer.from('many') },
    { key: '__millrace.errors.topic', value: Buffer.of(0xff) },
  ])
  assert.equal(broken?.offset, -1)
})

test('errors without a code are named by their class, and what is thrown need not be an error', () => {
  const named = readDeadLetter(deadLetterHeaders({ ...failure, error: new RangeError('too far') }))
  assert.deepEqual([named?.exception, named?.message], ['RangeError', 'too far'])
  const bare = readDeadLetter(deadLetterHeaders({ ...failure, error: 'plain' }))
  assert.deepEqual([bare?.exception, bare?.message, bare?.stacktrace], ['string', 'plain', ''])
})

test('a long stack trace is cut', () => {
  const error = new Error('long')
  error.stack = 'x'.repeat(100_000)
  assert.equal(
    readDeadLetter(deadLetterHeaders({ ...failure, error }))?.stacktrace.length,
    deadLetterStacktraceMaxChars,
  )
})

test('the same record set aside twice by one application has one id', () => {
  const letter = readDeadLetter(deadLetterHeaders(failure))!
  assert.equal(deadLetterId(letter), 'cancel-orders/order/2/41')
  assert.equal(deadLetterId(failure), deadLetterId(letter))
  assert.equal(deadLetterTopic('order'), 'order.dlq')
})
