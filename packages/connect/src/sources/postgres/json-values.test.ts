import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonEncoder, timestampMs } from './json-values.ts'
import { TextRow } from './row.ts'

test('each type has the JSON form that the reference names', () => {
  const cases: [typeOid: number, text: string, json: string][] = [
    [23, '-5', '-5'],
    [20, '9007199254740993', '"9007199254740993"'],
    [1700, '3.50', '"3.50"'],
    [16, 't', 'true'],
    [16, 'f', 'false'],
    [701, '1e+100', '1e+100'],
    [701, '-Infinity', '"-Infinity"'],
    [700, 'NaN', '"NaN"'],
    [25, 'a "b"\n', '"a \\"b\\"\\n"'],
    [3802, '{"a": [1]}', '{"a": [1]}'],
    [17, '\\x0102', '"AQI="'],
    [1184, '2026-01-31 10:00:00.123456+00', '"2026-01-31T10:00:00.123456Z"'],
    [1114, '2026-01-31 10:00:00', '"2026-01-31T10:00:00"'],
    [1184, 'infinity', '"infinity"'],
    [1082, '2026-01-31', '"2026-01-31"'],
    [2950, 'ac157e96-9dcd-4e01-ae98-d1034760cd30', '"ac157e96-9dcd-4e01-ae98-d1034760cd30"'],
  ]
  for (const [typeOid, text, json] of cases) {
    assert.equal(jsonEncoder(typeOid, 'string')(new TextRow().load([text]), 0), json)
    JSON.parse(json)
  }
  assert.equal(jsonEncoder(20, 'number')(new TextRow().load(['9007199254740993']), 0), '9007199254740993')
})

test('timestamps become milliseconds, infinity none', () => {
  assert.equal(timestampMs('2026-01-31 10:00:00.123456+00'), Date.UTC(2026, 0, 31, 10, 0, 0, 123))
  assert.equal(timestampMs('infinity'), undefined)
})
