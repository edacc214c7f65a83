import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFactory } from './index.ts'
import {
  deadLetterHeaders,
  deadLetterId,
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

test('errors of databases are named by their code', () => {
  class DatabaseError extends Error {
    override readonly name = 'error'
    readonly code = '22P02'
  }
  const named = (error: unknown) => readDeadLetter(deadLetterHeaders({ ...failure, error }))?.exception
  assert.equal(named(new DatabaseError('invalid input syntax')), 'DatabaseError 22P02')
  assert.equal(named(Object.assign(new Error('twice'), { code: 'ER_DUP_ENTRY' })), 'Error ER_DUP_ENTRY')
  assert.equal(named(new RangeError('too far')), 'RangeError')
})

test('a record that fails again carries one envelope, the newest', () => {
  const first = deadLetterHeaders(failure)
  const second = deadLetterHeaders({ ...failure, topic: 'order.dlq', offset: 5, headers: first })
  assert.equal(second.length, first.length)
  assert.equal(readDeadLetter(second)?.topic, 'order.dlq')
})

function texts(headers: readonly { key: string; value: Buffer | null }[]): Record<string, string | undefined> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, value?.toString()]))
}

test('the names of Kafka Streams stand beside ours, the stack trace once', () => {
  const headers = texts(deadLetterHeaders({ ...failure, headers: [] }, 'streams'))
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('__streams')),
    ['exception', 'message', 'stacktrace', 'topic', 'partition', 'offset'].map((name) => `__streams.errors.${name}`),
  )
  assert.equal(headers['__streams.errors.offset'], '41')
  assert.equal(headers['__millrace.errors.application'], 'cancel-orders')
  assert.equal('__millrace.errors.stacktrace' in headers, false)
  assert.match(readDeadLetter(deadLetterHeaders(failure, 'streams'))!.stacktrace, /the value is not JSON/)
})

test('the names of Kafka Connect stand beside ours', () => {
  const headers = texts(deadLetterHeaders({ ...failure, headers: [] }, { taskId: '3', className: 'JsonConverter' }))
  const { '__connect.errors.exception.stacktrace': stacktrace, ...short } = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('__connect.')),
  )
  assert.match(stacktrace!, /the value is not JSON/)
  assert.deepEqual(short, {
    '__connect.errors.topic': 'order',
    '__connect.errors.partition': '2',
    '__connect.errors.offset': '41',
    '__connect.errors.connector.name': 'cancel-orders',
    '__connect.errors.task.id': '3',
    '__connect.errors.stage': 'VALUE_CONVERTER',
    '__connect.errors.class.name': 'JsonConverter',
    '__connect.errors.exception.class.name': 'CONTRACT_MISMATCH',
    '__connect.errors.exception.message': 'the value is not JSON',
  })
})

test('envelopes that Kafka Streams and Kafka Connect wrote themselves are read', () => {
  const theirs = (prefix: string, fields: Record<string, string>) =>
    Object.entries(fields).map(([name, text]) => ({ key: prefix + name, value: Buffer.from(text) }))
  const streams = readDeadLetter(theirs('__streams.errors.', { topic: 'order', partition: '1', offset: '7' }))
  assert.deepEqual([streams?.topic, streams?.partition, streams?.offset, streams?.application], ['order', 1, 7, ''])
  const connect = readDeadLetter(
    theirs('__connect.errors.', {
      topic: 'order',
      partition: '1',
      offset: '8',
      'connector.name': 'jdbc',
      'task.id': '0',
      stage: 'KEY_CONVERTER',
      'exception.class.name': 'org.apache.kafka.connect.errors.DataException',
      'exception.message': 'no schema',
      'exception.stacktrace': 'at …',
    }),
  )
  assert.deepEqual(connect, {
    topic: 'order',
    partition: 1,
    offset: 8,
    stage: 'deserialize',
    exception: 'org.apache.kafka.connect.errors.DataException',
    message: 'no schema',
    stacktrace: 'at …',
    attempt: 1,
    application: 'jdbc',
  })
})

test('an envelope of any family is replaced by the next one', () => {
  const first = deadLetterHeaders(failure, {})
  const second = deadLetterHeaders({ ...failure, application: 'later', headers: first })
  assert.equal(
    second.some(({ key }) => key.startsWith('__connect.')),
    false,
  )
  assert.equal(readDeadLetter(second)?.application, 'later')
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
