import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '@millrace/base'
import { verdictOn } from './failures.ts'

const error = (code: string, retriable: boolean, cause?: unknown): Error =>
  new MillraceError(code, code, { retriable, remedy: '', cause })

test('what passes by itself is waited for, what needs people ends the connector', () => {
  assert.equal(verdictOn(error('POSTGRES_UNAVAILABLE', true)), 'retry')
  assert.equal(verdictOn(error('POSTGRES_WAL_LEVEL', false)), 'fail')
  assert.equal(verdictOn(error('KAFKA_TRANSACTION_ABORTABLE', false)), 'retry')
  assert.equal(verdictOn(new TypeError('a defect')), 'fail')
})

test('a lost producer is looked through to what lost it', () => {
  const failed = (cause: unknown): Error => error('KAFKA_PRODUCER_FAILED', false, cause)
  assert.equal(verdictOn(failed(error('KAFKA_PRODUCER_FENCED', false))), 'standby')
  assert.equal(verdictOn(error('KAFKA_FENCED', false)), 'standby')
  assert.equal(verdictOn(failed(error('KAFKA_MESSAGE_TOO_LARGE', false))), 'fail')
  assert.equal(verdictOn(failed(error('KAFKA_DISCONNECTED', true))), 'retry')
})
