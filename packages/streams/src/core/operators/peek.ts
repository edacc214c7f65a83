import { type CreateProcessor, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'

/** Calls back and hands the record on as it is; a tombstone passes without the call where the type has no null. */
export function peekOperator(
  fn: (value: unknown, key: unknown, context: RecordContext) => void,
  options: { takesNull: boolean; passOn: boolean },
): CreateProcessor {
  const { takesNull, passOn } = options
  return ({ node, context, forward }) => ({
    process(record) {
      if (takesNull || record.hasValue) settled(fn(record.value, record.key, context), node)
      if (passOn) forward(record)
    },
  })
}
