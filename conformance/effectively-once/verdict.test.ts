// The verdict sees each kind of mistake when it is planted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Findings, problemsOf } from './verdict.ts'

const ledger = [
  { id: 'a1', account: 'a', seq: 1, amount: 5 },
  { id: 'b1', account: 'b', seq: 1, amount: 7 },
  { id: 'a2', account: 'a', seq: 2, amount: 3 },
]
const totals = [
  { account: 'a', count: 2, sum: 8 },
  { account: 'b', count: 1, sum: 7 },
]
const steps = [
  { id: 'b1', account: 'b', seq: 1, count: 1, sum: 7 },
  { id: 'a1', account: 'a', seq: 1, count: 1, sum: 5 },
  { id: 'a2', account: 'a', seq: 2, count: 2, sum: 8 },
]
const well: Findings = { ledger, steps, balances: totals, handled: steps, paid: totals }

test('nothing is said where all is well, in whatever order accounts come', () => {
  assert.deepEqual(problemsOf(well), [])
  assert.deepEqual(problemsOf({ ledger: [], steps: [], balances: [], handled: [], paid: [] }), [])
})

const planted: [string, Partial<Findings>, RegExp][] = [
  ['a lost record', { steps: steps.slice(1) }, /^steps: movement 1 of b is lost$/],
  ['a lost effect', { handled: steps.slice(0, 2) }, /^handled: movement 2 of a is lost$/],
  ['a doubled record', { handled: [...steps, steps[2]!] }, /^handled: movement 2 of a took effect 2 times$/],
  [
    'an effect of what was rolled back',
    { handled: [{ id: 'x', account: 'c', seq: 1 }, ...steps] },
    /^handled: x was never/,
  ],
  [
    'records of a key out of order',
    { steps: [steps[0]!, steps[2]!, steps[1]!] },
    /^steps: movement 1 of a came after 2$/,
  ],
  [
    'state that was lost',
    { steps: [steps[0]!, steps[1]!, { ...steps[2]!, count: 1, sum: 3 }] },
    /^steps: after movement 2 of a/,
  ],
  [
    'a row that was not updated',
    { balances: [{ ...totals[0]!, count: 1, sum: 5 }, totals[1]!] },
    /^balances: a has 1 and 5/,
  ],
  [
    'a sum that was added twice',
    { paid: [totals[0]!, { ...totals[1]!, sum: 14 }] },
    /^paid: b has 1 and 14 instead of 1 and 7$/,
  ],
]
for (const [what, more, expected] of planted) {
  test(`${what} is found`, () => assert.match(problemsOf({ ...well, ...more })[0] ?? 'nothing', expected))
}
