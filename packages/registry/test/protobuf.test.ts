import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { create, type DescMessage, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { prepare, serdes, topic } from '@millrace/contracts'
import { valueFromJson, valueToJson } from '@millrace/contracts/internal'
import { schemaRegistry } from '@millrace/registry'
import { protobuf } from '@millrace/registry/protobuf'
import { decodeIndexes, encodeIndexes } from '../src/protobuf/message-indexes.ts'
import { messageNames } from '../src/protobuf/message-names.ts'
import { MoneySchema } from './support/shop/v1/money_pb.js'
import { file_shop_v1_order, LineSchema, Order_AddressSchema, OrderSchema } from './support/shop/v1/order_pb.js'

let scopes = 0
const fresh = () => schemaRegistry({ urls: `mock://protobuf-${scopes++}` })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const orderText = readFileSync(new URL('./support/proto/shop/v1/order.proto', import.meta.url), 'utf8')

for (const [message, value, expected] of [
  // The first message of its file is a single zero.
  [LineSchema, { item: 'a' }, '00' + '0a0161'],
  [OrderSchema, { id: 'a' }, '0202' + '0a0161'],
  [Order_AddressSchema, { street: 'a' }, '040200' + '0a0161'],
] as const satisfies readonly (readonly [DescMessage, object, string])[]) {
  test(`${message.typeName} is a zero byte, the id, its place in the file, and its fields`, () => {
    const contract = topic('t', { key: serdes.string, value: protobuf(fresh(), message as DescMessage) })
    const bytes = contract.value.serialize(value as never)
    assert.equal(hex(bytes).slice(10), expected)
    assert.equal(hex(bytes).slice(0, 2), '00')
    assert.deepEqual(contract.value.deserialize(bytes), create(message as DescMessage, value as never))
  })
}

test('nested messages, choices, maps, imports and 64 bits come back typed', () => {
  const order = topic('order', { key: serdes.string, value: protobuf(fresh(), OrderSchema) })
  const value = {
    id: 'a',
    total: { currency: 'EUR', cents: 2n ** 62n },
    lines: [{ item: 'x', pieces: 2 }],
    counts: { x: 1 },
    receiver: { case: 'address', value: { street: 's' } },
    at: { seconds: 5n },
    marks: [1, 2],
  } as const
  const bytes = order.value.serialize(value as never)
  const read = order.value.deserialize(bytes)
  assert.equal(read.total?.cents, 2n ** 62n)
  assert.equal(read.receiver.case === 'address' && read.receiver.value.street, 's')
  assert.deepEqual(read, create(OrderSchema, value as never))
  const json = JSON.parse(JSON.stringify(valueToJson(order.value, bytes)))
  assert.equal(json.total.cents, String(2n ** 62n))
  assert.deepEqual(valueFromJson(order.value, json), read)
})

test('a value does not change with the bytes that it was read from', () => {
  const order = topic('order', { key: serdes.string, value: protobuf(fresh(), OrderSchema) })
  const bytes = Buffer.from(order.value.serialize({ seal: Uint8Array.of(1, 2) }))
  const { seal } = order.value.deserialize(bytes)
  bytes.fill(9)
  assert.deepEqual(seal, Uint8Array.of(1, 2))
})

test('files that are imported are registered before, and referred to by their version', async () => {
  const registry = fresh()
  await prepare(topic('order', { key: serdes.string, value: protobuf(registry, OrderSchema) }))
  const { type, references } = await registry.version('order-value', 1)
  const expected = [{ name: 'shop/v1/money.proto', subject: 'shop/v1/money.proto', version: 1 }]
  assert.deepEqual([type, references], ['PROTOBUF', expected])
  assert.equal((await registry.version('shop/v1/money.proto', 1)).type, 'PROTOBUF')
})

test('the text of the file is registered where it is given', async () => {
  const registry = fresh()
  const order = topic('order', { key: serdes.string, value: protobuf(registry, OrderSchema, { text: orderText }) })
  const bytes = order.value.serialize({ id: 'a' })
  assert.equal((await registry.version('order-value', 1)).text, orderText)
  const reader = topic('order', { key: serdes.string, value: protobuf(registry, OrderSchema) })
  assert.equal(reader.value.deserialize(bytes).id, 'a')
})

test('another message of the same topic is not taken for this one', async () => {
  const registry = fresh()
  const lines = topic('mixed', { key: serdes.string, value: protobuf(registry, LineSchema, { subjectName: 'record' }) })
  const money = topic('mixed', {
    key: serdes.string,
    value: protobuf(registry, MoneySchema, { subjectName: 'record' }),
  })
  const order = topic('mixed', {
    key: serdes.string,
    value: protobuf(registry, OrderSchema, { subjectName: 'record' }),
  })
  const line = lines.value.serialize({ item: 'a' })
  const wrong = { code: 'REGISTRY_UNREADABLE', message: /shop\.v1\.Line, not/ }
  assert.throws(() => money.value.deserialize(line), wrong)
  assert.throws(() => order.value.deserialize(line), wrong)
})

test('places in a file are zigzag varints', () => {
  for (const [path, expected] of [
    [[0], '00'],
    [[1], '0202'],
    [[0, 0], '040000'],
    [[2, 100], '0404c801'],
  ] as const) {
    assert.equal(hex(encodeIndexes(path)), expected)
    assert.deepEqual(decodeIndexes(encodeIndexes(path), 0), { path, end: expected.length / 2 })
  }
  // Written in full by others, which is read as well.
  assert.deepEqual(decodeIndexes(Buffer.from('0200', 'hex'), 0), { path: [0], end: 2 })
  for (const wrong of ['', '02', 'ffffffffff', '01']) {
    assert.throws(() => decodeIndexes(Buffer.from(wrong, 'hex'), 0), { code: 'CONTRACT_MISMATCH' })
  }
})

test('the messages of a file are found in its text as in its compiled form', () => {
  const compiled = Buffer.from(toBinary(FileDescriptorProtoSchema, file_shop_v1_order.proto)).toString('base64')
  const expected = { '0': 'shop.v1.Line', '1': 'shop.v1.Order', '1.0': 'shop.v1.Order.Address' }
  assert.deepEqual(Object.fromEntries(messageNames(compiled)), expected)
  assert.deepEqual(Object.fromEntries(messageNames(orderText)), expected)
  const odd = `
    /* message Comment { } */ syntax = "proto2"; // message Another {
    package a.b;
    option (x) = { s: "message Text {" };
    enum message_kind { A = 0; }
    message One { optional group Inner = 1 { message Deep {} } oneof c { group InChoice = 2 {} string s = 3; } message Two { extensions 4 to 5; } }
    service S { rpc R (One) returns (One) { option (y) = "}"; } }
    extend One { optional int32 more = 4; }
    message Last {}`
  assert.deepEqual(Object.fromEntries(messageNames(odd)), {
    '0': 'a.b.One',
    '0.0': 'a.b.One.Inner',
    '0.0.0': 'a.b.One.Inner.Deep',
    '0.1': 'a.b.One.InChoice',
    '0.2': 'a.b.One.Two',
    '1': 'a.b.Last',
  })
})

test('values and bytes that are no such message are refused without showing them', () => {
  const order = topic('order', { key: serdes.string, value: protobuf(fresh(), OrderSchema) })
  assert.throws(() => order.value.serialize({ total: { cents: 'swordfish' } } as never), {
    code: 'CONTRACT_MISMATCH',
    message: 'the value is no protobuf(shop.v1.Order)',
  })
  const bytes = Buffer.from(order.value.serialize({ id: 'abc' }))
  assert.throws(() => order.value.deserialize(bytes.subarray(0, -1)), { code: 'CONTRACT_MISMATCH' })
})
