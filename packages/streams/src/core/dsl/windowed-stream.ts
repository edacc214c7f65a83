import { streamsError } from '../../errors.ts'
import type { EmitStrategy } from '../operators/final-results.ts'
import type { SessionAggregation } from '../operators/session-aggregate.ts'
import type { Aggregation } from '../operators/stream-aggregate.ts'
import { countSerde } from '../serdes/derived-serdes.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { Windows } from '../windows/windows.ts'
import { sessionKind, timeKind } from './aggregate-kinds.ts'
import { type AggregateOptions, type AnyFn, counting, folding } from './aggregations.ts'
import type { GroupedStream } from './grouped-stream.ts'
import type { Table } from './table.ts'
import type { EmitOptions } from './types.ts'

/** Aggregations with windows. */
export class WindowedStream {
  readonly #grouped: GroupedStream
  readonly #windows: Windows | SlidingWindows
  readonly #emit: EmitStrategy

  constructor(grouped: GroupedStream, windows: Windows | SlidingWindows, { emit = 'onUpdate' }: EmitOptions) {
    if (emit === 'onClose' && !('differenceMs' in windows) && windows.maxSizeMs === Number.POSITIVE_INFINITY) {
      throw streamsError('STREAMS_TOPOLOGY_INVALID', `${windows.description} never closes: no results on close`)
    }
    this.#grouped = grouped
    this.#windows = windows
    this.#emit = emit
  }

  count(options: AggregateOptions = {}): Table {
    return this.#add(
      { ...counting(), skipsNullValues: false },
      { ...options, value: countSerde as AnySerde },
      'KSTREAM-AGGREGATE-',
    )
  }

  reduce(fn: AnyFn, options: AggregateOptions = {}): Table {
    const serde = 'initial' in options ? undefined : this.#grouped.grouping.valueSerde
    const prefix = 'initial' in options ? 'KSTREAM-AGGREGATE-' : 'KSTREAM-REDUCE-'
    return this.#add(this.#folding(fn, options), { value: serde, ...options } as AggregateOptions, prefix)
  }

  aggregate(options: AggregateOptions, fn: AnyFn): Table {
    return this.#add(this.#folding(fn, options), options, 'KSTREAM-AGGREGATE-')
  }

  #folding(fn: AnyFn, options: AggregateOptions): Aggregation {
    return { ...folding(fn, options), skipsNullValues: !this.#grouped.stream.state.takesNull }
  }

  #add(aggregation: Aggregation, options: AggregateOptions, prefix: string): Table {
    const kind = timeKind(this.#windows, this.#grouped.grouping.keySerde, this.#emit)
    return this.#grouped.add(kind, aggregation, options, prefix)
  }
}

/** Aggregations of sessions. */
export class SessionWindowedStream {
  readonly #grouped: GroupedStream
  readonly #windows: SessionWindows
  readonly #emit: EmitStrategy

  constructor(grouped: GroupedStream, windows: SessionWindows, { emit = 'onUpdate' }: EmitOptions) {
    this.#grouped = grouped
    this.#windows = windows
    this.#emit = emit
  }

  count(options: AggregateOptions = {}): Table {
    const merge = (one: unknown, other: unknown): unknown => (one as number) + (other as number)
    return this.#add(
      { ...counting(), skipsNullValues: false, merge },
      { ...options, value: countSerde as AnySerde },
      'KSTREAM-AGGREGATE-',
    )
  }

  reduce(fn: AnyFn, options: AggregateOptions = {}): Table {
    if ('initial' in options) return this.aggregate(options, fn)
    const merge: SessionAggregation['merge'] = (one, other, key) => (one === null ? other : fn(one, other, key))
    const aggregation = { ...this.#folding(fn, options), merge }
    const value = options.value ?? this.#grouped.grouping.valueSerde
    return this.#add(aggregation, { ...options, value }, 'KSTREAM-REDUCE-')
  }

  aggregate(options: AggregateOptions, fn: AnyFn): Table {
    const merge = mergeOf(options)
    return this.#add({ ...this.#folding(fn, options), merge }, options, 'KSTREAM-AGGREGATE-')
  }

  #folding(fn: AnyFn, options: AggregateOptions): Aggregation {
    return { ...folding(fn, options), skipsNullValues: !this.#grouped.stream.state.takesNull }
  }

  #add(aggregation: SessionAggregation, options: AggregateOptions, prefix: string): Table {
    const kind = sessionKind(this.#windows, this.#grouped.grouping.keySerde, aggregation.merge, this.#emit)
    return this.#grouped.add(kind, aggregation, options, prefix)
  }
}

/** @throws STREAMS_TOPOLOGY_INVALID */
export function mergeOf({ merge }: AggregateOptions): AnyFn {
  if (merge !== undefined) return merge
  throw streamsError('STREAMS_TOPOLOGY_INVALID', 'an aggregate of sessions needs merge: how two of them become one')
}
