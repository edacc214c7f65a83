import { type CreateProcessor, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import { noWindow } from '../stores/state-store.ts'
import { openOwnStore } from './forward-updates.ts'

/** How records are folded into an aggregate. */
export interface Aggregation {
  /** What a key begins with; undefined: its first value (`reduce` without initial). */
  readonly initial: (() => unknown) | undefined
  readonly add: (aggregate: unknown, value: unknown, key: unknown, context: RecordContext) => unknown
  /** False for counts: the value is never parsed. */
  readonly readsValue: boolean
  /** Whether records without value are left out, as Kafka Streams does without windows. */
  readonly skipsNullValues: boolean
}

/** One aggregate a key; its time is that of the latest record in it. */
export function streamAggregateOperator(
  aggregation: Aggregation,
  storeName: string,
  sendOldValues: boolean,
): CreateProcessor {
  const { initial, add, readsValue } = aggregation
  return (setup) => {
    const { node, context, drop } = setup
    const state = openOwnStore(setup, storeName, sendOldValues)
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.hasValue) return drop('null-value')
        const value = readsValue ? record.value : undefined
        const old = state.getFor(record)
        const { key } = record
        const oldValue = old === undefined ? null : old.value
        const timestamp = old !== undefined && old.timestamp > record.timestamp ? old.timestamp : record.timestamp
        const next = fold(oldValue, initial, value, add, key, context)
        state.put(key, noWindow, settled(next, node) ?? null, oldValue, timestamp)
      },
    }
  }
}

export function fold(
  oldValue: unknown,
  initial: Aggregation['initial'],
  value: unknown,
  add: Aggregation['add'],
  key: unknown,
  context: RecordContext,
): unknown {
  if (oldValue !== null) return add(oldValue, value, key, context)
  return initial === undefined ? value : add(initial(), value, key, context)
}
