import { type CreateProcessor, decided } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'

export type Predicate = (value: unknown, key: unknown, context: RecordContext) => boolean

/**
 * Lets records through for which the predicate says `keep`. Tombstones do not get through where the stream's type has
 * no null: the predicate is not made for them.
 */
export function filterOperator(predicate: Predicate, options: { keep: boolean; takesNull: boolean }): CreateProcessor {
  const { keep, takesNull } = options
  return ({ node, context, forward, drop }) => ({
    process(record) {
      if (!takesNull && !record.hasValue) return drop('null-value')
      if (decided(predicate(record.value, record.key, context), node) === keep) forward(record)
    },
  })
}
