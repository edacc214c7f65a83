import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schemaRegistry } from './client/schema-registry.ts'
import { registryConfig } from './registry-config.ts'

test('settings under the names that others have become options', () => {
  const options = registryConfig({
    'schema.registry.url': 'http://one:8081,http://two:8081',
    'basic.auth.credentials.source': 'USER_INFO',
    'basic.auth.user.info': 'ann:p:w',
    'auto.register.schemas': 'false',
    'use.latest.version': true,
    'latest.compatibility.strict': 'false',
    'id.compatibility.strict': 'false',
    'normalize.schemas': 'true',
    'use.schema.id': 7,
    'key.subject.name.strategy': 'io.confluent.kafka.serializers.subject.RecordNameStrategy',
    'value.subject.name.strategy': 'io.confluent.kafka.serializers.subject.RecordNameStrategy',
  })
  assert.deepEqual(options, {
    urls: 'http://one:8081,http://two:8081',
    auth: { username: 'ann', password: 'p:w' },
    serdes: {
      autoRegisterSchemas: false,
      useLatestVersion: true,
      latestCompatibilityStrict: false,
      idCompatibilityStrict: false,
      normalizeSchemas: true,
      useSchemaId: 7,
      subjectName: 'record',
    },
  })
  schemaRegistry(options).close()
})

test('keys and values may be named in two ways', () => {
  const { serdes } = registryConfig({
    'schema.registry.url': 'mock://a',
    'value.subject.name.strategy': 'TopicRecordNameStrategy',
  })
  const naming = serdes?.subjectName
  assert.ok(typeof naming === 'function')
  assert.equal(naming({ topic: 't', role: 'key', recordName: 'R' }), 't-key')
  assert.equal(naming({ topic: 't', role: 'value', recordName: 'R' }), 't-R')
})

test('a token is sent as it is', () => {
  const { auth } = registryConfig({ 'schema.registry.url': 'mock://a', 'bearer.auth.token': 't' })
  assert.deepEqual(auth, { token: 't' })
})

for (const [settings, code] of [
  [{ 'auto.registr.schemas': 'true' }, 'CONFIG_UNKNOWN_OPTION'],
  [{ 'auto.register.schemas': 'yes' }, 'CONFIG_INVALID_OPTION'],
  [{ 'basic.auth.credentials.source': 'SASL_INHERIT' }, 'CONFIG_INVALID_OPTION'],
  [{ 'bearer.auth.credentials.source': 'OAUTHBEARER' }, 'CONFIG_INVALID_OPTION'],
  [{ 'value.subject.name.strategy': 'com.example.Own' }, 'CONFIG_INVALID_OPTION'],
] as const) {
  test(`${JSON.stringify(settings)} is refused`, () => {
    assert.throws(() => registryConfig({ 'schema.registry.url': 'mock://a', ...settings }), { code })
  })
}
