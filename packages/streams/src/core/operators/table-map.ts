import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, decided, type ProcessorSetup, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import { noWindow } from '../stores/state-store.ts'
import { openOwnStore } from './forward-updates.ts'
import type { TableGetter, TableLookup } from './table-getter.ts'

/** What becomes of one row; null: there is none. Never called with null. */
export type RowMapper = (value: unknown, key: unknown, context: RecordContext) => unknown

export interface TableMapOptions {
  readonly map: RowMapper
  /** Filters: an update that leaves nothing where there was nothing is not worth handing on. */
  readonly skipsNothing: boolean
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

export function filterRows(
  predicate: (value: unknown, key: unknown, context: RecordContext) => boolean,
  keep: boolean,
) {
  return (node: string): RowMapper =>
    (value, key, context) =>
      decided(predicate(value, key, context), node) === keep ? value : null
}

export function mapRows(fn: RowMapper) {
  return (node: string): RowMapper =>
    (value, key, context) =>
      settled(fn(value, key, context), node) ?? null
}

/** Filter and mapValues of a table: the old value goes the same way as the new one, or comes from the own store. */
export function tableMapOperator(options: TableMapOptions): CreateProcessor {
  const { map, skipsNothing, store: storeName, sendOldValues } = options
  return (setup) => {
    const { context, forward } = setup
    const out = new FlowRecord()
    const apply = (key: unknown, value: unknown): unknown => (value === null ? null : map(value, key, context))
    if (storeName === undefined) {
      return {
        process(record) {
          const { key } = record
          const value = apply(key, record.value)
          const oldValue = sendOldValues ? apply(key, record.oldValue) : null
          if (skipsNothing && sendOldValues && value === null && oldValue === null) return
          out.keyFrom(record)
          out.setValue(value)
          out.oldValue = oldValue
          out.timestamp = record.timestamp
          out.isLatest = record.isLatest
          forward(out)
        },
      }
    }
    const state = openOwnStore(setup, storeName, sendOldValues)
    return {
      process(record) {
        const { key } = record
        const value = apply(key, record.value)
        const oldValue = sendOldValues ? (state.get(key)?.value ?? null) : null
        if (skipsNothing && sendOldValues && value === null && oldValue === null) return
        state.put(key, noWindow, value, oldValue, record.timestamp)
      },
    }
  }
}

/** Rows of a mapped table that has no store of its own: computed from the parent's. */
export function mappedLookup(parent: TableLookup, map: RowMapper): TableLookup {
  return {
    stores: parent.stores,
    ...(parent.liveFrom && { liveFrom: parent.liveFrom }),
    open(setup: ProcessorSetup): TableGetter {
      const get = parent.open(setup)
      return (key, asOfMs) => {
        const row = get(key, asOfMs)
        if (row === undefined) return undefined
        const { timestamp } = row
        const value = map(row.value, key, setup.context)
        return value === null ? undefined : { value, timestamp }
      }
    },
  }
}
