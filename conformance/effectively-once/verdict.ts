/** What the service's own database says that it did. */
export interface LedgerRow {
  readonly id: string
  readonly account: string
  readonly seq: number
  readonly amount: number
}

/** An effect at the other end, in the order of its arrival. */
export interface EffectRow {
  readonly id: string
  readonly account: string
  readonly seq: number
}

export interface StepRow extends EffectRow {
  readonly count: number
  readonly sum: number
}

/** What an account has come to. */
export interface Total {
  readonly account: string
  readonly count: number
  readonly sum: number
}

export interface Findings {
  readonly ledger: readonly LedgerRow[]
  /** Inserted by a sink from what streams made of each movement. */
  readonly steps: readonly StepRow[]
  /** Updated by a sink, one row per account. */
  readonly balances: readonly Total[]
  /** Written by a handler with an inbox. */
  readonly handled: readonly EffectRow[]
  /** Added up by the same handler. */
  readonly paid: readonly Total[]
}

/** Everything that is lost, doubled, invented, out of order, or adds up to something else; empty when all is well. */
export function problemsOf({ ledger, steps, balances, handled, paid }: Findings): string[] {
  const expected = totals(ledger)
  return [
    ...effects('steps', ledger, steps),
    ...effects('handled', ledger, handled),
    ...running(ledger, steps),
    ...sums('balances', expected, balances),
    ...sums('paid', expected, paid),
  ]
}

function effects(where: string, ledger: readonly LedgerRow[], found: readonly EffectRow[]): string[] {
  const problems: string[] = []
  const times = new Map<string, number>()
  for (const { id } of found) times.set(id, (times.get(id) ?? 0) + 1)
  for (const { id, account, seq } of ledger) {
    const count = times.get(id) ?? 0
    times.delete(id)
    if (count !== 1)
      problems.push(`${where}: movement ${seq} of ${account} ${count === 0 ? 'is lost' : `took effect ${count} times`}`)
  }
  for (const id of times.keys()) problems.push(`${where}: ${id} was never committed by the service`)
  const last = new Map<string, number>()
  for (const { account, seq } of found) {
    const before = last.get(account) ?? 0
    if (seq <= before) problems.push(`${where}: movement ${seq} of ${account} came after ${before}`)
    last.set(account, seq)
  }
  return problems
}

/** Streams has seen each movement in its turn: what it came to then is what the ledger says. */
function running(ledger: readonly LedgerRow[], steps: readonly StepRow[]): string[] {
  const bySeq = Map.groupBy(ledger, ({ account }) => account)
  const expected = new Map<string, number>()
  for (const [account, rows] of bySeq) {
    let sum = 0
    for (const { seq, amount } of rows.toSorted((a, b) => a.seq - b.seq)) {
      sum += amount
      expected.set(`${account}/${seq}`, sum)
    }
  }
  return steps
    .filter(({ account, seq, count, sum }) => count !== seq || sum !== expected.get(`${account}/${seq}`))
    .map(({ account, seq, count, sum }) => `steps: after movement ${seq} of ${account} streams had ${count} and ${sum}`)
}

function totals(ledger: readonly LedgerRow[]): Map<string, Total> {
  const all = new Map<string, Total>()
  for (const { account, amount } of ledger) {
    const { count = 0, sum = 0 } = all.get(account) ?? {}
    all.set(account, { account, count: count + 1, sum: sum + amount })
  }
  return all
}

function sums(where: string, expected: ReadonlyMap<string, Total>, found: readonly Total[]): string[] {
  const problems: string[] = []
  const accounts = new Map(found.map((total) => [total.account, total]))
  for (const { account, count, sum } of expected.values()) {
    const total = accounts.get(account)
    accounts.delete(account)
    if (total?.count === count && total.sum === sum) continue
    problems.push(`${where}: ${account} has ${total?.count ?? 0} and ${total?.sum ?? 0} instead of ${count} and ${sum}`)
  }
  for (const account of accounts.keys()) problems.push(`${where}: ${account} should not be there`)
  return problems
}
