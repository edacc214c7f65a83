import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import type { KafkaClient } from '@millrace/kafka'
import type { Properties } from '../src/config/config-def.ts'
import { jsonConverter } from '../src/converters/json-converter.ts'
import { simpleHeaderConverter } from '../src/converters/simple-header-converter.ts'
import type { SinkConnector } from '../src/index.ts'
import { strictPolicy } from '../src/runtime/pipeline.ts'
import type { SinkPlugin } from '../src/runtime/plugin.ts'
import { confluentJdbcSink, debeziumJdbcSink } from '../src/sinks/jdbc/plugins.ts'
import { SinkDriver } from './support/sink-driver.ts'

describe('JDBC sinks by their properties', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-jdbc-'))
  const file = join(folder, 'target.db')
  const database = new DatabaseSync(file, { timeout: 1_000 })
  database.exec('pragma journal_mode = wal')
  const url = { 'connection.url': `jdbc:sqlite:${file}` }
  let cases = 0

  after(() => {
    database.close()
    rmSync(folder, { recursive: true })
  })

  function made(plugin: SinkPlugin, topic: string, properties: Properties, schemas = false): SinkConnector {
    const converter = (isKey: boolean) => jsonConverter.create({ 'schemas.enable': String(schemas) }, { isKey })
    return plugin.create(properties, {
      name: `jdbc-${++cases}`,
      client: undefined as unknown as KafkaClient,
      pipeline: {
        keyConverter: converter(true),
        valueConverter: converter(false),
        headerConverter: simpleHeaderConverter.create({}),
        transforms: [],
      },
      errors: strictPolicy,
      topics: [{ name: topic }],
    })
  }

  const rows = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))

  test("a config of Confluent's sink: upserts by fields of the key, chosen fields, tables after topics", async () => {
    const connector = made(confluentJdbcSink, 'orders', {
      ...url,
      'insert.mode': 'upsert',
      'pk.mode': 'record_key',
      'pk.fields': 'id',
      'delete.enabled': 'true',
      'auto.create': 'true',
      'auto.evolve': 'true',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
      'table.name.format': 'kafka_${topic}',
      'fields.whitelist': 'amount,note',
      'quote.sql.identifiers': 'ALWAYS',
    })
    await using driver = await SinkDriver.open(connector)
    await driver.put([
      { key: { id: 1, part: 'x' }, value: { amount: 1.5, secret: 's' } },
      { key: { id: 2, part: 'x' }, value: { amount: 2, note: 'n', secret: 's' } },
      { key: { id: 1, part: 'y' }, value: null },
    ])
    assert.deepEqual(rows('select * from kafka_orders'), [{ id: 2, amount: 2, note: 'n' }])
    driver.noDeadLetters()
  })

  test("without delete.enabled a tombstone is a bad record to Confluent's sink and nothing to Debezium's", async () => {
    const confluent = made(confluentJdbcSink, 'a', { ...url, 'auto.create': 'true' })
    await using first = await SinkDriver.open(confluent)
    await first.put([
      { key: 1, value: { n: 1 } },
      { key: 1, value: null },
    ])
    assert.deepEqual(
      first.takeDeadLetters().map(([offset]) => offset),
      [1],
    )
    const debezium = made(debeziumJdbcSink, 'b', { ...url, 'schema.evolution': 'basic' })
    await using second = await SinkDriver.open(debezium)
    await second.put([
      { key: 1, value: { n: 1 } },
      { key: 1, value: null },
    ])
    second.noDeadLetters()
    assert.deepEqual(rows('select n from b'), [{ n: 1 }])
  })

  test("a config of Debezium's sink: change events with schemas, headers as key, dots of topics as underscores", async () => {
    const connector = made(
      debeziumJdbcSink,
      'server.public.Orders',
      {
        ...url,
        'insert.mode': 'upsert',
        'primary.key.mode': 'record_key',
        'delete.enabled': 'true',
        'schema.evolution': 'basic',
        'field.exclude.list': 'server.public.Orders:internal',
        'use.reduction.buffer': 'true',
      },
      true,
    )
    await using driver = await SinkDriver.open(connector)
    const row = {
      type: 'struct',
      optional: true,
      fields: [
        { field: 'Id', type: 'int32' },
        { field: 'day', type: 'int32', name: 'io.debezium.time.Date' },
        { field: 'internal', type: 'string', optional: true },
      ],
    }
    const schema = {
      type: 'struct',
      name: 'server.public.Orders.Envelope',
      fields: [
        { ...row, field: 'before' },
        { ...row, field: 'after' },
        { field: 'op', type: 'string' },
      ],
    }
    const key = (Id: number) => ({
      schema: { type: 'struct', fields: [{ field: 'Id', type: 'int32' }] },
      payload: { Id },
    })
    const change = (op: string, before: object | null, after: object | null) => ({
      schema,
      payload: { before, after, op },
    })
    await driver.put([
      { key: key(1), value: change('c', null, { Id: 1, day: 19_782, internal: 'i' }) },
      { key: key(2), value: change('c', null, { Id: 2, day: 0, internal: 'i' }) },
      { key: key(2), value: change('d', { Id: 2, day: 0, internal: 'i' }, null) },
      { key: key(2), value: null },
    ])
    driver.noDeadLetters()
    assert.deepEqual(rows('select * from server_public_orders'), [{ id: 1, day: '2024-02-29' }])
  })

  test('what cannot be meant is refused before anything runs, and what is not supported says why', () => {
    const upsert = { ...url, 'insert.mode': 'upsert' }
    for (const [plugin, properties, message] of [
      [confluentJdbcSink, upsert, /needs a primary key/],
      [confluentJdbcSink, { ...url, 'delete.enabled': 'true' }, /record_key/],
      [confluentJdbcSink, { ...url, 'insert.mode': 'usert' }, /insert\.mode/],
      [confluentJdbcSink, { ...url, 'pk.mod': 'none' }, /pk\.mode/],
      [confluentJdbcSink, { ...url, 'max.retries': '3' }, /outage pauses/],
      [confluentJdbcSink, { ...url, 'dialect.name': 'MySqlDatabaseDialect' }, /leads to SQLite/],
      [confluentJdbcSink, { 'connection.url': 'jdbc:oracle:thin:@//host/x' }, /connection\.url/],
      [debeziumJdbcSink, { ...url, 'primary.key.mode': 'record_header' }, /names of headers/],
      [debeziumJdbcSink, { ...url, 'use.time.zone': 'Europe/Vienna' }, /use\.time\.zone/],
    ] as const) {
      assert.throws(() => made(plugin, 't', properties as Properties), { code: 'CONNECT_CONFIG_INVALID', message })
    }
  })
})
