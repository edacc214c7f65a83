import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refundWithinMs, type Sum } from './bank-app.ts'
import { Ledger } from './ledger.ts'
import {
  type BankOutputs,
  type BankStores,
  lossesOf,
  problemsOfOutputs,
  problemsOfRead,
  problemsOfStores,
} from './verdict.ts'

const sum = (count: number, cents: number, mark: number, before: number): Sum => ({ count, cents, mark, before })

function written(): Ledger {
  const ledger = new Ledger()
  ledger.accounts.set('a0', 2)
  for (const cents of [10, 20, 30]) ledger.pay('a0', cents, 1_000)
  ledger.refunds.set('a0-2', { cents: 5, timestampMs: 2_000 })
  ledger.refunds.set('a0-3', { cents: 5, timestampMs: 1_001 + refundWithinMs })
  ledger.customers.set('c0', 3)
  ledger.orders.set('o0', { customer: 'c0', version: 2 })
  return ledger
}

const sums = [sum(1, 10, 71, 0), sum(2, 30, 72, 71), sum(3, 60, 73, 72)]
const clean: BankOutputs = {
  totals: new Map([['a0', sums]]),
  perWindow: new Map([['a0/0', sums]]),
  enriched: new Map([
    [
      'a0',
      [10, 20, 30].map((cents, i) => {
        const version = i === 0 ? 1 : 2
        return { id: `a0-${i + 1}`, account: 'a0', place: i + 1, cents, country: `a0-${version}`, version }
      }),
    ],
  ]),
  refunded: new Map([['a0-2', [{ paid: 20, refunded: 5 }]]]),
  placed: new Map([['o0', [1, 3].map((customerVersion) => ({ customer: 'c0', version: 2, customerVersion }))]]),
}

test('what the payments come to has no problems', () => {
  assert.deepEqual(problemsOfOutputs(clean, written(), false), [])
  assert.deepEqual(problemsOfOutputs(clean, written(), true), [])
})

const enriched = clean.enriched.get('a0')!
const placed = clean.placed.get('o0')!
const broken: [string, Partial<BankOutputs>, RegExp][] = [
  ['a lost update', { totals: new Map([['a0', [sums[0]!, sums[2]!]]]) }, /totals: a0: 3 payments come after 1/],
  ['a lost end', { totals: new Map([['a0', sums.slice(0, 2)]]) }, /totals: a0 ends after 2 of 3 payments/],
  ['an update twice', { perWindow: new Map([['a0/0', [...sums, sums[2]!]]]) }, /per-window: .*3 payments come after 3/],
  ['a payment added twice', { totals: new Map([['a0', [sums[0]!, sum(2, 40, 1, 71)]]]) }, /40 cents after 2 .*not 30/],
  [
    'a sum of a sum that was not committed',
    { totals: new Map([['a0', [sums[0]!, sum(2, 30, 72, 70), sums[2]!]]]) },
    /totals: a0: the sum of 2 payments was computed from one that was not committed/,
  ],
  ['a window nobody paid in', { perWindow: new Map([...clean.perWindow, ['a0/5', sums]]) }, /a0\/5 is not expected/],
  [
    'a join result twice',
    { enriched: new Map([['a0', [...enriched, enriched[2]!]]]) },
    /enriched: a0: 4 of 3 payments/,
  ],
  ['a join result lost', { enriched: new Map([['a0', enriched.toSpliced(1, 1)]]) }, /where a0-2 belongs stands a0-3/],
  [
    'a row that goes back',
    { enriched: new Map([['a0', [...enriched.slice(0, 2), { ...enriched[2]!, version: 1, country: 'a0-1' }]]]) },
    /a0-3: joined with version 1 after 2/,
  ],
  ['a pair twice', { refunded: new Map([['a0-2', Array(2).fill({ paid: 20, refunded: 5 })]]) }, /written 2 times/],
  ['no pair', { refunded: new Map() }, /refunded: a0-2 was written 0 times/],
  ['a pair too far apart', { refunded: new Map([...clean.refunded, ['a0-3', []]]) }, /a0-3 is not expected/],
  ['an order with an old row', { placed: new Map([['o0', placed.slice(0, 1)]]) }, /placed: o0 ends at/],
  [
    'an order that goes back',
    { placed: new Map([['o0', [placed[1]!, placed[0]!, placed[1]!]]]) },
    /placed: o0 goes from/,
  ],
]
for (const [name, change, expected] of broken) {
  test(`${name} is found`, () => {
    assert.match(problemsOfOutputs({ ...clean, ...change }, written(), false).join('\n'), expected)
  })
}

const lossy: readonly [string, Partial<BankOutputs>, RegExp][] = [
  ['a sum that falls short', { totals: new Map([['a0', sums.slice(0, 2)]]) }, /totals: a0 comes to 2 of 3/],
  ['a window that falls short', { perWindow: new Map() }, /per-window: .* comes to 0 of/],
  ['a join result', { enriched: new Map([['a0', enriched.toSpliced(1, 1)]]) }, /enriched: a0-2 is missing/],
  ['a pair', { refunded: new Map() }, /refunded: a0-2 is missing/],
  ['the last row of an order', { placed: new Map([['o0', placed.slice(0, 1)]]) }, /placed: o0 never was/],
]
for (const [name, change, expected] of lossy) {
  test(`${name} that is lost is told from what is twice or late`, () => {
    assert.match(lossesOf({ ...clean, ...change }, written()).join('\n'), expected)
  })
}

test('nothing is lost where everything is twice, and in another order', () => {
  const twice = <V>(outputs: ReadonlyMap<string, readonly V[]>): Map<string, V[]> =>
    new Map([...outputs].map(([key, all]) => [key, [...all, ...all.toReversed()]]))
  const { totals, perWindow, refunded } = clean
  const doubled = { totals: twice(totals), perWindow: twice(perWindow), refunded: twice(refunded) }
  const outputs = { ...doubled, enriched: twice(clean.enriched), placed: twice(clean.placed) }
  assert.deepEqual(lossesOf(outputs, written()), [])
})

test('with a cache updates may be left out, and none may come twice', () => {
  const some = { ...clean, totals: new Map([['a0', [sums[0]!, sum(3, 60, 80, 79)]]]) }
  assert.deepEqual(problemsOfOutputs(some, written(), true), [])
  const twice = { ...clean, totals: new Map([['a0', [...sums, sums[2]!]]]) }
  assert.match(problemsOfOutputs(twice, written(), true).join('\n'), /3 payments come after 3/)
})

const held: BankStores = {
  totals: new Map([['a0', sums[2]!]]),
  perWindow: new Map([['a0/0', sums[2]!]]),
  placed: new Map([['o0', placed[1]!]]),
}

test('stores hold the last that was committed', () => {
  assert.deepEqual(problemsOfStores(held, clean), [])
  const uncommitted = { ...held, totals: new Map([['a0', sum(3, 60, 99, 72)]]) }
  assert.match(problemsOfStores(uncommitted, clean).join('\n'), /store totals: a0 is .*99.*not .*73/)
  const lacking = { ...held, perWindow: new Map<string, Sum>() }
  assert.match(problemsOfStores(lacking, clean).join('\n'), /store per-window: a0\/0 is undefined/)
})

test('an answer that was never committed is found', () => {
  const read = { key: 'a0', count: 2, mark: 72, from: 'totals' } as const
  assert.deepEqual(problemsOfRead([read], clean), [])
  assert.match(problemsOfRead([{ ...read, mark: 5 }], clean).join('\n'), /a0 after 2 payments, mark 5, was never/)
})
