import { streamsError } from '../../errors.ts'
import type { Aggregation } from '../operators/stream-aggregate.ts'
import type { CreateProcessor } from '../processor.ts'
import { deepFreeze } from '../strict.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { KeptAs } from './kept-as.ts'

// biome-ignore lint/suspicious/noExplicitAny: callbacks of any type are handed to operators
export type AnyFn = (...args: any[]) => any

export interface AggregateOptions extends KeptAs {
  readonly initial?: unknown
  readonly merge?: AnyFn
  readonly store?: string
  readonly value?: AnySerde
  readonly name?: string
  readonly retentionMs?: number
  readonly historyRetentionMs?: number
}

/** What makes an aggregation of a kind: with windows or without. */
export interface AggregateKind {
  readonly spec: (name: string, valueSerde: AnySerde, options: AggregateOptions) => StoreSpec
  readonly create: (aggregation: Aggregation, store: string, sendOldValues: boolean) => CreateProcessor
  /** Serde of the resulting table's keys. */
  readonly keySerde: AnySerde
  /** How far stream time must have passed the end of a window until its result is final. */
  readonly closesAfterMs?: number
}

export function counting(): Aggregation {
  return {
    initial: () => 0,
    add: (count) => (count as number) + 1,
    readsValue: false,
    skipsNullValues: true,
  }
}

export function folding(fn: AnyFn, options: AggregateOptions): Aggregation {
  return { initial: initialOf(options), add: fn, readsValue: true, skipsNullValues: true }
}

/** What aggregates begin with; undefined where that is their first value. */
export function initialOf(options: AggregateOptions): (() => unknown) | undefined {
  if (!('initial' in options)) return undefined
  const { initial } = options
  return typeof initial === 'function' ? (initial as () => unknown) : shared(initial)
}

/** One value that all keys begin with: frozen, or a callback that fills it in place would mix them up. */
function shared(initial: unknown): () => unknown {
  deepFreeze(initial)
  return () => initial
}

/** @throws STREAMS_TOPOLOGY_INVALID where the store would forget windows that still take records. */
export function checkedRetention(description: string, least: number, retentionMs: number | undefined): number {
  if (retentionMs === undefined) return least
  if (Number.isSafeInteger(retentionMs) && retentionMs >= least) return retentionMs
  throw streamsError(
    'STREAMS_TOPOLOGY_INVALID',
    `retentionMs of ${description} must be whole milliseconds and cover length and grace, ${least}; it is ${retentionMs}`,
  )
}
