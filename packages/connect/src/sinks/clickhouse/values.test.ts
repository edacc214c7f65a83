import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactJson } from '../exact-json.ts'
import { encoder } from './values.ts'

const accepted: [type: string, value: unknown, json: string][] = [
  ['UInt8', 255, '255'],
  ['UInt8', '255', '"255"'],
  ['UInt8', true, '"1"'],
  ['Nullable(Int64)', -(2n ** 63n), '"-9223372036854775808"'],
  ['UInt64', exactJson('18446744073709551615'), '"18446744073709551615"'],
  ['LowCardinality(Nullable(String))', 'a"b', '"a\\"b"'],
  ['SimpleAggregateFunction(sum, UInt64)', 5, '5'],
  ['Decimal(5, 2)', '123.45', '"123.45"'],
  ['Decimal(5, 2)', '-0.10', '"-0.1"'],
  ['Decimal(5, 2)', 1.5, '"1.5"'],
  ['Decimal(5, 2)', '1.2e2', '"120"'],
  ['Decimal(5, 2)', '12e-2', '"0.12"'],
  ['Decimal(5, 2)', '0000100.00', '"0000100"'],
  ['Decimal(38, 19)', exactJson('0.1234567890123456789'), '"0.1234567890123456789"'],
  ['Float32', 1.5, '1.5'],
  ['Float64', 1e300, '1e+300'],
  ['Float64', Number.NaN, 'nan'],
  ['Float32', 'inf', '"inf"'],
  ['Bool', 1, 'true'],
  ['Date', '2149-06-06', '"2149-06-06"'],
  ['Date32', '1900-01-01', '"1900-01-01"'],
  ["DateTime('UTC')", '1970-01-01T00:00:00Z', '"1970-01-01T00:00:00Z"'],
  ['DateTime', 4_294_967_295, '4294967295'],
  ["DateTime64(3, 'UTC')", '2200-01-01 00:00:00.123', '"2200-01-01 00:00:00.123"'],
  ['Array(Array(UInt8))', [[1], [2, 3]], '[[1],[2,3]]'],
  ['Array(UInt8)', '[1, 2]', '[1,2]'],
  ['Array(Nullable(Int8))', [null, 1], '[null,1]'],
  ['Map(String, Int64)', new Map([['a', 1n]]), '{"a":"1"}'],
  ['Map(UInt8, String)', { 1: 'x' }, '{"1":"x"}'],
  ["Tuple(a Int8, `b c` Enum8('x, y' = 1))", { a: 1, 'b c': 'x, y' }, '{"a":1,"b c":"x, y"}'],
  ['Tuple(Int8, String)', [1, 'x'], '[1,"x"]'],
  ['JSON', '{"a": 9007199254740993}', '{"a":9007199254740993}'],
  ['JSON(max_dynamic_paths=8)', { a: [1] }, '{"a":[1]}'],
]
for (const [type, value, json] of accepted) {
  test(`${type} takes ${json}`, () => assert.equal(encoder(type)(value), json))
}

const refused: [type: string, value: unknown][] = [
  ['UInt8', 300],
  ['UInt8', -1],
  ['UInt8', '300'],
  ['UInt8', 1.7],
  ['UInt8', '1.7'],
  ['UInt8', ''],
  ['UInt8', { a: 1 }],
  ['Int32', 5_000_000_000],
  ['Nullable(Int32)', 5_000_000_000n],
  ['Int64', exactJson('9223372036854775808')],
  ['UInt64', '18446744073709551616'],
  ['Decimal(5, 2)', '123456.789'],
  ['Decimal(5, 2)', '1000'],
  ['Decimal(5, 2)', '1.239'],
  ['Decimal(5, 2)', 'x'],
  ['Decimal(5, 2)', ''],
  ['Float32', 1e300],
  ['Float64', exactJson('1e999')],
  ['Bool', 7],
  ['Date', '2200-01-01'],
  ['Date', '1900-01-01'],
  ['Date32', '2300-01-01'],
  ['Date32', '+020000-01-01'],
  ['DateTime', '2200-01-01 00:00:00'],
  ['DateTime', '1970-01-01T00:00:00+02:00'],
  ['DateTime', '2106-02-07T06:28:16Z'],
  ['DateTime', 4_294_967_296],
  ['DateTime', new Date(-1)],
  ["DateTime64(9, 'UTC')", '2263-01-01'],
  ['Array(UInt8)', [1, 300]],
  ['Array(UInt8)', [null]],
  ['Array(UInt8)', '[1], "other": 2'],
  ['Map(String, Int8)', { a: 128 }],
  ['Map(UInt8, String)', { 256: 'x' }],
  ['Tuple(a Int8)', { b: 1 }],
  ['JSON', '{"a":1},{"b":2}'],
]
for (const [type, value] of refused) {
  test(`${type} does not bend ${String(typeof value === 'object' ? JSON.stringify(value) : value)}`, () => {
    assert.throws(() => encoder(type)(value), TypeError)
  })
}
