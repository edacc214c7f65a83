import { topology } from 'millrace'
import { accountSums, branchSums, history, tellerSums } from './contracts.ts'

const kinds = [
  { column: 'aid', store: 'accounts', name: 'by-account', output: accountSums },
  { column: 'tid', store: 'tellers', name: 'by-teller', output: tellerSums },
  { column: 'bid', store: 'branches', name: 'by-branch', output: branchSums },
] as const

/** Sums of the deltas by account, teller and branch. */
export default () => {
  const app = topology('pgbench-sums')
  const rows = app.stream(history)
  for (const { column, store, name, output } of kinds) {
    rows
      .groupBy((row) => String(row[column]), { name })
      .aggregate({ initial: { sum: 0 }, store }, (total, row) => ({ sum: total.sum + row.delta }))
      .to(output)
  }
  return app
}
