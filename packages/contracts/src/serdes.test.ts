import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes } from './index.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const mismatch = { code: 'CONTRACT_MISMATCH', retriable: false }

// The bytes that Kafka's Java serialisers write (IntegerSerializer, LongSerializer, DoubleSerializer …).
const golden = [
  { serde: serdes.string, value: 'Grüße 🦊', bytes: '4772c3bcc39f6520f09fa68a' },
  { serde: serdes.string, value: '', bytes: '' },
  { serde: serdes.string, value: '\ufeffbom', bytes: 'efbbbf626f6d' },
  { serde: serdes.string, value: 'replaced \ufffd', bytes: '7265706c6163656420efbfbd' },
  { serde: serdes.int16, value: -2, bytes: 'fffe' },
  { serde: serdes.int16, value: 2 ** 15 - 1, bytes: '7fff' },
  { serde: serdes.int32, value: -2, bytes: 'fffffffe' },
  { serde: serdes.int32, value: 2 ** 31 - 1, bytes: '7fffffff' },
  { serde: serdes.int64, value: -(2n ** 63n), bytes: '8000000000000000' },
  { serde: serdes.int64, value: 258n, bytes: '0000000000000102' },
  { serde: serdes.float32, value: -1.5, bytes: 'bfc00000' },
  { serde: serdes.float32, value: Math.fround(0.1), bytes: '3dcccccd' },
  { serde: serdes.float32, value: Number.NEGATIVE_INFINITY, bytes: 'ff800000' },
  {
    serde: serdes.uuid,
    value: '123e4567-e89b-12d3-a456-426614174000',
    bytes: '31323365343536372d653839622d313264332d613435362d343236363134313734303030',
  },
  { serde: serdes.float64, value: -1.5, bytes: 'bff8000000000000' },
  { serde: serdes.boolean, value: true, bytes: '01' },
  { serde: serdes.json<object>(), value: { a: [1, null, 'é'] }, bytes: '7b2261223a5b312c6e756c6c2c22c3a9225d7d' },
]

for (const { serde, value, bytes } of golden) {
  test(`${serde.name}: ${JSON.stringify(typeof value === 'bigint' ? String(value) : value)} has Java's bytes and returns`, () => {
    const anySerde = serde as unknown as { serialize(v: unknown): Uint8Array; deserialize(b: Uint8Array): unknown }
    assert.equal(hex(anySerde.serialize(value)), bytes)
    // Once from a view into a larger buffer, as record batches hand them out, once from plain bytes as in a browser.
    const padded = Buffer.concat([Buffer.from('xx'), bytesOf(bytes), Buffer.from('yy')])
    assert.deepEqual(anySerde.deserialize(padded.subarray(2, padded.length - 2)), value)
    assert.deepEqual(anySerde.deserialize(bytesOf(bytes)), value)
  })
}

test('bytes pass through unchanged', () => {
  const bytes = Uint8Array.of(0, 255)
  assert.equal(serdes.bytes.serialize(bytes), bytes)
  assert.equal(serdes.bytes.deserialize(bytes), bytes)
})

const refusedOnReading = [
  ['a number that is too short', serdes.int32, '0000'],
  ['a number that is too long', serdes.int64, '000000000000000000'],
  ['an int32 as int16', serdes.int16, '00000001'],
  ['a double as float32', serdes.float32, '0000000000000000'],
  ['a text that is no UUID', serdes.uuid, '61'],
  ['bytes where there are none', serdes.void, ''],
  ['a boolean of 2', serdes.boolean, '02'],
  ['bytes that are not UTF-8', serdes.string, 'c328'],
  ['a cut-off character', serdes.string, 'f09fa6'],
  ['text that is not JSON', serdes.json(), '7b'],
  ['no bytes as JSON', serdes.json(), ''],
] as const

for (const [what, serde, bytes] of refusedOnReading) {
  test(`reading refuses ${what}`, () => assert.throws(() => serde.deserialize(bytesOf(bytes)), mismatch))
}

const refusedOnWriting = [
  ['a number as string', serdes.string, 5],
  ['half a surrogate pair', serdes.string, '\ud83e'],
  ['a fraction as int32', serdes.int32, 1.5],
  ['a number beyond int32', serdes.int32, 2 ** 31],
  ['NaN as int32', serdes.int32, Number.NaN],
  ['a fraction as int16', serdes.int16, 0.5],
  ['a number beyond int16', serdes.int16, 2 ** 15],
  ['a number beyond float32', serdes.float32, 1e39],
  ['a text as float32', serdes.float32, '1'],
  ['a text that is longer than a UUID', serdes.uuid, ' 123e4567-e89b-12d3-a456-426614174000'],
  ['a text as nothing', serdes.void, ''],
  ['a number beyond int64', serdes.int64, 2n ** 63n],
  ['a number as int64', serdes.int64, 1],
  ['undefined as JSON', serdes.json(), undefined],
  ['a bigint as JSON', serdes.json(), { amount: 1n }],
  ['an array as bytes', serdes.bytes, [1]],
] as const

for (const [what, serde, value] of refusedOnWriting) {
  test(`writing refuses ${what}`, () => {
    assert.throws(() => (serde as { serialize(v: unknown): Uint8Array }).serialize(value), mismatch)
  })
}

test('a UUID is written and read in small letters', () => {
  const text = '123e4567-e89b-12d3-a456-426614174000'
  assert.equal(serdes.uuid.deserialize(serdes.uuid.serialize(text.toUpperCase())), text)
  assert.equal(serdes.uuid.deserialize(Buffer.from(text.toUpperCase())), text)
})

test('the error for broken JSON does not quote the payload', () => {
  const error = captured(() => serdes.json().deserialize(Buffer.from('{"secret": "swordfish"')))
  assert.doesNotMatch(`${error.message} ${JSON.stringify(error)} ${error.cause}`, /swordfish|secret/)
})

function captured(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not throw')
}
