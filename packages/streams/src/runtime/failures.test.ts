import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '@millrace/base'
import { ErrorCode, kafkaErrorByCode } from '@millrace/protocol'
import { classifyFailure } from './failures.ts'

const failure = (code: string, cause?: unknown): MillraceError =>
  new MillraceError(code, code, { retriable: false, remedy: '', fields: {}, cause })
/** As the client passes on what a coordinator answered to an open transaction. */
const abortable = (errorCode: number): MillraceError =>
  failure('KAFKA_TRANSACTION_ABORTABLE', failure(`KAFKA_${kafkaErrorByCode(errorCode).name}`))

test('a transaction that the group has overtaken begins again', () => {
  assert.equal(classifyFailure(abortable(ErrorCode.ILLEGAL_GENERATION)), 'lost')
})

test('metadata that is too large for the broker would be so at every commit', () => {
  assert.equal(classifyFailure(abortable(ErrorCode.OFFSET_METADATA_TOO_LARGE)), 'fatal')
})

test('a process whose name another has ends, but not for a commit that its own new member id has fenced', () => {
  const fenced = failure('KAFKA_FENCED_INSTANCE_ID')
  assert.equal(classifyFailure(failure('KAFKA_FENCED', fenced)), 'fatal')
  assert.equal(classifyFailure(abortable(ErrorCode.FENCED_INSTANCE_ID)), 'lost')
  // Of a producer: its own successor has its transactional id.
  assert.equal(classifyFailure(failure('KAFKA_FENCED', failure('KAFKA_PRODUCER_FENCED'))), 'lost')
})
