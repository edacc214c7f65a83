import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import { noWindow } from '../stores/state-store.ts'
import { openOwnStore } from './forward-updates.ts'
import type { TableLookup } from './table-getter.ts'

/** Joins a row of this side with one of the other; null stands for a missing row in left and outer joins. */
export type RowJoiner = (own: unknown, other: unknown, key: unknown) => unknown

export interface TableJoinOptions {
  readonly other: TableLookup
  readonly joiner: RowJoiner
  /** Whether a row of this side alone makes a result. */
  readonly ownAlone: boolean
  /** Whether a row of the other side alone makes a result. */
  readonly otherAlone: boolean
  readonly sendOldValues: boolean
}

/**
 * One side of a join of two tables: an update of this side looks its partner up and hands the changed result on. Its
 * time is the later one of the two rows.
 */
export function tableJoinOperator(options: TableJoinOptions): CreateProcessor {
  const { ownAlone, otherAlone, sendOldValues } = options
  return (setup) => {
    const { node, forwardAt, drop } = setup
    const lookup = options.other.open(setup)
    const out = new FlowRecord()
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.isLatest) return drop('late')
        const { key, value, oldValue } = record
        const found = lookup(key)
        const other = found === undefined ? null : found.value
        if (other === null && (!ownAlone || (value === null && oldValue === null))) return
        const join = (own: unknown): unknown => {
          const isResult = own === null ? otherAlone && other !== null : other !== null || ownAlone
          return isResult ? (settled(options.joiner(own, other, key), node) ?? null) : null
        }
        out.keyFrom(record)
        out.setValue(join(value))
        out.oldValue = sendOldValues ? join(oldValue) : null
        out.timestamp = found !== undefined && found.timestamp > record.timestamp ? found.timestamp : record.timestamp
        forwardAt(out)
      },
    }
  }
}

/** Where both sides meet: keeps the result in its store, if it has one. */
export function tableJoinMergeOperator(storeName: string | undefined, sendOldValues: boolean): CreateProcessor {
  return (setup) => {
    if (storeName === undefined) return { process: setup.forward }
    const state = openOwnStore(setup, storeName, sendOldValues)
    return {
      process(record) {
        state.put(record.key, noWindow, record.value, sendOldValues ? record.oldValue : null, record.timestamp)
      },
    }
  }
}

/** Rows of a joined table that has no store of its own. */
export function joinedLookup(
  left: TableLookup,
  right: TableLookup,
  joiner: RowJoiner,
  kind: { leftAlone: boolean; rightAlone: boolean },
): TableLookup {
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    open(setup) {
      const getLeft = left.open(setup)
      const getRight = right.open(setup)
      return (key) => {
        const one = getLeft(key)
        const leftRow = one === undefined ? null : { value: one.value, timestamp: one.timestamp }
        const other = getRight(key)
        if (leftRow === null && (other === undefined || !kind.rightAlone)) return undefined
        if (other === undefined && !kind.leftAlone) return undefined
        const value = settled(joiner(leftRow?.value ?? null, other?.value ?? null, key), setup.node) ?? null
        if (value === null) return undefined
        return { value, timestamp: Math.max(leftRow?.timestamp ?? -1, other?.timestamp ?? -1) }
      }
    },
  }
}
