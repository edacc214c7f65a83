import { app, defineConfig, postgresSink, postgresTables } from 'millrace'
import { accountSums, branchSums, history, tellerSums } from './contracts.ts'

const { BANK_URL, REPORTING_URL } = process.env
if (!BANK_URL || !REPORTING_URL) throw new Error('BANK_URL and REPORTING_URL name the databases; main.ts sets them')

const sums = (contract: typeof accountSums, table: string) =>
  postgresSink(contract, {
    name: table,
    url: REPORTING_URL,
    table,
    mode: 'upsert',
    key: 'id',
    columns: { id: 'integer', sum: 'bigint' },
  })

export default defineConfig({
  sources: [
    // pgbench_history has no primary key; keyed by account, the rows of one account stay in their order.
    postgresTables({
      name: 'bank',
      url: BANK_URL,
      tables: [{ table: 'pgbench_history', topic: history, key: ['aid'] }],
    }),
  ],
  apps: [app('./topology.ts')],
  sinks: [sums(accountSums, 'account_sums'), sums(tellerSums, 'teller_sums'), sums(branchSums, 'branch_sums')],
})
