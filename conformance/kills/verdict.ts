import type { ReadSum } from './asker.ts'
import type { Account, Order, Payment, Sum } from './bank-app.ts'
import type { Ledger } from './ledger.ts'

/** Values by key, in the order in which a reader of committed records gets them. */
export type Outputs<V> = ReadonlyMap<string, readonly V[]>

export interface BankOutputs {
  readonly totals: Outputs<Sum>
  readonly perWindow: Outputs<Sum>
  readonly enriched: Outputs<Payment & Account>
  readonly refunded: Outputs<{ readonly paid: number; readonly refunded: number }>
  readonly placed: Outputs<Order & { readonly customerVersion: number }>
}

/** What stores hold, as asked over HTTP. */
export interface BankStores {
  readonly totals: ReadonlyMap<string, Sum>
  /** By `account/start of the window`. */
  readonly perWindow: ReadonlyMap<string, Sum>
  readonly placed: ReadonlyMap<string, Order & { readonly customerVersion: number }>
}

const shownAtMost = 5

/**
 * In what the committed outputs differ from what the written records come to; empty when exactly-once held. With a cache some updates
 * are left out; those that are there still say more each time, and the last says all.
 */
export function problemsOfOutputs(outputs: BankOutputs, ledger: Ledger, isCached: boolean): string[] {
  return [
    ...shown('totals', sumProblems(outputs.totals, ledger.sums, isCached)),
    ...shown('per-window', sumProblems(outputs.perWindow, ledger.windows, isCached)),
    ...shown('enriched', enrichedProblems(outputs.enriched, ledger)),
    ...shown('refunded', onceProblems(outputs.refunded, ledger.refunded())),
    ...shown('placed', placedProblems(outputs.placed, ledger)),
  ]
}

/**
 * What is not in the outputs at all, however often the rest may be: no guarantee allows that. Which of several rows of a key
 * comes last is not looked at: without transactions nothing keeps a process that was stopped from writing an old one late.
 */
export function lossesOf(outputs: BankOutputs, ledger: Ledger): string[] {
  const { totals, perWindow, enriched, refunded, placed } = outputs
  const short = (sums: Outputs<Sum>, expected: Steps): string[] =>
    [...expected].flatMap(([key, { length }]) => {
      const most = Math.max(0, ...(sums.get(key) ?? []).map(({ count }) => count))
      return most >= length ? [] : [`${key} comes to ${most} of ${length} payments`]
    })
  const paid = [...ledger.payments].flatMap(([account, payments]) => {
    const found = new Set(enriched.get(account)?.map(({ id }) => id))
    return payments.filter(({ id }) => !found.has(id)).map(({ id }) => `${id} is missing`)
  })
  const pairs = [...ledger.refunded()].flatMap(([id, pair]) => {
    return refunded.get(id)?.some((found) => isSame(found, pair)) ? [] : [`${id} is missing`]
  })
  const orders = [...ledger.orders].flatMap(([key, order]) => {
    const wanted = { ...order, customerVersion: ledger.customers.get(order.customer) }
    if (placed.get(key)?.some((found) => isSame(found, wanted))) return []
    return [`${key} never was ${JSON.stringify(wanted)}`]
  })
  return [
    ...shown('totals', short(totals, ledger.sums)),
    ...shown('per-window', short(perWindow, ledger.windows)),
    ...shown('enriched', paid),
    ...shown('refunded', pairs),
    ...shown('placed', orders),
  ]
}

/** Stores hold what was written last; marks included, so that it is the same computation. */
export function problemsOfStores(stores: BankStores, outputs: BankOutputs): string[] {
  return [
    ...shown('store totals', lastProblems(stores.totals, outputs.totals)),
    ...shown('store per-window', lastProblems(stores.perWindow, outputs.perWindow)),
    ...shown('store placed', lastProblems(stores.placed, outputs.placed)),
  ]
}

/** Sums that queries answered with, and that were never committed. */
export function problemsOfRead(read: readonly ReadSum[], outputs: BankOutputs): string[] {
  const committed = { totals: marksOf(outputs.totals), perWindow: marksOf(outputs.perWindow) }
  const wrong = read.filter(({ key, count, mark, from }) => committed[from].get(`${key}/${count}`) !== mark)
  return shown(
    'queries',
    wrong.map(({ key, count, mark }) => {
      return `the sum of ${key} after ${count} payments, mark ${mark}, was never committed`
    }),
  )
}

function marksOf(sums: Outputs<Sum>): Map<string, number> {
  return new Map([...sums].flatMap(([key, all]) => all.map(({ count, mark }) => [`${key}/${count}`, mark] as const)))
}

type Steps = ReadonlyMap<string, readonly { readonly count: number; readonly cents: number }[]>

function sumProblems(outputs: Outputs<Sum>, expected: Steps, isCached: boolean): string[] {
  const problems = unexpected(outputs, expected)
  for (const [key, steps] of expected) {
    const sums = outputs.get(key) ?? []
    const last = sums.at(-1)
    if (last?.count !== steps.length) problems.push(`${key} ends after ${last?.count ?? 0} of ${steps.length} payments`)
    let before: Sum | undefined
    for (const sum of sums) {
      const { count, cents } = sum
      const step = before === undefined ? count : count - before.count
      if (isCached ? step < 1 : step !== 1) problems.push(`${key}: ${count} payments come after ${before?.count ?? 0}`)
      else if (!isCached && sum.before !== (before?.mark ?? 0)) {
        problems.push(`${key}: the sum of ${count} payments was computed from one that was not committed`)
      }
      const wanted = steps[count - 1]?.cents
      if (cents !== wanted) problems.push(`${key}: ${cents} cents after ${count} payments, not ${wanted}`)
      before = sum
    }
  }
  return problems
}

/** Each payment once, in the order of the account, with a row of its account that is never older than the one before. */
function enrichedProblems(outputs: BankOutputs['enriched'], ledger: Ledger): string[] {
  const problems = unexpected(outputs, ledger.payments)
  for (const [account, payments] of ledger.payments) {
    const found = outputs.get(account) ?? []
    if (found.length !== payments.length) problems.push(`${account}: ${found.length} of ${payments.length} payments`)
    const newest = ledger.accounts.get(account) ?? 0
    let version = 1
    for (const [at, one] of found.entries()) {
      const { id, cents } = payments[at] ?? {}
      if (one.id !== id || one.cents !== cents) {
        problems.push(`${account}: where ${id} belongs stands ${one.id} of ${one.cents} cents`)
        break
      }
      const isRow = one.version >= version && one.version <= newest && one.country === `${account}-${one.version}`
      if (!isRow) problems.push(`${one.id}: joined with version ${one.version} after ${version}, of ${newest}`)
      version = one.version
    }
  }
  return problems
}

function onceProblems<V>(outputs: Outputs<V>, expected: ReadonlyMap<string, V>): string[] {
  const problems = unexpected(outputs, expected)
  for (const [key, value] of expected) {
    const values = outputs.get(key) ?? []
    if (values.length !== 1) problems.push(`${key} was written ${values.length} times`)
    else if (!isSame(values[0], value)) problems.push(`${key} is ${JSON.stringify(values[0])}`)
  }
  return problems
}

/** Orders end with their last row and the last one of its customer; on the way, neither goes back. */
function placedProblems(outputs: BankOutputs['placed'], ledger: Ledger): string[] {
  const problems = unexpected(outputs, ledger.orders)
  for (const [key, order] of ledger.orders) {
    const found = outputs.get(key) ?? []
    const wanted = { ...order, customerVersion: ledger.customers.get(order.customer) }
    if (!isSame(found.at(-1), wanted)) {
      problems.push(`${key} ends at ${JSON.stringify(found.at(-1))}, not ${JSON.stringify(wanted)}`)
    }
    for (const [at, one] of found.entries()) {
      const before = found[at - 1]
      if (before === undefined || before.version < one.version) continue
      if (before.version > one.version || before.customerVersion > one.customerVersion) {
        problems.push(`${key} goes from ${JSON.stringify(before)} to ${JSON.stringify(one)}`)
      }
    }
  }
  return problems
}

function lastProblems<V>(store: ReadonlyMap<string, V>, outputs: Outputs<V>): string[] {
  const problems = unexpected(store, outputs)
  for (const [key, values] of outputs) {
    const [held, written] = [store.get(key), values.at(-1)]
    if (!isSame(held, written)) problems.push(`${key} is ${JSON.stringify(held)}, not ${JSON.stringify(written)}`)
  }
  return problems
}

function unexpected(found: ReadonlyMap<string, unknown>, expected: ReadonlyMap<string, unknown>): string[] {
  return [...found.keys()].filter((key) => !expected.has(key)).map((key) => `${key} is not expected`)
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function shown(what: string, problems: readonly string[]): string[] {
  const some = problems.slice(0, shownAtMost).map((problem) => `${what}: ${problem}`)
  return problems.length > shownAtMost ? [...some, `${what}: and ${problems.length - shownAtMost} more`] : some
}
