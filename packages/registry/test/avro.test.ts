import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Serde, serdes, topic } from '@millrace/contracts'
import { keyFromText, keyToText, valueFromJson, valueToJson } from '@millrace/contracts/internal'
import { schemaRegistry } from '@millrace/registry'
import { type AvroSchema, avro, avroOf } from '@millrace/registry/avro'

let scopes = 0
const fresh = () => schemaRegistry({ urls: `mock://avro-${scopes++}` })

const orderSchema = {
  type: 'record',
  name: 'Order',
  namespace: 'com.example',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
} as const

/** A serde of the topic `t` under a schema. */
function serdeOf(registry: ReturnType<typeof fresh>, schema: AvroSchema): Serde<unknown> {
  return avroOf<unknown>(registry, schema).forTopic('t', 'value')
}

test('a value is a zero byte, the id, and what the Avro specification says', () => {
  const order = topic('order', { key: serdes.string, value: avro(fresh(), orderSchema) })
  const bytes = order.value.serialize({ id: 'ab', cents: -3n })
  assert.equal(Buffer.from(bytes).toString('hex'), '0000000001' + '046162' + '05' + '00')
  assert.deepEqual(order.value.deserialize(bytes), { id: 'ab', cents: -3n, note: null })
})

test('what is read are plain objects, and stays what it is when the next one is read', () => {
  const order = topic('order', { key: serdes.string, value: avro(fresh(), orderSchema) })
  const first = order.value.serialize({ id: 'one', cents: 1n })
  const second = order.value.serialize({ id: 'two', cents: 2n, note: 'x' })
  const one = order.value.deserialize(first)
  assert.equal(order.value.deserialize(second).note, 'x')
  assert.equal(Object.getPrototypeOf(one), Object.prototype)
  assert.deepEqual(one, { id: 'one', cents: 1n, note: null })
  assert.deepEqual(structuredClone(one), one)
})

test('a value does not change with the bytes that it was read from', () => {
  const serde = serdeOf(fresh(), 'bytes')
  const bytes = Buffer.from(serde.serialize(Buffer.of(1, 2)))
  const value = serde.deserialize(bytes)
  bytes.fill(9)
  assert.deepEqual(value, Buffer.of(1, 2))
})

test('long is exact in all its 64 bits', () => {
  const serde = serdeOf(fresh(), 'long')
  const values = [0n, -1n, 63n, -64n, 64n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 48n, 2n ** 63n - 1n, -(2n ** 63n)]
  for (const value of values) assert.equal(serde.deserialize(serde.serialize(value)), value)
  assert.equal(Buffer.from(serde.serialize(-(2n ** 63n))).toString('hex'), '0000000001ffffffffffffffffff01')
  assert.throws(() => serde.serialize(2n ** 63n), { code: 'CONTRACT_MISMATCH' })
})

const kinds: readonly [string, AvroSchema, unknown, string?][] = [
  ['null', 'null', null],
  ['int', 'int', -(2 ** 31)],
  ['double', 'double', 0.1],
  ['bytes', 'bytes', Buffer.from('abc')],
  ['fixed', { type: 'fixed', name: 'F', size: 2 }, Buffer.from('ab')],
  ['enum', { type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', '02'],
  ['array', { type: 'array', items: 'long' }, [1n, 2n]],
  ['map', { type: 'map', values: 'string' }, { a: 'x' }],
  ['a union of kinds', ['null', 'string', 'long'], 'x', '020278'],
  ['a union of numbers', ['int', 'long'], 5n, '020a'],
  ['long in long form', { type: 'long' }, 2n ** 60n],
  ['timestamp-micros', { type: 'long', logicalType: 'timestamp-micros' }, 1_700_000_000_000_001n],
  ['timestamp-millis', { type: 'long', logicalType: 'timestamp-millis' }, new Date(1_700_000_000_001)],
  ['date', { type: 'int', logicalType: 'date' }, 19_000],
  ['decimal', { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 }, '-1.28', '0280'],
  ['a large decimal', { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 5 }, '-1234567890123456789.12345'],
  [
    'decimal in fixed',
    { type: 'fixed', name: 'D', size: 8, logicalType: 'decimal', precision: 9, scale: 0 },
    '-7',
    'fffffffffffffff9',
  ],
  [
    'nested records',
    {
      type: 'record',
      name: 'A',
      fields: [{ name: 'b', type: { type: 'record', name: 'B', fields: [{ name: 'c', type: 'int' }] } }],
    },
    { b: { c: 3 } },
    '06',
  ],
  [
    'a list that mentions itself',
    {
      type: 'record',
      name: 'L',
      fields: [
        { name: 'v', type: 'int' },
        { name: 'next', type: ['null', 'L'] },
      ],
    },
    { v: 1, next: { v: 2, next: null } },
    '02020400',
  ],
]

for (const [what, schema, value, hex] of kinds) {
  test(`${what} is written, read, and has a form in JSON`, () => {
    const serde = serdeOf(fresh(), schema)
    const bytes = serde.serialize(value)
    if (hex !== undefined) assert.equal(Buffer.from(bytes).toString('hex').slice(10), hex)
    assert.deepEqual(serde.deserialize(bytes), value)
    const json: unknown = JSON.parse(JSON.stringify(valueToJson(serde as Serde<unknown, never>, bytes)))
    assert.deepEqual(valueFromJson(serde as Serde<unknown, never>, json), value)
  })
}

test('of a union of alike kinds each value names its branch', () => {
  const fields = [{ name: 'a', type: 'long' }]
  const branches = ['x.A', 'x.B'].map((name) => ({ type: 'record', name, fields }))
  const serde = serdeOf(fresh(), branches)
  const bytes = serde.serialize({ 'x.B': { a: 5n } })
  assert.equal(Buffer.from(bytes).toString('hex').slice(10), '020a')
  assert.deepEqual({ ...(serde.deserialize(bytes) as object) }, { 'x.B': { a: 5n } })
})

test('a key has a text for URLs', () => {
  const registry = fresh()
  for (const [schema, value, text] of [
    ['string', 'a/b', 'a/b'],
    ['long', 12n, '12'],
    [{ type: 'record', name: 'K', fields: [{ name: 'a', type: 'int' }] }, { a: 1 }, '{"a":1}'],
  ] as const) {
    const serde = avroOf<unknown>(registry, schema).forTopic('t', 'key') as Serde<unknown, never>
    const bytes = (serde as Serde<unknown>).serialize(value)
    assert.equal(keyToText(serde, bytes), text)
    assert.deepEqual(Buffer.from(keyFromText(serde, text)), Buffer.from(bytes))
  }
})

test('a value longer than any before is written whole', () => {
  const serde = serdeOf(fresh(), 'string')
  const long = 'é'.repeat(50_000)
  assert.equal(serde.deserialize(serde.serialize(long)), long)
  assert.equal(serde.deserialize(serde.serialize('short')), 'short')
})

test('a record that an older schema wrote is read as the newer one says, and the other way round', () => {
  const registry = fresh()
  const newerSchema = {
    ...orderSchema,
    fields: [
      { name: 'total', aliases: ['cents'], type: 'double' },
      { name: 'id', type: 'string' },
      { name: 'country', type: 'string', default: 'XX' },
    ],
  } as const
  const older = topic('order', { key: serdes.string, value: avro(registry, orderSchema) })
  const newer = topic('order', { key: serdes.string, value: avro(registry, newerSchema) })
  const old = older.value.serialize({ id: 'a', cents: 5n, note: 'n' })
  assert.deepEqual(newer.value.deserialize(old), { total: 5, id: 'a', country: 'XX' })
  const unreadable = newer.value.serialize({ id: 'b', total: 1.5, country: 'DE' })
  assert.throws(() => older.value.deserialize(unreadable), { code: 'REGISTRY_UNREADABLE', message: /id 2 .*cents/ })
  // Both kinds go on side by side.
  assert.equal(newer.value.deserialize(unreadable).total, 1.5)
  assert.equal(newer.value.deserialize(old).total, 5)
})

test('what does not fit is named by its field, without its value', () => {
  const order = topic('order', { key: serdes.string, value: avro(fresh(), orderSchema) })
  const wrong = { id: 5, cents: 'swordfish' } as never
  const refusal = { code: 'CONTRACT_MISMATCH', message: /id: expected string; cents: expected long/ }
  assert.throws(() => order.value.serialize(wrong), refusal)
  assert.throws(
    () => order.value.serialize(wrong),
    (error: Error) => !`${error.message}${error.stack}`.includes('swordfish'),
  )
  assert.throws(() => order.value.serialize(null as never), { code: 'CONTRACT_MISMATCH' })
})

test('bytes that are no such record are refused', () => {
  const order = topic('order', { key: serdes.string, value: avro(fresh(), orderSchema) })
  const bytes = Buffer.from(order.value.serialize({ id: 'abc', cents: 1n }))
  const refused = [
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.of(0)]),
    Buffer.of(),
    Buffer.of(0, 0),
    Buffer.of(1, ...bytes.subarray(1)),
  ]
  for (const wrong of refused) assert.throws(() => order.value.deserialize(wrong), { code: 'CONTRACT_MISMATCH' })
  const unknown = Buffer.from(bytes)
  unknown[4] = 99
  assert.throws(() => order.value.deserialize(unknown), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
  unknown.fill(255, 1, 5)
  const other = topic('order', { key: serdes.string, value: avro(fresh(), orderSchema) })
  assert.throws(() => other.value.deserialize(unknown), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
})

test('a list that says it has more entries than bytes, or goes back, is refused at once', () => {
  const items = ['int', 'null', 'string', { type: 'array', items: 'null' }] as const
  const lists = items.flatMap((of): AvroSchema[] => [
    { type: 'array', items: of },
    { type: 'map', values: of },
  ])
  const wrong = [
    '8094ebdc03', // a billion entries
    'ffffffffff3f00', // 2^40 of them, in a block that gives its size
    'ffffffffffffffffffffffff', // a number without end
    '0203', // an entry whose length is negative
    '020306', // and one behind it
  ]
  for (const list of lists) {
    const serde = serdeOf(fresh(), list)
    const prefix = Buffer.from(serde.serialize(Object(list).type === 'map' ? {} : [])).subarray(0, 5)
    for (const hex of wrong) {
      const bytes = Buffer.concat([prefix, Buffer.from(hex, 'hex')])
      assert.throws(() => serde.deserialize(bytes), { code: 'CONTRACT_MISMATCH' }, `${JSON.stringify(list)} ${hex}`)
    }
  }
})

test('lists that the reader has no field for are passed by as carefully', async () => {
  const registry = fresh()
  const tags = { name: 'tags', type: { type: 'array', items: 'string' } } as const
  const more = { name: 'more', type: { type: 'map', values: 'int' } } as const
  const wide = { type: 'record', name: 'R', fields: [tags, more, { name: 'id', type: 'int' }] } as const
  const narrow = { type: 'record', name: 'R', fields: [{ name: 'id', type: 'int' }] } as const
  const good = serdeOf(registry, wide).serialize({ tags: ['a', 'b'], more: { c: 3 }, id: 7 })
  const reader = serdeOf(registry, narrow)
  assert.deepEqual(reader.deserialize(good), { id: 7 })
  const prefix = Buffer.from(good).subarray(0, 5)
  // A block that says how many bytes it has.
  assert.deepEqual(
    reader.deserialize(Buffer.concat([prefix, Buffer.from('01' + '04' + '0261' + '00' + '00' + '0e', 'hex')])),
    { id: 7 },
  )
  for (const hex of ['8094ebdc03', '0103', '0105000e', '00' + '8094ebdc03']) {
    assert.throws(() => reader.deserialize(Buffer.concat([prefix, Buffer.from(hex, 'hex')])), {
      code: 'CONTRACT_MISMATCH',
    })
  }
})

test('a map has the key __proto__ like any other', () => {
  const serde = serdeOf(fresh(), { type: 'map', values: 'int' })
  const map = JSON.parse('{"__proto__":1,"a":2}')
  assert.equal(JSON.stringify(serde.deserialize(serde.serialize(map))), '{"__proto__":1,"a":2}')
})

test('long lists, and lists of nothing, are what they were', () => {
  const nulls = serdeOf(fresh(), { type: 'array', items: 'null' })
  const many = Array.from({ length: 60_000 }, () => null)
  assert.deepEqual(nulls.deserialize(nulls.serialize(many)), many)
  const strings = serdeOf(fresh(), ['null', { type: 'array', items: 'string' }] as unknown as AvroSchema)
  const words = Array.from({ length: 200_000 }, (_, i) => (i % 3 ? `word ${i}` : ''))
  assert.deepEqual(strings.deserialize(strings.serialize(words)), words)
})

test('a schema that mentions those of other subjects takes them from the registry', async () => {
  const registry = fresh()
  const money = { type: 'record', name: 'com.example.Money', fields: [{ name: 'cents', type: 'long' }] } as const
  await registry.register('money', { type: 'AVRO', text: JSON.stringify(money), references: [] })
  const schema = { type: 'record', name: 'com.example.Bill', fields: [{ name: 'total', type: 'com.example.Money' }] }
  const references = [{ name: 'com.example.Money', subject: 'money', version: 1 }]
  const serde = avroOf<{ total: { cents: bigint } }>(registry, schema, { references }).forTopic('bills', 'value')
  const bytes = serde.serialize({ total: { cents: 7n } })
  assert.equal(Buffer.from(bytes).toString('hex'), '00000000020e')
  assert.deepEqual(serde.deserialize(bytes), { total: { cents: 7n } })
  assert.deepEqual((await registry.version('bills-value', 1)).references, references)
})

test('a schema that is none is refused when the contract is declared', () => {
  assert.throws(() => avroOf(fresh(), { type: 'record', name: 'R' }), { code: 'REGISTRY_INVALID_SCHEMA' })
  assert.throws(() => avroOf(fresh(), '{"type":'), { code: 'REGISTRY_INVALID_SCHEMA' })
})

test('decimals that the schema has no room for are refused', () => {
  const serde = serdeOf(fresh(), { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 })
  for (const wrong of ['123.45', '1.234', '1,2', '', 1.2, '1e2']) {
    assert.throws(() => serde.serialize(wrong), { code: 'CONTRACT_MISMATCH' })
  }
  assert.equal(serde.deserialize(serde.serialize('1.5000')), '1.50')
})
