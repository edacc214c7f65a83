import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { connectError } from '../errors.ts'
import { PipelineFailure, RetryWindow, strictPolicy } from './pipeline.ts'

class Converter {}
const passing = new PipelineFailure('VALUE_CONVERTER', new Converter(), connectError('CONNECT_NO_TOPICS', 'not yet'))
const lasting = new PipelineFailure('VALUE_CONVERTER', new Converter(), new Error('never'))

test('a failure that may pass is tried again for as long as the policy says, from the first of a row on', () => {
  const clock = new VirtualClock()
  const window = new RetryWindow({ ...strictPolicy, retryTimeoutMs: 1_000 }, clock)
  assert.throws(() => window.check(passing, 'a record'), { code: 'CONNECT_RECORD_RETRIED', retriable: true })
  clock.advance(999)
  assert.throws(() => window.check(passing, 'a record'), { code: 'CONNECT_RECORD_RETRIED' })
  clock.advance(1)
  window.check(passing, 'a record')
  window.clear()
  assert.throws(() => window.check(passing, 'another one'), { code: 'CONNECT_RECORD_RETRIED' })
})

test('without a time-out nothing is tried again, nor is what will not pass', () => {
  const clock = new VirtualClock()
  new RetryWindow(strictPolicy, clock).check(passing, 'a record')
  new RetryWindow({ ...strictPolicy, retryTimeoutMs: -1 }, clock).check(lasting, 'a record')
  const forEver = new RetryWindow({ ...strictPolicy, retryTimeoutMs: -1 }, clock)
  for (let day = 0; day < 3; day++) {
    assert.throws(() => forEver.check(passing, 'a record'), { code: 'CONNECT_RECORD_RETRIED' })
    clock.advance(86_400_000)
  }
})
