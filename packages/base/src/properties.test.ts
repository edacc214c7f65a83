import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProperties, propertyLines } from './properties.ts'

test('a file as Java reads it', () => {
  const text = [
    '# comment',
    '! comment = too',
    '',
    'listeners=SASL_SSL://:9093, \\',
    '    PLAINTEXT://127.0.0.1:9092',
    'a : b=c',
    'only.a.name',
    '  spaced   value with spaces ',
    'esc\\=aped=\\u00e4\\n\\\\end\\\\',
    'jaas=PlainLoginModule required user_alice\\="x";',
    'last=open\\',
  ].join('\r\n')
  assert.deepEqual(parseProperties(text), {
    listeners: 'SASL_SSL://:9093, PLAINTEXT://127.0.0.1:9092',
    a: 'b=c',
    'only.a.name': '',
    spaced: 'value with spaces ',
    'esc=aped': 'ä\n\\end\\',
    jaas: 'PlainLoginModule required user_alice="x";',
    last: 'open',
  })
})

test('a setting is on the line where it begins', () => {
  assert.deepEqual(propertyLines('# comment\n\na=1,\\\n  2\nb=3\na=4'), [
    { line: 3, name: 'a', value: '1,2' },
    { line: 5, name: 'b', value: '3' },
    { line: 6, name: 'a', value: '4' },
  ])
})
