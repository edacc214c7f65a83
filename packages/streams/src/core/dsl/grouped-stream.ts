import { streamsError } from '../../errors.ts'
import { type Aggregation, streamAggregateOperator } from '../operators/stream-aggregate.ts'
import { windowAggregateOperator } from '../operators/window-aggregate.ts'
import type { CreateProcessor } from '../processor.ts'
import { countSerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import { windowedSerde } from '../serdes/windowed-serde.ts'
import { deepFreeze } from '../strict.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { Windows } from '../windows/windows.ts'
import { repartitionNames, repartitionNode } from './repartition.ts'
import type { Stream } from './stream.ts'
import type { Table } from './table.ts'
import { keyValueSpec } from './table-spec.ts'

// biome-ignore lint/suspicious/noExplicitAny: callbacks of any type are handed to operators
type AnyFn = (...args: any[]) => any
interface AggregateOptions {
  readonly initial?: unknown
  readonly store?: string
  readonly value?: AnySerde
  readonly name?: string
  readonly cache?: boolean
  readonly retentionMs?: number
}

export interface Grouping {
  /** Name of the repartition topic, if the program gave one. */
  readonly repartition: string | undefined
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
}

/** What makes an aggregation of a kind: with windows or without. */
interface AggregateKind {
  readonly spec: (name: string, valueSerde: AnySerde, options: AggregateOptions) => StoreSpec
  readonly create: (aggregation: Aggregation, store: string, sendOldValues: boolean) => CreateProcessor
  /** Serde of the resulting table's keys. */
  readonly keySerde: AnySerde
}

/** A stream grouped by key; aggregations without windows. */
export class GroupedStream {
  readonly stream: Stream
  readonly grouping: Grouping
  #repartition: GraphNode | undefined

  constructor(stream: Stream, grouping: Grouping) {
    this.stream = stream
    this.grouping = grouping
  }

  window(windows: Windows): WindowedStream {
    return new WindowedStream(this, windows)
  }

  count(options: AggregateOptions = {}): Table {
    return this.add(this.#kind(), counting(), { ...options, value: countSerde as AnySerde }, 'KSTREAM-AGGREGATE-')
  }

  reduce(fn: AnyFn, options: AggregateOptions = {}): Table {
    const serde = 'initial' in options ? undefined : this.grouping.valueSerde
    const prefix = 'initial' in options ? 'KSTREAM-AGGREGATE-' : 'KSTREAM-REDUCE-'
    return this.add(this.#kind(), folding(fn, options), { value: serde, ...options } as AggregateOptions, prefix)
  }

  aggregate(options: AggregateOptions, fn: AnyFn): Table {
    return this.add(this.#kind(), folding(fn, options), options, 'KSTREAM-AGGREGATE-')
  }

  /** Adds the aggregation's step, behind a repartition topic where the key was changed. */
  add(kind: AggregateKind, aggregation: Aggregation, options: AggregateOptions, prefix: string): Table {
    const { builder, node: parent } = this.stream.state
    // Kafka Streams names the store of a reduce after its own prefix, and any other one after the aggregation's.
    const storeName = builder.storeNameOr(options.store, prefix)
    const name = builder.nameOr(options.name, prefix)
    const source = this.#repartitioned(storeName)
    const spec = kind.spec(storeName, options.value ?? derivedValueSerde, options)
    const upstream = source ?? parent
    const node = builder.add(
      graphNode({
        name,
        parents: [upstream],
        table: { store: spec, storeOnDemand: false, from: [], oldValuesFromUpstream: false, compute: undefined },
        write(writer) {
          const sendOldValues = writer.facts.sendsOldValues(node)
          const create = kind.create(aggregation, storeName, sendOldValues)
          const { readsValue } = aggregation
          writer.processor({ name, parents: [upstream.name], create, readsValue, stores: [storeName] })
        },
      }),
    )
    return builder.make.table({
      builder,
      node,
      keySerde: kind.keySerde,
      valueSerde: spec.valueSerde,
      sources: source ? [source.name] : this.stream.state.sources,
    })
  }

  #kind(): AggregateKind {
    const { keySerde } = this.grouping
    return {
      keySerde,
      create: streamAggregateOperator,
      spec: (name, valueSerde, options) => keyValueSpec({ name, keySerde, valueSerde }, options.cache),
    }
  }

  #repartitioned(storeName: string): GraphNode | undefined {
    const { builder, node, keyChanged } = this.stream.state
    if (!keyChanged) return undefined
    const names = repartitionNames(builder, this.grouping.repartition ?? storeName)
    // A named topic serves all aggregations of the group; an unnamed one is each aggregation's own.
    if (this.#repartition !== undefined && this.grouping.repartition !== undefined) return this.#repartition
    const { keySerde, valueSerde } = this.grouping
    this.#repartition = builder.add(
      repartitionNode(node, names, { topic: names.topic, keySerde, valueSerde, keepsNullKeys: false }),
    )
    return this.#repartition
  }
}

/** Aggregations with windows. */
export class WindowedStream {
  readonly #grouped: GroupedStream
  readonly #windows: Windows

  constructor(grouped: GroupedStream, windows: Windows) {
    this.#grouped = grouped
    this.#windows = windows
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
    const windows = this.#windows
    const { keySerde } = this.#grouped.grouping
    const kind: AggregateKind = {
      keySerde: windowedSerde(keySerde, windows) as unknown as AnySerde,
      create: (folded, store, sendOldValues) => windowAggregateOperator(folded, windows, store, sendOldValues),
      spec: (name, valueSerde, { cache, retentionMs }) => ({
        name,
        kind: 'window',
        keySerde,
        valueSerde,
        retentionMs: checkedRetention(windows, retentionMs),
        windowSizeMs: windows.sizeMs,
        windowEnd: windows.endOf,
        cached: cache ?? true,
        changelog: {},
      }),
    }
    return this.#grouped.add(kind, aggregation, options, prefix)
  }
}

function counting(): Aggregation {
  return {
    initial: () => 0,
    add: (count) => (count as number) + 1,
    readsValue: false,
    skipsNullValues: true,
  }
}

/** One value that all keys begin with: frozen, or a callback that fills it in place would mix them up. */
function shared(initial: unknown): () => unknown {
  deepFreeze(initial)
  return () => initial
}

function folding(fn: AnyFn, options: AggregateOptions): Aggregation {
  const { initial } = options
  const make =
    'initial' in options ? (typeof initial === 'function' ? (initial as () => unknown) : shared(initial)) : undefined
  return { initial: make, add: fn, readsValue: true, skipsNullValues: true }
}

function checkedRetention(windows: Windows, retentionMs: number | undefined): number {
  const least = windows.maxSizeMs + windows.graceMs
  if (retentionMs === undefined) return least
  if (Number.isSafeInteger(retentionMs) && retentionMs >= least) return retentionMs
  throw streamsError(
    'STREAMS_TOPOLOGY_INVALID',
    `retentionMs of ${windows.description} must be whole milliseconds and cover length and grace, ${least}; it is ${retentionMs}`,
  )
}
