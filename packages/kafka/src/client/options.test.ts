import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientSettings, parseBrokers } from './options.ts'

test('bootstrap lists are read in every form people write them', () => {
  assert.deepEqual(parseBrokers('a:1, b:2,'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ])
  assert.deepEqual(parseBrokers(['[::1]:9092']), [{ host: '::1', port: 9092 }])
})

test('what is no host:port is named', () => {
  for (const wrong of ['a', 'a:', ':1', 'a:0', 'a:99999', 'kafka://a:1', '::1:9092']) {
    assert.throws(() => parseBrokers(wrong), { message: `"${wrong}" is not host:port` })
  }
  assert.throws(() => parseBrokers(''), TypeError)
})

test('an option that nobody reads is refused, with the one that was meant', () => {
  const options = { brokers: 'a:1', requestTimeout: 5 } as unknown as Parameters<typeof clientSettings>[0]
  assert.throws(() => clientSettings(options), /did you mean `requestTimeoutMs`/)
})
