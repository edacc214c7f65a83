import { queryClient } from 'millrace'
import type pg from 'pg'
import { accountSums, branchSums, tellerSums } from './contracts.ts'

const stores = { accounts: accountSums, tellers: tellerSums, branches: branchSums }

const kinds = [
  { store: 'accounts', balances: 'select aid as id, abalance as sum from pgbench_accounts', table: 'account_sums' },
  { store: 'tellers', balances: 'select tid as id, tbalance as sum from pgbench_tellers', table: 'teller_sums' },
  { store: 'branches', balances: 'select bid as id, bbalance as sum from pgbench_branches', table: 'branch_sums' },
] as const

/** The sums of one kind from one place, beside pgbench's own balances. */
export interface Check {
  readonly name: string
  /** Accounts, tellers or branches whose balance was compared. */
  readonly compared: number
  /** Those that differ, the first few of them; empty when all agree. */
  readonly differences: readonly string[]
}

const shownMax = 5

/** Compares what Millrace says over HTTP and in the sink's tables with pgbench's balances, one by one. */
export async function runChecks(bank: pg.Client, reporting: pg.Client, stateUrl: string): Promise<Check[]> {
  const checks: Check[] = []
  const state = queryClient({ url: stateUrl, stores })
  for (const { store, balances, table } of kinds) {
    const expected = await sumsOf(bank, balances)
    const asked = new Map<string, number>()
    for await (const { key, value } of state[store].range({ pageSize: 10_000 })) asked.set(key, value.sum)
    checks.push(compare(`${store} over HTTP`, expected, asked))
    checks.push(
      compare(`${store} in the sink's table`, expected, await sumsOf(reporting, `select id, sum from ${table}`)),
    )
  }
  return checks
}

async function sumsOf(client: pg.Client, sql: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: number; sum: number | string }>(sql)
  return new Map(rows.map(({ id, sum }) => [String(id), Number(sum)]))
}

/** What no transaction has touched has balance 0 in pgbench and no sum here. */
function compare(name: string, expected: ReadonlyMap<string, number>, actual: ReadonlyMap<string, number>): Check {
  const differences: string[] = []
  for (const id of new Set([...expected.keys(), ...actual.keys()])) {
    const balance = expected.get(id)
    const sum = actual.get(id) ?? 0
    if (balance !== sum) differences.push(`${id}: pgbench has ${balance ?? 'nothing'}, Millrace ${sum}`)
    if (differences.length === shownMax) break
  }
  return { name, compared: expected.size, differences }
}
