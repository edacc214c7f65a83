import type { Case } from './case.ts'
import { configCases } from './configs.ts'
import { groupCases } from './groups.ts'
import { offsetCases } from './offsets.ts'
import { recordCases } from './records.ts'
import { topicCases } from './topics.ts'
import { transactionCases } from './transactions.ts'

/** Every case, in the order of the reference page. */
export const cases: readonly Case[] = [
  ...topicCases,
  ...configCases,
  ...recordCases,
  ...offsetCases,
  ...transactionCases,
  ...groupCases,
]
