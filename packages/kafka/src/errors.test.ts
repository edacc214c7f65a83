import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '@millrace/protocol'
import { brokerError } from './errors.ts'

test('a refusal says which right is missing, and on what', () => {
  const remedyOf = (name: keyof typeof ErrorCode, what: string): string => brokerError(ErrorCode[name], what).remedy
  assert.match(remedyOf('TOPIC_AUTHORIZATION_FAILED', 'Fetch'), /READ to consume, WRITE to produce/)
  assert.match(remedyOf('GROUP_AUTHORIZATION_FAILED', 'JoinGroup'), /READ/)
  assert.match(remedyOf('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'InitProducerId'), /WRITE on the transactional id/)
  assert.match(remedyOf('CLUSTER_AUTHORIZATION_FAILED', 'CreateAcls'), /acls add --cluster/)
  assert.match(remedyOf('CLUSTER_AUTHORIZATION_FAILED', 'InitProducerId'), /WRITE on any topic, or IDEMPOTENT_WRITE/)
})

test('what a client may get wrong is never answered with "look it up"', () => {
  const names = ['INVALID_CONFIG', 'INVALID_TOPIC_EXCEPTION', 'INVALID_PARTITIONS', 'SECURITY_DISABLED'] as const
  for (const name of names) assert.doesNotMatch(brokerError(ErrorCode[name], 'x').remedy, /error table/, name)
})
