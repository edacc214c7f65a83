import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression } from './expression.ts'

const scope = {
  value: { op: 'u', before: { id: 2n, name: 'Eve' }, after: null, tags: ['a', 'b'], big: 9007199254740993n },
  topic: 'shop.orders',
}
const evaluate = (text: string) => compileExpression(text, Object.keys(scope))(scope)

test('what JavaScript and Groovy have in common means the same', () => {
  const cases: readonly (readonly [expression: string, result: unknown])[] = [
    ["value.op == 'u' && value.before.id == 2", true],
    ["value.op === 'c' || value.before.id > 1", true],
    ["value.op == 'c' ? 'created' : value.op == 'u' ? 'updated' : null", 'updated'],
    ['value.after == null', true],
    ['value.after.id == null', true],
    ['value?.after?.id != null', false],
    ["value['op'] + '-' + value.before.id", 'u-2'],
    ['value.big == 9007199254740992', false],
    ['value.before.id + 1 == 3', true],
    ['-value.before.id < 0', true],
    ['!(value.before.id >= 2)', false],
    ["value.before.name.startsWith('E') && value.before.name.matches('E.e')", true],
    ["value.get('before').getString('name').equalsIgnoreCase('EVE')", true],
    ["value.tags.contains('b') && value.tags.size() == 2 && value.tags[0] == 'a'", true],
    ["['c', 'u'].contains(value.op)", true],
    ['"it\\"s"', 'it"s'],
    ["value.op == 'u' ? topic + '.updates' : topic", 'shop.orders.updates'],
  ]
  for (const [expression, result] of cases) {
    assert.deepEqual(evaluate(expression), result, expression)
  }
})

test('nothing is within reach but what the scope has', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.equal(evaluate(`value.${name}`), null, name)
    assert.equal(evaluate(`value['${name}']`), null, name)
  }
  assert.throws(() => evaluate("value.constructor.constructor('return process')()"), /too much/)
  assert.throws(() => evaluate('value.before.valueOf()'), /no method valueOf/)
  for (const name of ['process', 'globalThis', 'this', 'require']) {
    assert.throws(() => compileExpression(name, Object.keys(scope)), /is not one of value, topic/)
  }
})

test('what is not understood is refused with its place', () => {
  const cases: readonly (readonly [expression: string, message: RegExp])[] = [
    ['', /at 0: the end where a value is missing/],
    ["value.op = 'u'", /at 9: = 'u' is not understood/],
    ['value.op == ', /the end where a value is missing/],
    ["value.op == 'u' value", /at 16: value is too much/],
    ["(value.op == 'u'", /\) is missing/],
    ["value.op == 'u", /is not understood/],
    ['value.', /a name is missing/],
    ['value.op ? 1', /: is missing/],
    ['x -> x', /x is not one of/],
    [`${'('.repeat(200)}1`, /too deep/],
  ]
  for (const [expression, message] of cases) assert.throws(() => evaluate(expression), { name: 'SyntaxError', message })
})

test('a condition has to be one', () => {
  assert.throws(() => evaluate('value.op && true'), /neither true nor false/)
  assert.throws(() => evaluate('value.op > 5'), /two numbers or two strings/)
  assert.throws(() => evaluate('value.op - 5'), /no number/)
})
