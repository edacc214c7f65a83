import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginNames } from './plugin-registry.ts'

const plugin = (...classNames: [string, ...string[]]) => ({ classNames })

test('a class answers to its name, to the last part of it, and to that without Connector', () => {
  const lines = plugin('org.example.LinesConnector', 'org.other.Rows')
  const names = new PluginNames('connector', [lines])
  for (const name of ['org.example.LinesConnector', 'LinesConnector', 'Lines', 'org.other.Rows', 'Rows']) {
    assert.equal(names.find(name), lines, name)
  }
  assert.equal(names.find('lines'), undefined)
  assert.match(names.unknown('Line'), /there is no connector Line \(did you mean Lines\?\)/)
})

test('of a class that is known to be missing it is said what there is instead, and not another that sounds alike', () => {
  const names = new PluginNames('connector', [plugin('io.confluent.connect.jdbc.JdbcSinkConnector')])
  const message = names.unknown('io.confluent.connect.jdbc.JdbcSourceConnector')
  assert.match(message, /there is no connector .*JdbcSourceConnector; .*PostgresConnector captures.*polls an outbox/)
  const converters = new PluginNames('converter', [plugin('JsonConverter')])
  assert.match(converters.unknown('io.confluent.connect.avro.AvroConverter'), /JsonConverter with schemas/)
})

test('a short name that two classes share names neither', () => {
  const names = new PluginNames('connector', [plugin('a.JdbcSinkConnector'), plugin('b.JdbcSinkConnector')])
  assert.equal(names.find('JdbcSink'), undefined)
  assert.equal(
    names.unknown('JdbcSink'),
    'JdbcSink is the short name of a.JdbcSinkConnector and b.JdbcSinkConnector; name one of them in full',
  )
  assert.notEqual(names.find('b.JdbcSinkConnector'), undefined)
})

test('a name in full goes before a short one, and a later plugin before an earlier one of the same name', () => {
  const [mine, theirs, newer] = [plugin('Lines'), plugin('org.example.Lines'), plugin('org.example.Lines')]
  const names = new PluginNames('connector', [theirs, mine, newer])
  assert.equal(names.find('Lines'), mine)
  assert.equal(names.find('org.example.Lines'), newer)
})
