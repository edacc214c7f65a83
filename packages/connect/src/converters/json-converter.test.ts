import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectSchema } from '../data/schema.ts'
import { JsonConverter } from './json-converter.ts'

const int32: ConnectSchema = { type: 'int32' }
const read = (converter: JsonConverter, text: string) => converter.toConnect('t', [], Buffer.from(text))
const write = (converter: JsonConverter, schema: ConnectSchema | undefined, value: unknown) => {
  return Buffer.from(converter.fromConnect('t', [], { schema, value })!).toString()
}
const envelope = (schema: string, payload: string) => `{"schema":${schema},"payload":${payload}}`

test('a schema that comes again is the same object, so that what is made of it is made once', () => {
  const converter = new JsonConverter({})
  const first = read(converter, envelope('{"type":"int32","name":"a}"}', '1'))
  const second = read(converter, envelope('{"type":"int32","name":"a}"}', '2'))
  const other = read(converter, envelope('{"type":"string"}', '"x"'))
  const third = read(converter, envelope('{"type":"int32","name":"a}"}', '3'))
  assert.deepEqual([first.value, second.value, other.value, third.value], [1, 2, 'x', 3])
  assert.ok(first.schema === second.schema && second.schema === third.schema)
  assert.deepEqual(first.schema, { type: 'int32', name: 'a}' })
})

test('no more schemas are remembered than the config says', () => {
  const converter = new JsonConverter({ 'schemas.cache.size': '1' })
  const first = read(converter, envelope('{"type":"int32"}', '1'))
  read(converter, envelope('{"type":"string"}', '"x"'))
  assert.notEqual(read(converter, envelope('{"type":"int32"}', '1')).schema, first.schema)
})

test('what stands beside a known schema and its payload is refused as it is the first time', () => {
  const converter = new JsonConverter({})
  read(converter, envelope('{"type":"int32"}', '1'))
  for (const payload of ['1,"more":2', '1}{', '', '1,"payload":2,"more":3']) {
    assert.throws(
      () => read(converter, envelope('{"type":"int32"}', payload)),
      { code: 'CONNECT_CONVERT_FAILED' },
      payload,
    )
  }
})

test('fields may be called as what every object has', () => {
  const names = ['constructor', '__proto__', 'toString']
  const fields = names.map((name) => ({ name, schema: { type: 'string', optional: true } as const }))
  const schema: ConnectSchema = { type: 'struct', fields }
  const converter = new JsonConverter({})
  assert.match(write(converter, schema, {}), /"payload":\{"constructor":null,"__proto__":null,"toString":null\}\}$/)
  const value = read(converter, write(converter, schema, JSON.parse('{"__proto__":"x","constructor":"y"}'))).value
  assert.deepEqual(Object.entries(value as object), [
    ['constructor', 'y'],
    ['__proto__', 'x'],
    ['toString', null],
  ])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

test('values that are not of their schema are refused, with the field', () => {
  const converter = new JsonConverter({})
  const inner: ConnectSchema = { type: 'struct', fields: [{ name: 'b', schema: int32 }] }
  const schema: ConnectSchema = { type: 'struct', fields: [{ name: 'a', schema: inner }] }
  const wrong: readonly (readonly [value: unknown, message: RegExp])[] = [
    [{ a: { b: 'x' } }, /t cannot be written as JSON: field a: field b: a string where the schema says int32/],
    [{ a: { b: 1.5 } }, /a number where the schema says int32/],
    [{ a: {} }, /field b: null value for a field that is required/],
    [{ a: [1] }, /an array where the schema says struct/],
  ]
  for (const [value, message] of wrong) {
    assert.throws(() => write(converter, schema, value), { code: 'CONNECT_CONVERT_FAILED', message })
  }
})

test('numbers keep every digit, in and out, with a schema and without', () => {
  const [typed, plain] = [new JsonConverter({}), new JsonConverter({ 'schemas.enable': 'false' })]
  const text = '{"a":9007199254740993,"b":[-9223372036854775808],"c":1.5}'
  assert.equal(write(plain, undefined, read(plain, text).value), text)
  const decimal: ConnectSchema = {
    type: 'bytes',
    name: 'org.apache.kafka.connect.data.Decimal',
    version: 1,
    parameters: { scale: '20' },
  }
  const numeric = new JsonConverter({ 'decimal.format': 'numeric' })
  const money = write(
    numeric,
    decimal,
    read(typed, envelope(JSON.stringify({ ...decimal }), '1.23456789012345678901')).value,
  )
  assert.match(money, /"payload":1.23456789012345678901\}$/)
  const coarse = JSON.stringify({ ...decimal, parameters: { scale: '2' } })
  assert.throws(() => read(typed, envelope(coarse, '1.234')), /more than 2 digits/)
})

test('text that is not UTF-8 is refused', () => {
  const plain = new JsonConverter({ 'schemas.enable': 'false' })
  assert.throws(() => plain.toConnect('t', [], Buffer.from([0x22, 0xe9, 0x22])), { code: 'CONNECT_CONVERT_FAILED' })
})

test('a config that is wrong is refused when the converter is made', () => {
  const wrong: readonly Record<string, string>[] = [
    { 'schema.enable': 'true' },
    { 'decimal.format': 'TEXT' },
    { 'schema.content': '{"type":"x"}' },
  ]
  for (const config of wrong) {
    assert.throws(() => new JsonConverter(config), { code: 'CONNECT_CONFIG_INVALID' })
  }
})
