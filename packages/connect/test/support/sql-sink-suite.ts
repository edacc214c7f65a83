import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { jsonConverter } from '../../src/converters/json-converter.ts'
import { simpleHeaderConverter } from '../../src/converters/simple-header-converter.ts'
import type { SinkConnector } from '../../src/index.ts'
import { pipelineDecoder } from '../../src/sinks/record-decoder.ts'
import type { SqlDialect } from '../../src/sinks/sql/dialect.ts'
import type { SqlSinkOptions } from '../../src/sinks/sql/options.ts'
import { contractSqlSink } from '../../src/sinks/sql/options.ts'
import type { SqlSinkSettings } from '../../src/sinks/sql/settings.ts'
import { sqlSink } from '../../src/sinks/sql/sql-sink.ts'
import { redrivenFor, SinkDriver } from './sink-driver.ts'

/** A database under test. */
export interface SqlTarget {
  dialect(): SqlDialect
  /** Rows as the driver gives them; names without quotes. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** For `create table` of the tests themselves. */
  readonly types: {
    readonly text: string
    readonly keyText: string
    readonly double: string
    /** Of a column `n` of 16 bits. */
    readonly small: string
  }
}

type Options = Partial<SqlSinkOptions<unknown, never>>

const struct = (fields: object[], name?: string) => ({ type: 'struct', fields, ...(name && { name }) })
const field = (name: string, type: string, more: object = {}) => ({ field: name, type, ...more })

/** What every SQL sink does, whatever the database. */
export function registerSqlSinkTests(target: () => SqlTarget, quote: (name: string) => string): void {
  let cases = 0
  const newTable = (): string => `sink_${++cases}`

  /** A sink of a contract with JSON values, or with whatever the serdes make of them. */
  function sink(table: string, options: Options = {}, key: keyof typeof keySerdes = 'string'): SinkConnector {
    const contract = topic(`t-${table}`, { key: keySerdes[key] as never, value: serdes.json<never>() })
    const dialect = () => target().dialect()
    return contractSqlSink(
      { where: 'testSink', place: 'at', dialect },
      contract as never,
      {
        at: 'here',
        table,
        mode: 'upsert',
        ...options,
      } as never,
    )
  }

  /** A sink of records with schemas, as Kafka Connect's JSON converter reads them. */
  function withSchemas(table: string, settings: Partial<SqlSinkSettings> = {}): SinkConnector {
    const converter = (isKey: boolean) => jsonConverter.create({ 'schemas.enable': 'true' }, { isKey })
    return sqlSink({
      topics: [{ name: `t-${table}` }],
      settings: {
        name: `of-${table}`,
        mode: 'upsert',
        tableOf: () => table,
        table: undefined,
        key: { from: 'key', columns: [], isWhole: 'auto' },
        hasPrimaryKey: true,
        deletes: true,
        tombstones: 'refuse',
        truncates: true,
        unwraps: true,
        creates: true,
        evolves: true,
        columns: undefined,
        isIncluded: () => true,
        columnName: (name) => name,
        maxBatchRows: 1_000,
        ...settings,
      },
      decoder: pipelineDecoder({
        keyConverter: converter(true),
        valueConverter: converter(false),
        headerConverter: simpleHeaderConverter.create({}),
        transforms: [],
      }),
      dialect: target().dialect(),
      connections: 2,
      onBadRecord: 'dead-letter',
    })
  }

  const rowsOf = (table: string, order = '1') => target().query(`select * from ${table} order by ${order}`)
  const plain = (rows: Record<string, unknown>[]) => rows.map((row) => Object.values(row).map(text))

  test('upserts the last value of each key and deletes on a tombstone; any suffix again leaves the same rows', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table))
    const records = [
      { key: 'a', value: { n: 1, s: 'x' } },
      { key: 'b', value: { n: 2, s: 'y' } },
      { key: 'a', value: { n: 3 } },
      { key: 'c', value: { n: 4, s: 'z' } },
      { key: 'c', value: null },
      { key: 'b', value: { n: 5, s: 'quote \' \\ " ` ? % \n 🌊' } },
    ]
    await driver.put(records)
    const expected = [
      ['a', '3', null],
      ['b', '5', 'quote \' \\ " ` ? % \n 🌊'],
    ]
    assert.deepEqual(plain(await rowsOf(table, quote('key'))), expected)
    for (let from = 0; from < records.length; from++) await driver.put(records.slice(from))
    assert.deepEqual(plain(await rowsOf(table, quote('key'))), expected)
    driver.noDeadLetters()
  })

  test('what came back for another application is left out, and its offset is passed', async () => {
    const table = newTable()
    const connector = sink(table, { name: `mine-${table}`, mode: 'insert' })
    await using driver = await SinkDriver.open(connector)
    await driver.put([
      { key: 'a', value: { n: 1 }, headers: redrivenFor('other', `t-${table}`) },
      { key: 'b', value: { n: 2 }, headers: redrivenFor(`mine-${table}`, `t-${table}`) },
      { key: 'c', value: { n: 3 }, headers: redrivenFor('other', `t-${table}`) },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [['b', '2']])
    driver.noDeadLetters()
    await using after = await SinkDriver.open(connector)
    assert.equal(after.nextOffset, 3)
  })

  test('inserts each record once, also those with the same key', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table, { mode: 'insert' }))
    await driver.put([
      { key: 'a', value: { n: 1 } },
      { key: 'a', value: { n: 2 } },
      { key: 'a', value: null },
    ])
    assert.deepEqual(plain(await rowsOf(table, 'n')), [
      ['a', '1'],
      ['a', '2'],
    ])
    assert.deepEqual(driver.takeDeadLetters(), [[2, 'a tombstone cannot be inserted']])
  })

  test('updates the rows that are there and adds none', async () => {
    const table = newTable()
    const { keyText, double } = target().types
    await target().query(`create table ${table} (id ${keyText} primary key, n ${double})`)
    await target().query(`insert into ${table} values ('a', 1), ('b', 2), ('c', 3)`)
    await using driver = await SinkDriver.open(sink(table, { mode: 'update', key: 'id' }))
    await driver.put([
      { key: 'a', value: { n: 10 } },
      { key: 'z', value: { n: 11 } },
      { key: 'b', value: null },
      { key: 'b', value: { n: 12 } },
      { key: 'a', value: { n: 13 } },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['a', '13'],
      ['c', '3'],
    ])
  })

  test('keys come from fields of the key, the value, headers, or the offset', async () => {
    const [ofKey, ofValue, ofHeaders, ofOffset] = [newTable(), newTable(), newTable(), newTable()]
    await using byKey = await SinkDriver.open(sink(ofKey, { key: ['shop', 'no'] }, 'json'))
    await byKey.put([
      { key: { shop: 'x', no: 1 }, value: { n: 1 } },
      { key: { shop: 'x', no: 2 }, value: { n: 2 } },
      { key: { shop: 'x', no: 1 }, value: null },
    ])
    assert.deepEqual(plain(await rowsOf(ofKey)), [['x', '2', '2']])
    await using byValue = await SinkDriver.open(sink(ofValue, { keyFrom: 'value', key: ['id'] }))
    await byValue.put([{ value: { id: 'p', n: 1 } }, { value: { id: 'p', n: 2 } }, { value: { n: 3 } }])
    assert.deepEqual(plain(await rowsOf(ofValue)), [['p', '2']])
    assert.deepEqual(byValue.takeDeadLetters(), [[2, 'the key column "id" would be null']])
    await using byHeader = await SinkDriver.open(sink(ofHeaders, { keyFrom: 'headers', key: ['tenant'] }))
    await byHeader.put([
      { value: { n: 1 }, headers: { tenant: 't1' } },
      { value: { n: 2 }, headers: { tenant: 't1' } },
    ])
    assert.deepEqual(plain(await rowsOf(ofHeaders)), [['t1', '2']])
    await using byOffset = await SinkDriver.open(sink(ofOffset, { mode: 'insert', keyFrom: 'offset' }))
    await byOffset.put([{ value: { n: 1 } }, { value: { n: 2 } }])
    assert.deepEqual(plain(await rowsOf(ofOffset, 'n')), [
      [`t-${ofOffset}`, '0', '0', '1'],
      [`t-${ofOffset}`, '0', '1', '2'],
    ])
  })

  test('keys that differ in case, accents or trailing blanks are different rows', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table))
    const keys = ['a', 'A', 'a ', 'á', '']
    await driver.put(keys.map((key) => ({ key, value: { n: 1 } })))
    assert.equal((await rowsOf(table)).length, keys.length)
    await driver.put([
      { key: 'A', value: null },
      { key: 'a ', value: null },
    ])
    assert.deepEqual((await rowsOf(table)).map((row) => row.key).sort(), ['', 'a', 'á'])
    driver.noDeadLetters()
  })

  test('deletions and writes keep their order also where keys that are different texts are one to the table', async () => {
    const table = newTable()
    const { small, double } = target().types
    await target().query(`create table ${table} (n ${small} primary key, v ${double})`)
    await using driver = await SinkDriver.open(sink(table, { key: 'n' }))
    await driver.put([
      { key: '01', value: null },
      { key: '1', value: { v: 1 } },
      { key: '2', value: { v: 1 } },
      { key: '02', value: null },
      { key: '3', value: { v: 1 } },
      { key: '03', value: null },
      { key: '3', value: { v: 2 } },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['1', '1'],
      ['3', '2'],
    ])
    driver.noDeadLetters()
  })

  test('a deletion by a key that is none of the column deletes nothing', async () => {
    const table = newTable()
    const { small, double } = target().types
    await target().query(`create table ${table} (n ${small} primary key, v ${double})`)
    await using driver = await SinkDriver.open(sink(table, { key: 'n' }))
    await driver.put(['0', '1', '2'].map((key) => ({ key, value: { v: 1 } })))
    for (const key of ['abc', '1x', '2.2', '']) await driver.put([{ key, value: null }])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['0', '1'],
      ['1', '1'],
      ['2', '1'],
    ])
  })

  test('another unique column is a constraint and not the key', async () => {
    const table = newTable()
    const { keyText, double } = target().types
    await target().query(`create table ${table} (id ${keyText} primary key, mail ${keyText} unique, n ${double})`)
    await using driver = await SinkDriver.open(sink(table, { key: 'id' }))
    await driver.put([
      { key: '1', value: { mail: 'm1', n: 1 } },
      { key: '2', value: { mail: 'm1', n: 2 } },
      { key: '3', value: { mail: 'm3', n: 3 } },
      { key: '1', value: { mail: 'm1', n: 4 } },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['1', 'm1', '4'],
      ['3', 'm3', '3'],
    ])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [1],
    )
  })

  test('a row that the table refuses goes to the dead letters alone', async () => {
    const table = newTable()
    const { keyText, double } = target().types
    await target().query(`create table ${table} (id ${keyText} primary key, n ${double} not null check (n < 100))`)
    await using driver = await SinkDriver.open(sink(table, { key: 'id' }))
    const records = Array.from({ length: 40 }, (_, i) => ({ key: `k${i}`, value: { n: i } as object }))
    records[7] = { key: 'k7', value: { n: 1_000 } }
    records[23] = { key: 'k23', value: {} }
    await driver.put([...records, { key: 'k5', value: { n: 2_000 } }, { key: 'k6', value: 'not json {' as never }])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [7, 23, 40, 41],
    )
    assert.equal((await rowsOf(table)).length, 38)
    assert.deepEqual(plain(await target().query(`select n from ${table} where id = 'k5'`)), [['5']])
  })

  test('a value that does not fit its column goes to the dead letters alone', async () => {
    const table = newTable()
    const { keyText, small } = target().types
    await target().query(`create table ${table} (id ${keyText} primary key, n ${small})`)
    await using driver = await SinkDriver.open(sink(table, { key: 'id' }))
    await driver.put([
      { key: 'a', value: { n: 1 } },
      { key: 'b', value: { n: 40_000 } },
      { key: 'c', value: { n: 'many' } },
      { key: 'a', value: { n: { a: 1 } } },
      { key: 'd', value: { n: -2 } },
    ])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [1, 2, 3],
    )
    assert.deepEqual(plain(await rowsOf(table)), [
      ['a', '1'],
      ['d', '-2'],
    ])
  })

  test('integers of JSON keep every digit, in columns and inside of nested values', async () => {
    const table = newTable()
    const { keyText, text: long } = target().types
    await target().query(`create table ${table} (id ${keyText} primary key, n bigint, nested ${long})`)
    await using driver = await SinkDriver.open(sink(table, { key: 'id' }))
    await driver.put([
      { key: 'a', value: '{"n":9007199254740993,"nested":{"id":9007199254740993,"r":0.1234567890123456789}}' },
      { key: 'b', value: '{"n":92233720368547758080}' },
      { key: 'c', value: '9007199254740993' },
    ])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [1, 2],
    )
    const [row] = await target().query(`select ${castText('n')} as n, nested from ${table}`)
    assert.equal(String(row!.n).trim(), '9007199254740993')
    assert.equal(row!.nested, '{"id":9007199254740993,"r":0.1234567890123456789}')
    const made = newTable()
    await using maker = await SinkDriver.open(sink(made))
    await maker.put([{ key: 'a', value: '{"n":9007199254740993}' }])
    maker.noDeadLetters()
    const [first] = await target().query(`select ${castText('n')} as n from ${made}`)
    assert.match(String(first!.n).trim(), /^9007199254740993(\.0+)?$/)
  })

  test('a column that somebody drops stops the sink, which says so, and no record is to blame', async () => {
    const table = newTable()
    const connector = sink(table)
    const gone = { code: 'CONNECT_TABLE_MISMATCH', retriable: false, message: /\bs\b/ }
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put([{ key: 'a', value: { n: 1, s: 'x' } }])
      await target().query(`alter table ${table} drop column s`)
      await assert.rejects(driver.put([{ key: 'b', value: { n: 2, s: 'y' } }]), gone)
      driver.noDeadLetters()
    }
    {
      await using driver = await SinkDriver.open(connector)
      await assert.rejects(driver.put([{ key: 'b', value: { n: 2, s: 'y' } }]), gone)
      driver.noDeadLetters()
    }
    const { text: textType } = target().types
    await target().query(`alter table ${table} add column s ${textType}`)
    await using driver = await SinkDriver.open(connector)
    await driver.put([{ key: 'b', value: { n: 2, s: 'y' } }])
    assert.deepEqual(plain(await rowsOf(table, quote('key'))), [
      ['a', '1', null],
      ['b', '2', 'y'],
    ])
  })

  test('columns that the database fills are left to it until a record has them', async () => {
    const table = newTable()
    const { keyText, double } = target().types
    await target().query(
      `create table ${table} (id ${keyText} primary key, n ${double}, source ${keyText} not null default 'sink')`,
    )
    await using driver = await SinkDriver.open(sink(table, { key: 'id' }))
    await driver.put([{ key: 'a', value: { n: 1 } }])
    await driver.put([{ key: 'b', value: { n: 2, source: 'record' } }])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['a', '1', 'sink'],
      ['b', '2', 'record'],
    ])
  })

  test('a new field is a new column where the sink may add it, and otherwise an error that names it', async () => {
    const table = newTable()
    {
      await using strict = await SinkDriver.open(sink(table))
      await strict.put([{ key: 'a', value: { n: 1 } }])
      await assert.rejects(strict.put([{ key: 'b', value: { n: 1, extra: 'x' } }]), {
        code: 'CONNECT_TABLE_MISMATCH',
        message: /"extra"/,
      })
    }
    await using evolving = await SinkDriver.open(sink(table, { evolve: true }))
    await evolving.put([
      { key: 'b', value: { n: 1, extra: 'x' } },
      { key: 'c', value: { n: 2, more: true } },
    ])
    assert.deepEqual(
      (await rowsOf(table, quote('key'))).map(({ extra }) => extra),
      [null, 'x', null],
    )
  })

  test('a column that a migration brings is used without a restart', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table))
    await driver.put([{ key: 'a', value: { n: 1 } }])
    await target().query(`alter table ${table} add column s ${target().types.text}`)
    await driver.put([{ key: 'b', value: { n: 1, s: 'new' } }])
    assert.deepEqual(
      (await rowsOf(table, quote('key'))).map(({ s }) => s),
      [null, 'new'],
    )
  })

  test('tables and columns follow schemas: types, not null, defaults, and what cannot be added', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(withSchemas(table))
    const key = (id: number) => ({ schema: struct([field('id', 'int64')]), payload: { id } })
    const first = struct([field('id', 'int64'), field('name', 'string'), field('note', 'string', { optional: true })])
    await driver.put([{ key: key(1), value: { schema: first, payload: { id: 1, name: 'one', note: null } } }])
    const second = struct([...first.fields, field('count', 'int32', { default: 7 })])
    const third = struct([...first.fields, field('must', 'int32')])
    await driver.put([
      { key: key(2), value: { schema: second, payload: { id: 2, name: 'two', note: 'n', count: 5 } } },
      { key: key(3), value: { schema: first, payload: { id: 3, name: 'three', note: null } } },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['1', 'one', null, '7'],
      ['2', 'two', 'n', '5'],
      ['3', 'three', null, '7'],
    ])
    await assert.rejects(
      driver.put([{ key: key(4), value: { schema: third, payload: { id: 4, name: 'x', note: null, must: 1 } } }]),
      {
        code: 'CONNECT_TABLE_MISMATCH',
        message: /"must".*neither optional/,
      },
    )
    await driver.put([{ key: key(1), value: null }])
    assert.equal((await rowsOf(table)).length, 2)
    driver.noDeadLetters()
  })

  test('logical types of Kafka Connect and Debezium become the values that they stand for', async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(withSchemas(table))
    const logical = (name: string, type: string, logicalName: string, parameters?: object) =>
      field(name, type, { name: logicalName, optional: true, ...(parameters && { parameters }) })
    const schema = struct([
      field('id', 'int32'),
      logical('amount', 'bytes', 'org.apache.kafka.connect.data.Decimal', { scale: '2' }),
      logical('day', 'int32', 'io.debezium.time.Date'),
      logical('at', 'int64', 'io.debezium.time.MicroTimestamp'),
      logical('clock', 'int64', 'io.debezium.time.MicroTime'),
      field('nested', 'struct', { optional: true, fields: [field('a', 'int32')] }),
      field('flag', 'boolean', { optional: true }),
      field('big', 'int64', { optional: true }),
      field('raw', 'bytes', { optional: true }),
      logical('mask', 'bytes', 'io.debezium.data.Bits', { length: '12' }),
      logical('doc', 'string', 'io.debezium.data.Json'),
    ])
    const amount = Buffer.from([0xfb, 0x2e]).toString('base64') // -1234
    const payload = {
      id: 1,
      amount,
      day: 19_782,
      at: 1_709_164_800_000_001,
      clock: 3_723_000_004,
      nested: { a: 1 },
      flag: true,
      big: 9_007_199_254_740_991,
      raw: 'AAH/',
      mask: Buffer.from([0x03, 0x0a]).toString('base64'),
      doc: '{"a": 1}',
    }
    const key = { schema: { type: 'int32' }, payload: 1 }
    const nothing = Object.fromEntries(Object.keys(payload).map((name) => [name, name === 'id' ? 2 : null]))
    await driver.put([
      { key, value: { schema, payload } },
      { key: { ...key, payload: 2 }, value: { schema, payload: nothing } },
    ])
    driver.noDeadLetters()
    const [row, empty] = await rowsOf(table, 'id')
    assert.equal(text(row!.amount), '-12.34')
    assert.equal(dayOf(row!.day), '2024-02-29')
    assert.match(String(row!.clock), /^01:02:03\.000004/)
    assert.equal(timeOf(row!.at), '2024-02-29 00:00:00')
    for (const nested of [row!.nested, row!.doc]) {
      assert.deepEqual(typeof nested === 'string' ? JSON.parse(nested) : nested, { a: 1 })
    }
    assert.equal(Number(row!.flag), 1)
    assert.equal(String(row!.big), '9007199254740991')
    assert.deepEqual(Buffer.from(row!.raw as Uint8Array), Buffer.from([0, 1, 255]))
    const { mask } = row!
    if (mask instanceof Uint8Array) assert.equal(Buffer.from(mask).toString('hex'), '0a03')
    else assert.equal(mask, '101000000011')
    assert.ok(Object.entries(empty!).every(([name, value]) => value === null || name === 'id' || name === 'key'))
  })

  test("Debezium's change events are taken apart: rows, deletes, truncations", async () => {
    const table = newTable()
    await using driver = await SinkDriver.open(sink(table, { envelope: 'debezium', key: ['id'] }, 'json'))
    const source = { connector: 'postgresql' }
    const change = (op: string, before: object | null, after: object | null) => ({
      before,
      after,
      source,
      op,
      ts_ms: 1,
    })
    await driver.put([
      { key: { id: 1 }, value: change('r', null, { id: 1, n: 1 }) },
      { key: { id: 2 }, value: change('c', null, { id: 2, n: 2 }) },
      { key: { id: 1 }, value: change('u', { id: 1, n: 1 }, { id: 1, n: 3 }) },
      { key: { id: 2 }, value: change('d', { id: 2, n: 2 }, null) },
      { key: { id: 2 }, value: null },
      { key: { id: 3 }, value: change('x', null, { id: 3, n: 2 }) },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [['1', '3']])
    assert.deepEqual(
      driver.takeDeadLetters().map(([offset]) => offset),
      [5],
    )
    await driver.put([
      { key: { id: 4 }, value: change('c', null, { id: 4, n: 4 }) },
      { value: { source, op: 't', ts_ms: 1 } },
      { key: { id: 5 }, value: change('c', null, { id: 5, n: 5 }) },
    ])
    assert.deepEqual(plain(await rowsOf(table)), [['5', '5']])
    driver.noDeadLetters()
  })

  test("what the source's log did not hold stays as it is in the table, and the other columns change", async () => {
    const table = newTable()
    const { text: textType } = target().types
    await target().query(`create table ${table} (id integer primary key, n integer, body ${textType} not null)`)
    await using driver = await SinkDriver.open(sink(table, { envelope: 'debezium', key: ['id'] }, 'json'))
    const source = { connector: 'postgresql' }
    const unlogged = '__debezium_unavailable_value'
    const row = (op: string, id: number, n: unknown, body: unknown) => ({
      key: { id },
      value: { before: null, after: { id, n, body }, source, op, ts_ms: 1 },
    })
    await driver.put([row('c', 1, 1, 'large'), row('c', 2, 2, 'large'), row('c', 3, 3, 'large')])
    driver.noDeadLetters()
    await driver.put([
      row('u', 1, 10, unlogged),
      row('u', 1, 11, 'larger'),
      row('u', 1, 12, [unlogged]),
      row('u', 2, unlogged, unlogged),
      row('u', 9, 90, unlogged),
      row('u', 3, 30, Buffer.from(unlogged).toString('base64')),
    ])
    assert.deepEqual(plain(await rowsOf(table)), [
      ['1', '12', 'larger'],
      ['2', '2', 'large'],
      ['3', '30', 'large'],
    ])
    const [[offset, message] = [], ...others] = driver.takeDeadLetters()
    assert.equal(offset, 7)
    assert.match(String(message), /not in the table; set REPLICA IDENTITY FULL/)
    assert.deepEqual(others, [])
  })

  test("what the source's log did not hold cannot be inserted, and is no key", async () => {
    const table = newTable()
    const value = { n: '__debezium_unavailable_value' }
    await using driver = await SinkDriver.open(sink(table, { mode: 'insert' }))
    await driver.put([
      { key: 'a', value: { n: 'b' } },
      { key: 'b', value },
    ])
    await using upserts = await SinkDriver.open(
      sink(table, { name: `keys-${table}`, key: 'n', keyFrom: 'value', mode: 'update' }),
    )
    await upserts.put([{ key: 'a', value }])
    assert.equal((await rowsOf(table)).length, 1)
    for (const letters of [driver.takeDeadLetters(), upserts.takeDeadLetters()]) {
      assert.equal(letters.length, 1)
      assert.match(String(letters[0]![1]), /does not hold "n"; set REPLICA IDENTITY FULL/)
    }
  })

  test('a batch is one transaction with its offset, and a zombie cannot write another', async () => {
    const table = newTable()
    const connector = sink(table, { mode: 'insert' })
    await using zombie = await SinkDriver.open(connector)
    await zombie.put([
      { key: 'a', value: { n: 1 } },
      { key: 'b', value: { n: 1 } },
    ])
    await using successor = await SinkDriver.open(connector)
    assert.equal(successor.nextOffset, 2)
    await assert.rejects(zombie.put([{ key: 'c', value: { n: 1 } }]), { code: 'CONNECT_SINK_FENCED' })
    await successor.put([{ key: 'c', value: { n: 1 } }])
    assert.equal((await rowsOf(table)).length, 3)
    // The same batch again, as after a reply that was lost.
    await assert.rejects(
      successor.session.put(successor.batch([{ key: 'c', value: { n: 1 } }], 1).batch).then(() => zombie.put([])),
      {
        code: 'CONNECT_SINK_FENCED',
      },
    )
  })

  test('its offset is put elsewhere, and a claim from before that is void', async () => {
    const connector = sink(newTable(), { mode: 'insert' })
    const { partition } = await (async () => {
      await using driver = await SinkDriver.open(connector)
      await driver.put([
        { key: 'a', value: { n: 1 } },
        { key: 'b', value: { n: 2 } },
      ])
      await connector.setOffsets!([{ partition: driver.partition, offset: 1 }])
      await assert.rejects(driver.put([{ key: 'c', value: { n: 3 } }]), { code: 'CONNECT_SINK_FENCED' })
      return driver
    })()
    const stands = async (): Promise<number> => {
      await using driver = await SinkDriver.open(connector)
      return driver.nextOffset
    }
    assert.equal(await stands(), 1)
    await connector.setOffsets!([{ partition, offset: undefined }])
    assert.equal(await stands(), 0)
    // Also of a partition that nobody has claimed yet, and all of them or none.
    const other = { ...partition, partition: 7 }
    await connector.setOffsets!([
      { partition, offset: 5 },
      { partition: other, offset: 9 },
    ])
    assert.equal(await stands(), 5)
    await using second = await SinkDriver.open(connector, undefined, 7)
    assert.equal(second.nextOffset, 9)
  })

  test('a table that is gone is not made again, since it would lack what was written before', async () => {
    const table = newTable()
    const connector = sink(table)
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put([{ key: 'a', value: { n: 1 } }])
    }
    await target().query(`drop table ${table}`)
    await assert.rejects(SinkDriver.open(connector), { code: 'CONNECT_TABLE_DROPPED' })
    await assert.rejects(
      SinkDriver.open(sink(newTable(), { create: false })).then((driver) =>
        driver.put([{ key: 'a', value: { n: 1 } }]),
      ),
      {
        code: 'CONNECT_TABLE_MISMATCH',
      },
    )
  })

  test('names may hold whatever the database takes', async () => {
    const table = newTable()
    const odd = 'odd "name" ?'
    await using driver = await SinkDriver.open(sink(table))
    await driver.put([{ key: 'a', value: { [odd]: 1, select: 2 } }])
    const [row] = await rowsOf(table)
    assert.deepEqual([row![odd], row!.select].map(Number), [1, 2])
  })
}

const keySerdes = { string: serdes.string, json: serdes.json<object>() }

function text(value: unknown): unknown {
  if (value === null || value instanceof Uint8Array) return value
  const digits = String(value)
  return /^-?\d+\.0+$/.test(digits) ? digits.slice(0, digits.indexOf('.')) : digits
}

function dayOf(value: unknown): string {
  if (!(value instanceof Date)) return String(value)
  return `${value.getFullYear()}-${String(value.getMonth() + 1).padStart(2, '0')}-${String(value.getDate()).padStart(2, '0')}`
}

function timeOf(value: unknown): string {
  if (value instanceof Date) return `${dayOf(value)} ${value.toTimeString().slice(0, 8)}`
  return String(value).replace('T', ' ').slice(0, 19)
}

/** Drivers make doubles of 64-bit integers. */
function castText(column: string): string {
  return `cast(${column} as char(60))`
}
