import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskSecrets, type Origin, resolveSettings, type SettingSources } from './settings.ts'

const none: SettingSources = { flags: {}, environment: {}, dotenv: {}, config: {} }
const all: SettingSources = {
  flags: { gatewayPort: '1' },
  environment: { MILLRACE_GATEWAY_PORT: '2' },
  dotenv: { MILLRACE_GATEWAY_PORT: '3' },
  config: { gatewayPort: 4 },
}

const cases: readonly (readonly [Partial<SettingSources>, string, Origin])[] = [
  [{}, '1', 'flag'],
  [{ flags: {} }, '2', 'environment'],
  [{ flags: {}, environment: {} }, '3', '.env'],
  [{ flags: {}, environment: {}, dotenv: {} }, '4', 'config'],
  [none, '8080', 'default'],
  [{ flags: { gatewayPort: '' } }, '2', 'environment'],
]
for (const [without, value, origin] of cases) {
  test(`${origin} gives ${value} with ${JSON.stringify(without)}`, () => {
    assert.deepEqual(resolveSettings({ ...all, ...without }).gatewayPort, { value, origin })
  })
}

test('brokers may be a list, and a port has to be one wherever it comes from', () => {
  assert.equal(resolveSettings({ ...none, config: { brokers: ['a:1', 'b:2'] } }).brokers.value, 'a:1,b:2')
  assert.throws(() => resolveSettings({ ...none, environment: { MILLRACE_GATEWAY_PORT: 'http' } }), {
    code: 'CONFIG_INVALID',
    message: /"http" \(from environment\)/,
  })
})

test('passwords are masked in URLs, also several and odd ones', () => {
  assert.equal(maskSecrets('url', 'postgres://u:p%40ss@h/d'), 'postgres://u:********@h/d')
  assert.equal(maskSecrets('url', 'postgres://u:p:w@h/d'), 'postgres://u:********@h/d')
  assert.equal(maskSecrets('brokers', 'sasl://a:x@h:1,sasl://b:y@i:2'), 'sasl://a:********@h:1,sasl://b:********@i:2')
  assert.equal(maskSecrets('url', 'postgres://:secret@h/d'), 'postgres://:********@h/d')
  assert.equal(maskSecrets('apiToken', 'abc'), '********')
  assert.equal(maskSecrets('brokers', 'h:1'), 'h:1')
})
