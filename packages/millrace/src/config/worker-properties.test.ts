import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workerConfig } from './worker-properties.ts'

test('the properties of a distributed worker become a configuration', () => {
  const { config, notes, password } = workerConfig('w.properties', {
    'bootstrap.servers': 'one:9092, two:9092',
    'group.id': 'connect-cluster',
    'config.storage.topic': 'configs',
    'offset.storage.topic': 'offsets',
    'status.storage.topic': 'statuses',
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-256',
    'sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required username="connect" password="p;w";',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': '/etc/ca.pem',
    'key.converter': 'StringConverter',
    'value.converter.schemas.enable': 'false',
    'config.providers': 'file',
    listeners: 'http://127.0.0.1:8083',
    'session.timeout.ms': '1000',
    'producer.linger.ms': '5',
    'rest.advertised.listener': 'http',
    'inter.worker.key.size': '256',
  })
  assert.deepEqual(config, {
    brokers: ['one:9092', 'two:9092'],
    kafka: { tls: true, ca: '/etc/ca.pem', login: 'connect', mechanism: 'SCRAM-SHA-256' },
    gateway: { host: '127.0.0.1', port: 8083 },
    connect: {
      groupId: 'connect-cluster',
      configTopic: 'configs',
      offsetTopic: 'offsets',
      statusTopic: 'statuses',
      properties: {
        'key.converter': 'StringConverter',
        'value.converter.schemas.enable': 'false',
        'config.providers': 'file',
      },
    },
  })
  assert.equal(password, 'p;w')
  assert.deepEqual(
    notes.map((note) => note.split(' ')[0]),
    ['session.timeout.ms', 'producer.linger.ms', 'rest.advertised.listener', 'inter.worker.key.size'],
  )
})

test('a standalone worker keeps nothing but positions; its file of offsets is told to have no effect', () => {
  const { config, notes } = workerConfig('w.properties', {
    'bootstrap.servers': 'one:9092',
    'offset.storage.file.filename': '/tmp/connect.offsets',
  })
  assert.deepEqual(config.connect, { storage: 'memory', properties: {} })
  assert.match(
    notes[0] ?? '',
    /offset\.storage\.file\.filename of w\.properties has no effect: positions lie in a topic/,
  )
})

test('what cannot be had is refused with the name', () => {
  const refused = (properties: Record<string, string>, message: RegExp): void => {
    assert.throws(() => workerConfig('w.properties', properties), { code: 'CONFIG_INVALID', message })
  }
  refused({ 'bootstrap.server': 'one:9092' }, /no property "bootstrap\.server"/)
  refused({ listeners: 'https://:8443' }, /listeners/)
  // Somebody relies on who it lets in.
  refused({ 'rest.extension.classes': 'org.example.BasicAuth' }, /rest\.extension\.classes/)
  refused({ 'security.protocol': 'SSL', 'ssl.truststore.location': '/etc/store.jks' }, /PEM/)
})
