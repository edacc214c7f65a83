// pgbench's TPC-B load against PostgreSQL, captured, summed and written to a second database by Millrace, with SIGKILLs on
// the way. pgbench keeps the balances itself, so that its own tables say what the sums must be.
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type Bank, startBank } from './bank.ts'
import { type Check, runChecks } from './checks.ts'
import { findPgbench, initialize, load } from './pgbench.ts'

const scale = 4
const clients = 8
const transactionsPerClient = 6_500
const drainTimeoutMs = 120_000

/** Shares of the load after which a process is killed. */
const kills = [
  { after: 0.25, name: 'millrace' },
  { after: 0.5, name: 'broker' },
  { after: 0.75, name: 'millrace' },
]

async function main(): Promise<boolean> {
  const pgbench = findPgbench()
  if (pgbench === undefined) {
    console.log("skipped: pgbench is not installed (Debian's package postgresql brings it)")
    return process.env.MILLRACE_REQUIRE_PGBENCH !== '1'
  }
  const isVerbose = process.argv.includes('--verbose')
  await using bank = await startBank((name, line) => {
    if (isVerbose) console.log(`${name}: ${line}`)
  })
  await initialize(pgbench, bank.bankUrl, scale)
  await using database = await connect(bank.bankUrl)
  await using reporting = await connect(bank.reportingUrl)
  const stateUrl = await bank.startMillrace()
  console.log(`${clients * transactionsPerClient} transactions with ${clients} clients`)
  const startedMs = Date.now()
  const loaded = load(pgbench, bank.bankUrl, { clients, transactions: transactionsPerClient })
  await Promise.all([loaded, killOnTheWay(bank, database.client)])
  const loadedMs = Date.now()
  const checks = await drained(database.client, reporting.client, stateUrl)
  for (const { name, compared, differences } of checks) {
    console.log(`${differences.length === 0 ? 'equal  ' : 'differs'} ${name}: ${compared} compared`)
    for (const difference of differences) console.log(`        ${difference}`)
  }
  const isEqual = checks.every(({ differences }) => differences.length === 0)
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  const rate = Math.round((clients * transactionsPerClient) / ((loadedMs - startedMs) / 1000))
  const figures = `${clients * transactionsPerClient} transactions, ${rate} per second, ${kills.length} SIGKILLs`
  console.log(
    `${figures}, drained after ${seconds(Date.now() - loadedMs)} s: ${isEqual ? 'all sums agree' : 'SUMS DIFFER'}`,
  )
  return isEqual
}

async function connect(url: string): Promise<{ client: pg.Client } & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function killOnTheWay(bank: Bank, client: pg.Client): Promise<void> {
  const total = clients * transactionsPerClient
  for (const { after, name } of kills) {
    while ((await historyRows(client)) < after * total) await delay(100)
    console.log(`SIGKILL ${name} after ${await historyRows(client)} transactions`)
    await bank.tree.crash(name)
  }
}

async function historyRows(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from pgbench_history')
  return rows[0]?.count ?? 0
}

/** The checks once they hold, or as they stand when the time is up. */
async function drained(bank: pg.Client, reporting: pg.Client, stateUrl: string): Promise<Check[]> {
  const deadlineMs = Date.now() + drainTimeoutMs
  for (;;) {
    // State is not served while it moves or is restored after a kill: the last error counts when the time is up.
    const checks = await runChecks(bank, reporting, stateUrl).catch((error: unknown) => error)
    const isLate = Date.now() > deadlineMs
    if (Array.isArray(checks)) {
      if (isLate || checks.every(({ differences }) => differences.length === 0)) return checks
    } else if (isLate) throw checks
    await delay(500)
  }
}

process.exitCode = (await main()) ? 0 : 1
