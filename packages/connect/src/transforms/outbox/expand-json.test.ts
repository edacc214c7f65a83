import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandJson } from './expand-json.ts'

// Debezium merges the schemas of an array's objects in the order of a hash table, so that its own output is no fixture.
const expand = (text: string, emptyArrays: 'ignore' | 'optional_string' = 'ignore') =>
  expandJson(text, 'payload', { nulls: 'ignore', emptyArrays })

test('objects of an array that differ have the fields of all, in the order in which they appear', () => {
  const expanded = expand('{"a": [{"b": 1}, {"c": "x", "b": 2}]}')
  const [field] = expanded!.schema!.fields!
  assert.deepEqual(
    field!.schema.valueSchema!.fields!.map(({ name, schema }) => [name, schema.type]),
    [
      ['b', 'int32'],
      ['c', 'string'],
    ],
  )
  assert.deepEqual(expanded!.value, {
    a: [
      { b: 1, c: null },
      { b: 2, c: 'x' },
    ],
  })
})

test('a field of several types in the objects of an array leaves the text as it is', () => {
  assert.equal(expand('{"a": [{"b": 1}, {"b": "x"}]}'), undefined)
})

test('an empty array is left out, or is an array of optional texts', () => {
  assert.deepEqual(expand('{"a": []}')!.schema!.fields, [])
  const [field] = expand('{"a": []}', 'optional_string')!.schema!.fields!
  assert.deepEqual(field!.schema, { type: 'array', optional: true, valueSchema: { type: 'string', optional: true } })
  assert.deepEqual(expand('{"a": []}', 'optional_string')!.value, { a: [] })
})
