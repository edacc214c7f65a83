import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listSerde, type Serde, serdes } from './index.ts'
import { valueFromJson, valueToJson } from './internal.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const nulls = { nulls: true } as const

// The bytes that Kafka's ListSerializer writes: its strategy, then for numbers where the nulls are, then the length.
const golden = [
  { serde: listSerde(serdes.string), list: [], bytes: '0100000000' },
  { serde: listSerde(serdes.string), list: ['tea', ''], bytes: '01000000020000000374656100000000' },
  { serde: listSerde(serdes.string, nulls), list: [null, 'é'], bytes: '0100000002ffffffff00000002c3a9' },
  { serde: listSerde(serdes.boolean), list: [true], bytes: '01000000010000000101' },
  { serde: listSerde(serdes.int32), list: [], bytes: '000000000000000000' },
  { serde: listSerde(serdes.int32), list: [1, -2], bytes: '00000000000000000200000001fffffffe' },
  {
    serde: listSerde(serdes.int32, nulls),
    list: [null, 7, null],
    bytes: '000000000200000000000000020000000300000007',
  },
  { serde: listSerde(serdes.int64), list: [258n], bytes: '0000000000000000010000000000000102' },
  { serde: listSerde(serdes.int16), list: [258], bytes: '0000000000000000010102' },
  { serde: listSerde(serdes.float32, nulls), list: [null, -1.5], bytes: '00000000010000000000000002bfc00000' },
  {
    serde: listSerde(serdes.uuid),
    list: ['123e4567-e89b-12d3-a456-426614174000'],
    bytes: '00000000000000000131323365343536372d653839622d313264332d613435362d343236363134313734303030',
  },
  { serde: listSerde(serdes.float64), list: [-1.5], bytes: '000000000000000001bff8000000000000' },
  { serde: listSerde(listSerde(serdes.int32)), list: [[1]], bytes: '01000000010000000d00000000000000000100000001' },
] as readonly { serde: Serde<unknown>; list: unknown[]; bytes: string }[]

for (const { serde, list, bytes } of golden) {
  const text = JSON.stringify(list, (_key, value) => (typeof value === 'bigint' ? `${value}n` : (value as unknown)))
  test(`${serde.name}: ${text} has Java's bytes and returns, in JSON too`, () => {
    assert.equal(hex(serde.serialize(list)), bytes)
    const padded = Buffer.concat([Buffer.from('xx'), bytesOf(bytes), Buffer.from('yy')])
    assert.deepEqual(serde.deserialize(padded.subarray(2, padded.length - 2)), list)
    const json = JSON.parse(JSON.stringify(valueToJson(serde, bytesOf(bytes)))) as unknown
    assert.deepEqual(valueFromJson(serde, json), list)
  })
}

test('64-bit numbers of a list are texts in JSON', () => {
  assert.deepEqual(valueToJson(listSerde(serdes.int64), bytesOf('0000000000000000010000000000000102')), ['258'])
})

const refused = [
  ['no bytes', listSerde(serdes.string), ''],
  ['another strategy', listSerde(serdes.string), '0200000000'],
  ['a negative length', listSerde(serdes.string), '01ffffffff'],
  ['an entry of a negative length that is not null', listSerde(serdes.string), '0100000001fffffffe'],
  ['an entry that is cut off', listSerde(serdes.string), '0100000001000000037465'],
  ['more entries than bytes', listSerde(serdes.int32), '00000000007fffffff00000001'],
  ['bytes behind the list', listSerde(serdes.int32), '00000000000000000000'],
  ['entries without length that are no numbers', listSerde(serdes.string), '000000000000000000'],
  ['a null entry', listSerde(serdes.string), '0100000001ffffffff'],
  ['a null number', listSerde(serdes.int32), '00000000010000000000000001'],
] as const

for (const [what, serde, bytes] of refused) {
  test(`${what} is refused on reading ${serde.name}`, () => {
    assert.throws(() => serde.deserialize(bytesOf(bytes)), { code: 'CONTRACT_MISMATCH' })
  })
}

test('what is no list, or has nulls that nobody spoke of, is refused on writing', () => {
  const texts = listSerde(serdes.string) as Serde<unknown>
  for (const value of ['tea', { length: 0 }, [null], [undefined], [1]]) {
    assert.throws(() => texts.serialize(value), { code: 'CONTRACT_MISMATCH' })
  }
})

test('entries of a serde that differs by topic are those of the topic', () => {
  const tagged = (tag: string): Serde<string> => ({
    name: 'tagged',
    serialize: (value) => serdes.string.serialize(tag + value),
    deserialize: (bytes) => serdes.string.deserialize(bytes).slice(tag.length),
    forTopic: (topic, role) => tagged(`${topic}/${role}:`),
  })
  const bound = listSerde(tagged('')).forTopic!('words', 'value')
  assert.equal(
    Buffer.from(bound.serialize(['a']))
      .subarray(9)
      .toString(),
    'words/value:a',
  )
  assert.deepEqual(bound.deserialize(bound.serialize(['a'])), ['a'])
})
