import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import { noWindow } from '../stores/state-store.ts'
import { openOwnStore } from './forward-updates.ts'
import type { Pair } from './map.ts'

/**
 * The regrouping half of a table's aggregation: an update becomes the old row's removal from its group and the new
 * row's addition to its own, in this order. Where the group stays the same, one record carries both.
 */
export function tableRepartitionOperator(
  select: (value: unknown, key: unknown, context: RecordContext) => Pair,
  sameKey: (a: unknown, b: unknown) => boolean,
): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    const selected = (value: unknown, key: unknown): Pair | null => {
      if (value === null) return null
      const pair = settled(select(value, key, context), node)
      // A row whose group or value is null belongs to no group.
      return (pair[0] ?? null) === null || (pair[1] ?? null) === null ? null : pair
    }
    const send = (key: unknown, newValue: unknown, oldValue: unknown, timestamp: number): void => {
      out.setKey(key)
      out.setValue(newValue)
      out.oldValue = oldValue
      out.timestamp = timestamp
      forward(out)
    }
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        // Kafka Streams passes it by without counting it.
        if (!record.isLatest) return
        const { key, timestamp } = record
        const added = selected(record.value, key)
        const removed = selected(record.oldValue, key)
        if (added !== null && removed !== null && sameKey(added[0], removed[0])) {
          return send(added[0], added[1], removed[1], timestamp)
        }
        if (removed !== null) send(removed[0], null, removed[1], timestamp)
        if (added !== null) send(added[0], added[1], null, timestamp)
      },
    }
  }
}

export interface TableAggregation {
  /** undefined: the first value of a group (`reduce`). */
  readonly initial: (() => unknown) | undefined
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown
  readonly subtract: (aggregate: unknown, value: unknown, key: unknown) => unknown
}

/** The aggregating half: takes the old row out, puts the new row in. */
export function tableAggregateOperator(
  aggregation: TableAggregation,
  storeName: string,
  sendOldValues: boolean,
): CreateProcessor {
  const { initial, add, subtract } = aggregation
  return (setup) => {
    const { node, drop } = setup
    const state = openOwnStore(setup, storeName, sendOldValues)
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        const { key } = record
        const found = state.get(key)
        const oldValue = found === undefined ? null : found.value
        const timestamp = Math.max(record.timestamp, found === undefined ? -1 : found.timestamp)
        let aggregate = oldValue
        if (record.oldValue !== null && aggregate !== null) {
          aggregate = settled(subtract(aggregate, record.oldValue, key), node) ?? null
        }
        if (record.value !== null) {
          if (aggregate === null && initial === undefined) aggregate = record.value
          else aggregate = settled(add(aggregate ?? initial!(), record.value, key), node) ?? null
        }
        state.put(key, noWindow, aggregate, oldValue, timestamp)
      },
    }
  }
}
