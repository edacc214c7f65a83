import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, encodeMessage } from '@millrace/protocol'
import { allMessages, type FieldSchema } from '@millrace/protocol/internal'
import { defaultFixtures, messageFixtures } from './fixtures.ts'

const fixtures = messageFixtures()
const typeByName = new Map(allMessages.map((type) => [type.name, type]))

/** Turns bytes into base64, as the fixtures have them. */
function printable(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(printable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, printable(inner)]))
}

/** Turns the base64 of fields that hold bytes into bytes. */
function withBytes(fields: readonly FieldSchema[], json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const convert = (field: FieldSchema, value: unknown): unknown => {
    if (value === null) return null
    if (Array.isArray(value)) return value.map((one) => convert(field, one))
    if (field.type === 'bytes' || field.type === 'records') return Buffer.from(value as string, 'base64')
    return field.type === '{}' ? withBytes(field.fields, value as Record<string, unknown>) : value
  }
  return Object.fromEntries(
    fields.filter((one) => one.name in json).map((one) => [one.name, convert(one, json[one.name])]),
  )
}

/** Checks what `json` names and leaves the other fields, which the version lacks, to their defaults. */
function assertHolds(actual: unknown, json: unknown, path: string): void {
  if (Array.isArray(json)) {
    assert.equal((actual as unknown[]).length, json.length, path)
    for (const [index, one] of json.entries()) assertHolds((actual as unknown[])[index], one, `${path}[${index}]`)
  } else if (typeof json === 'object' && json !== null) {
    for (const [name, value] of Object.entries(json)) {
      assertHolds((actual as Record<string, unknown>)[name], value, `${path}.${name}`)
    }
  } else assert.deepEqual(actual, json, path)
}

test('there is a message from Java for every version of every message', () => {
  const expected = allMessages.flatMap(({ name, validVersions: { min, max } }) =>
    Array.from({ length: max - min + 1 }, (_, index) => `${name} ${min + index}`),
  )
  const found = new Set(fixtures.map(({ message, version }) => `${message} ${version}`))
  assert.deepEqual([...found].sort(), expected.sort())
})

test('what Java wrote is decoded to the values Java was given', () => {
  for (const { message, version, json, bytes } of fixtures) {
    const value = decodeMessage(typeByName.get(message)!, version, Buffer.from(bytes, 'base64'))
    assertHolds(printable(value), json, `${message} v${version}`)
  }
})

test('a decoded message is encoded to the bytes it came from', () => {
  for (const { message, version, bytes } of fixtures) {
    const type = typeByName.get(message)!
    const value = decodeMessage(type, version, Buffer.from(bytes, 'base64'))
    const again = encodeMessage(type, version, value as object)
    assert.equal(again.toString('base64'), bytes, `${message} v${version}`)
  }
})

test('the values Java was given are encoded to the bytes Java wrote', () => {
  for (const { message, version, json, bytes } of fixtures) {
    const type = typeByName.get(message)!
    const made = encodeMessage(type, version, withBytes(type.fields, json) as object)
    assert.equal(made.toString('base64'), bytes, `${message} v${version}`)
  }
})

test('a message without a field set is what Java writes for it, and decodes to the defaults', () => {
  for (const { message, version, bytes } of defaultFixtures()) {
    const type = typeByName.get(message)!
    assert.equal(encodeMessage(type, version, {}).toString('base64'), bytes, `${message} v${version}`)
    const value = decodeMessage(type, version, Buffer.from(bytes, 'base64'))
    assert.equal(encodeMessage(type, version, value as object).toString('base64'), bytes, `${message} v${version}`)
  }
})

test('a message that ends early is malformed wherever it is cut', () => {
  for (const { message, version, bytes } of fixtures) {
    const whole = Buffer.from(bytes, 'base64')
    const type = typeByName.get(message)!
    for (let length = 0; length < whole.length; length += 1 + Math.floor(whole.length / 12)) {
      const cut = Buffer.from(whole.subarray(0, length))
      assert.throws(() => decodeMessage(type, version, cut), { code: 'PROTOCOL_MALFORMED' }, `${message} v${version}`)
    }
  }
})
