import type { History } from '../history.ts'
import type { Anomaly } from './anomaly.ts'
import { checkGroups } from './check-groups.ts'
import { checkPolls, checkWatermarks } from './check-polls.ts'
import { checkTransactions } from './check-transactions.ts'
import { checkLosses, checkOffsets, checkOrder } from './check-writes.ts'
import { factsOf } from './facts.ts'

/** Everything that contradicts what the broker promises; empty when nothing does. */
export function checkHistory(history: History): Anomaly[] {
  const facts = factsOf(history)
  return [
    ...checkOffsets(facts),
    ...checkLosses(facts),
    ...checkOrder(facts),
    ...checkPolls(history, facts),
    ...checkWatermarks(facts),
    ...checkTransactions(history, facts),
    ...checkGroups(history, facts),
  ]
}
