import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, kafkaErrorByCode, murmur2, partitionForKey } from '@millrace/protocol'
import { errorFixtures, murmur2Fixtures } from './fixtures.ts'

test('murmur2 is that of the Java clients', () => {
  for (const [key, hash] of murmur2Fixtures()) {
    const bytes = Buffer.from(key, 'base64')
    assert.equal(murmur2(bytes), hash)
    assert.equal(partitionForKey(bytes, 12), (hash & 0x7fffffff) % 12)
  }
})

test('the error table is that of the Java clients', () => {
  const errors = errorFixtures()
  assert.deepEqual(ErrorCode, Object.fromEntries(errors.map(({ name, code }) => [name, code])))
  for (const { code, name, retriable } of errors) {
    const known = kafkaErrorByCode(code)
    assert.deepEqual([known.name, known.retriable], [name, retriable])
  }
})

test('a code that nobody has defined is described, not thrown at', () => {
  assert.deepEqual(kafkaErrorByCode(9999), {
    code: 9999,
    name: 'UNKNOWN_ERROR_9999',
    retriable: false,
    message: 'unknown error 9999',
  })
})
