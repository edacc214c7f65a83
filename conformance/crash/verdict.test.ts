import assert from 'node:assert/strict'
import test from 'node:test'
import { type Placed, problemsOfCopied, problemsOfProduced } from './verdict.ts'

const log: Placed[] = ['1.0', '2.0', '1.1', '2.1'].map((value, offset) => ({ partition: 0, offset, value }))
const clean = { topic: 't', acknowledged: log, consumed: log, log }

test('a log that holds what it acknowledged has no problems', () => {
  assert.deepEqual(problemsOfProduced(clean), [])
  assert.deepEqual(problemsOfCopied('t', log, log), [])
})

const broken: [string, Partial<typeof clean>, RegExp][] = [
  [
    'a lost record',
    { log: log.slice(0, 3), consumed: log.slice(0, 3) },
    /1 acknowledged and not in the log: 2\.1 at 0\/3/,
  ],
  ['an offset with another value', { acknowledged: [{ ...log[0]!, value: '1.7' }] }, /acknowledged and not/],
  [
    'a record that readers saw and that is gone',
    { consumed: [...log, { partition: 0, offset: 4, value: '1.2' }] },
    /consumed and not/,
  ],
  ['a record no reader got', { consumed: log.slice(1) }, /1 in the log and never consumed: 1\.0/],
  ['a duplicate', { log: [...log, { partition: 0, offset: 4, value: '1.1' }] }, /1 in the log twice: 1\.1 at 0\/4/],
  [
    'a wrong order',
    { log: log.map((one, at) => ({ ...one, value: ['1.1', '2.0', '1.0', '2.1'][at]! })) },
    /sent earlier: 1\.0/,
  ],
]
for (const [name, change, expected] of broken) {
  test(`${name} is found`, () => assert.match(problemsOfProduced({ ...clean, ...change }).join('\n'), expected))
}

const uncopied: [string, Placed[], RegExp][] = [
  ['a missing copy', log.filter((one) => one.value !== '2.0'), /1 in the input and not in the output: 2\.0/],
  ['a copy too many', [...log, { partition: 0, offset: 4, value: '2.1' }], /1 in the output twice: 2\.1/],
  ['copies in another order', [log[1]!, log[0]!, ...log.slice(2)], /where 1\.0 belongs stands 2\.0/],
  ['something never sent', [...log, { partition: 0, offset: 4, value: '9.9' }], /where the end belongs stands 9\.9/],
]
for (const [name, output, expected] of uncopied) {
  test(`${name} is found`, () => assert.match(problemsOfCopied('t', log, output).join('\n'), expected))
}
