import { topic } from 'millrace'
import { z } from 'zod'

/** A row of pgbench's own table `pgbench_history`: one for each of its transactions. */
export const history = topic('pgbench-history', {
  key: z.string(),
  value: z.object({ tid: z.int(), bid: z.int(), aid: z.int(), delta: z.int() }),
  partitions: 4,
})

const sum = z.object({ sum: z.int() })

/** What all transactions together did to each account, teller and branch; the key is pgbench's id of it. */
export const accountSums = topic('account-sums', { key: z.string(), value: sum, partitions: 4 })
export const tellerSums = topic('teller-sums', { key: z.string(), value: sum, partitions: 4 })
export const branchSums = topic('branch-sums', { key: z.string(), value: sum, partitions: 4 })
