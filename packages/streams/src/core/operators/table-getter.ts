import type { FlowRecord } from '../flow-record.ts'
import type { ProcessorSetup } from '../processor.ts'
import type { SpanStore } from '../stores/span-store.ts'
import type { StateStore } from '../stores/state-store.ts'
import type { VersionedStore } from '../stores/versioned-store.ts'
import type { Timestamped } from '../stores/views.ts'

/**
 * Looks a row of a table up: in its store, or by computing it from the tables it is made of. Tables that keep versions
 * answer with that of a time; all others, and those without a time, with the latest.
 */
export type TableGetter = (key: unknown, asOfMs?: number) => Timestamped<unknown> | undefined

export interface TableLookup {
  /** Stores that whoever looks up must be connected to. */
  readonly stores: readonly string[]
  readonly open: (setup: ProcessorSetup) => TableGetter
  /** Rows with versions: tells the earliest time that can be asked for. */
  readonly liveFrom?: (setup: ProcessorSetup) => () => number
  /** For the row under a record's own key, which then need not be parsed, where the table's store can do so. */
  readonly openForRecords?: (setup: ProcessorSetup) => (record: FlowRecord) => Timestamped<unknown> | undefined
}

/** Rows as they were handed on: without what caches hold back. */
export function openWritten(lookup: TableLookup, setup: ProcessorSetup): TableGetter {
  const store = (name: string) => {
    const access = setup.store<Partial<StateStore>>(name)
    return (access.written ?? access) as never
  }
  return lookup.open({ ...setup, store })
}

/** Rows with versions. */
export function versionedLookup(store: string): TableLookup {
  return {
    stores: [store],
    open(setup) {
      const state = setup.store<VersionedStore>(store)
      return (key, asOfMs) => state.get(key, asOfMs)
    },
    liveFrom(setup) {
      const state = setup.store<VersionedStore>(store)
      return () => state.liveFrom
    },
  }
}

export function storeLookup(store: string): TableLookup {
  return {
    stores: [store],
    open(setup) {
      const state = setup.store(store)
      return (key) => state.look(key)
    },
    openForRecords(setup) {
      const state = setup.store(store)
      return (record) => state.lookFor(record)
    },
  }
}

/** Rows of a windowed table: the key is a windowed one. */
export function windowStoreLookup(store: string): TableLookup {
  return {
    stores: [store],
    open(setup) {
      const state = setup.store(store)
      return (key) => {
        const windowed = key as { key: unknown; window: { start: number } }
        return state.look(windowed.key, windowed.window.start)
      }
    },
  }
}

/** Rows of a table of sessions; their time is the session's end. */
export function sessionStoreLookup(store: string): TableLookup {
  return {
    stores: [store],
    open(setup) {
      const state = setup.store<SpanStore>(store)
      return (key) => {
        const { key: inner, window } = key as { key: unknown; window: { start: number; end: number } }
        const found = state.get(inner, window.start, window.end)
        return found && { value: found.value, timestamp: window.end }
      }
    },
  }
}
