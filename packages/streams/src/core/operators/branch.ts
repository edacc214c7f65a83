import { type CreateProcessor, decided } from '../processor.ts'
import type { Predicate } from './filter.ts'

/** Hands a record to the first child whose predicate takes it; children without predicate take everything. */
export function branchOperator(predicates: readonly (Predicate | undefined)[], takesNull: boolean): CreateProcessor {
  return ({ node, context, forwardTo, drop }) => ({
    process(record) {
      if (!takesNull && !record.hasValue) return drop('null-value')
      for (let child = 0; child < predicates.length; child++) {
        const predicate = predicates[child]
        if (predicate === undefined || decided(predicate(record.value, record.key, context), node)) {
          return forwardTo(child, record)
        }
      }
    },
  })
}
