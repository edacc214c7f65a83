import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrayLiteral } from './array-literal.ts'
import { inferredType, textEncoder } from './text-values.ts'

test('values take the form that PostgreSQL reads for the column', () => {
  assert.equal(textEncoder('text')('a'), 'a')
  assert.equal(textEncoder('bigint')(9007199254740993n), '9007199254740993')
  assert.equal(textEncoder('boolean')(true), 'true')
  assert.equal(textEncoder('jsonb')('a'), '"a"')
  assert.equal(textEncoder('jsonb')({ a: [1n] }), '{"a":["1"]}')
  assert.equal(textEncoder('text')({ a: 1 }), '{"a":1}')
  assert.equal(textEncoder('bytea')(new Uint8Array([1, 255])), '\\x01ff')
  assert.equal(textEncoder('timestamp with time zone')(new Date(0)), '1970-01-01T00:00:00.000Z')
  assert.equal(textEncoder('text[]')(['a', null, '"', ['b']]), '{"a",NULL,"\\"",{"b"}}')
})

test('array literals quote every element, so that NULL and commas are told apart', () => {
  const rows = ['a', null, 'NULL', '', 'a,"b"\\', '{'].map((value) => ({ values: [value] }))
  assert.equal(arrayLiteral(rows, 0), '{"a",NULL,"NULL","","a,\\"b\\"\\\\","{"}')
})

test('a column for a first value is wide enough for the next', () => {
  const types = [1, 1n, 'a', true, {}, [], new Date(0), new Uint8Array(), null].map(inferredType)
  const expected = ['double precision', 'bigint', 'text', 'boolean', 'jsonb', 'jsonb', 'timestamptz', 'bytea', 'jsonb']
  assert.deepEqual(types, expected)
})
