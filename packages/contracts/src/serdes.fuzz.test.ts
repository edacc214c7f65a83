import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import fc from 'fast-check'
import { z } from 'zod'
import { listSerde, serdes, topic } from './index.ts'
import { keyFromText, keyToText, valueFromJson, valueToJson } from './internal.ts'

const seed = Number(process.env.MILLRACE_SEED ?? 1)
// MILLRACE_SEED runs another; a failure prints it.
function check<T>(property: fc.IProperty<T>): void {
  fc.assert(property, { seed, numRuns: 300 })
}

const anyText = fc.string({ unit: 'grapheme' })
// zod leaves out fields of this name, which could change an object's prototype elsewhere.
const jsonValue = fc
  .jsonValue({ noUnicodeString: false })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const contract = topic('t', { key: z.union([z.string(), z.object({ a: z.number() })]), value: z.json() })
const readers = [
  serdes.string,
  serdes.json(),
  serdes.int16,
  serdes.int32,
  serdes.int64,
  serdes.float32,
  serdes.uuid,
  serdes.void,
  serdes.float64,
  serdes.boolean,
  contract.key,
  contract.value,
  listSerde(serdes.string, { nulls: true }),
  listSerde(serdes.int32, { nulls: true }),
  listSerde(listSerde(serdes.bytes)),
]

test('what was written is read back', () => {
  check(fc.property(anyText, (text) => assert.equal(serdes.string.deserialize(serdes.string.serialize(text)), text)))
  check(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      (n) => serdes.int64.deserialize(serdes.int64.serialize(n)) === n,
    ),
  )
  check(fc.property(fc.double(), (n) => Object.is(serdes.float64.deserialize(serdes.float64.serialize(n)), n)))
  check(
    fc.property(fc.float({ noDefaultInfinity: false }), (n) =>
      Object.is(serdes.float32.deserialize(serdes.float32.serialize(n)), n),
    ),
  )
  check(fc.property(fc.uuid(), (id) => serdes.uuid.deserialize(serdes.uuid.serialize(id)) === id))
  check(
    fc.property(jsonValue, (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value))
      assert.deepEqual(contract.value.deserialize(contract.value.serialize(plain as never)), plain)
      assert.deepEqual(serdes.json().deserialize(serdes.json().serialize(plain)), plain)
    }),
  )
  check(fc.property(anyText, (text) => assert.equal(contract.key.deserialize(contract.key.serialize(text)), text)))
})

test('whatever bytes come, a serde reads them or says CONTRACT_MISMATCH', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => Buffer.from(text)),
  )
  check(
    fc.property(fc.constantFrom(...readers), bytes, (serde, input) => {
      try {
        serde.deserialize(input)
      } catch (error) {
        assert.ok(isMillraceError(error) && error.code === 'CONTRACT_MISMATCH', String(error))
      }
    }),
  )
})

test('the JSON form of a value and the text of a key lead back to the same bytes', () => {
  check(
    fc.property(fc.double(), (n) => {
      const bytes = serdes.float64.serialize(n)
      const json: unknown = JSON.parse(JSON.stringify(valueToJson(serdes.float64, bytes)))
      // JSON has no negative zero; every other number survives.
      assert.equal(valueFromJson(serdes.float64, json), n === 0 ? 0 : n)
      assert.equal(Number(keyToText(serdes.float64, bytes)), n === 0 ? 0 : n)
    }),
  )
  check(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const own = Uint8Array.from(bytes)
      assert.deepEqual(valueFromJson(serdes.bytes, valueToJson(serdes.bytes, own)), own)
      assert.deepEqual(Uint8Array.from(keyFromText(serdes.bytes, keyToText(serdes.bytes, own))), own)
    }),
  )
})
