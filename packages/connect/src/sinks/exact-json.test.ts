import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digitsOf, exactJson } from './exact-json.ts'

test('numbers that a double holds are numbers, however they are written', () => {
  const texts = [
    '1',
    '-0',
    '1e5',
    '1E-7',
    '100000000000000000000',
    '0.30000000000000004',
    '1.50000000000000000',
    '5e-324',
  ]
  for (const text of texts) assert.equal(exactJson(text), JSON.parse(text), text)
  const odd = '{"a\\"":"\\\\","id":"1e5","long":"1234567890123456789","at":"2024-02-29","n":[1,2.5],"e":1e3}'
  assert.deepEqual(exactJson(odd), JSON.parse(odd))
})

test('others keep their digits, as text and in JSON, and are no silent operand', () => {
  const texts = [
    '9007199254740993',
    '-9007199254740993',
    '0.1234567890123456789',
    '1e999',
    '123456789012345678901234567890',
  ]
  for (const text of texts) {
    for (const whole of [text, `[${text}]`, `{"a":${text}}`, `{"a": ${text} }`, `[1,${text}]`]) {
      const value = exactJson(whole)
      assert.equal(JSON.stringify(value), whole.replaceAll(' ', ''))
    }
    const value = exactJson(text)
    assert.equal(digitsOf(value), text)
    assert.throws(() => (value as number) * 2, TypeError)
  }
  assert.equal(digitsOf(1), undefined)
  assert.equal(digitsOf({ rawJSON: '1' }), undefined)
})
