import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectSchema } from '../../data/schema.ts'
import { decimalText, plainValue } from './logical-values.ts'

test('decimals keep sign and every digit', () => {
  const cases: [bytes: number[], scale: number, text: string][] = [
    [[0x04, 0xd2], 2, '12.34'],
    [[0xfb, 0x2e], 2, '-12.34'],
    [[0x05], 3, '0.005'],
    [[0xfb], 3, '-0.005'],
    [[0x00], 0, '0'],
    [[0x00, 0xff], 0, '255'],
    [[0x0c], -2, '1200'],
    [[0x7f, ...Array.from({ length: 15 }, () => 0xff)], 0, '170141183460469231731687303715884105727'],
  ]
  for (const [bytes, scale, text] of cases) assert.equal(decimalText(Uint8Array.from(bytes), scale), text)
})

test('dates and times are texts to the microsecond, also before 1970', () => {
  const of = (name: string, type: ConnectSchema['type'], value: unknown) => plainValue({ type, name })?.(value)
  assert.equal(of('io.debezium.time.Date', 'int32', 19_782), '2024-02-29')
  assert.equal(of('io.debezium.time.Date', 'int32', -1), '1969-12-31')
  assert.equal(of('io.debezium.time.MicroTimestamp', 'int64', -1n), '1969-12-31T23:59:59.999999Z')
  assert.equal(of('io.debezium.time.Timestamp', 'int64', 1_709_164_800_123n), '2024-02-29T00:00:00.123000Z')
  assert.equal(of('io.debezium.time.NanoTimestamp', 'int64', 1_999n), '1970-01-01T00:00:00.000001Z')
  assert.equal(of('io.debezium.time.MicroTime', 'int64', 86_399_999_999n), '23:59:59.999999')
  assert.equal(of('org.apache.kafka.connect.data.Time', 'int32', 0), '00:00:00')
  assert.equal(of('io.debezium.time.Date', 'int32', null), null)
})

test('maps, arrays and structs become what JSON can say, with the logical types in them', () => {
  const schema: ConnectSchema = {
    type: 'struct',
    fields: [
      { name: 'day', schema: { type: 'int32', name: 'io.debezium.time.Date' } },
      { name: 'raw', schema: { type: 'bytes', optional: true } },
      { name: 'tags', schema: { type: 'map', keySchema: { type: 'string' }, valueSchema: { type: 'int64' } } },
      { name: 'list', schema: { type: 'array', valueSchema: { type: 'string' } } },
      { name: 'missing', schema: { type: 'string', default: 'd' } },
    ],
  }
  const value = { day: 0, raw: Uint8Array.of(1), tags: new Map([['a', 1n]]), list: ['x'] }
  assert.deepEqual(plainValue(schema)?.(value), {
    day: '1970-01-01',
    raw: 'AQ==',
    tags: { a: 1n },
    list: ['x'],
    missing: 'd',
  })
})
