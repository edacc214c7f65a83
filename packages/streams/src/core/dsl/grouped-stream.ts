import type { Aggregation } from '../operators/stream-aggregate.ts'
import { countSerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { Windows } from '../windows/windows.ts'
import { plainKind } from './aggregate-kinds.ts'
import { type AggregateKind, type AggregateOptions, type AnyFn, counting, folding } from './aggregations.ts'
import { CogroupedStream } from './cogrouped-stream.ts'
import { repartitionNames, repartitionNode } from './repartition.ts'
import type { Stream } from './stream.ts'
import type { Table } from './table.ts'
import type { EmitOptions } from './types.ts'
import { SessionWindowedStream, WindowedStream } from './windowed-stream.ts'

export interface Grouping {
  /** Name of the repartition topic, if the program gave one. */
  readonly repartition: string | undefined
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
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

  window(
    windows: Windows | SlidingWindows | SessionWindows,
    options: EmitOptions = {},
  ): WindowedStream | SessionWindowedStream {
    if ('gapMs' in windows) return new SessionWindowedStream(this, windows, options)
    return new WindowedStream(this, windows, options)
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

  cogroup(fn: AnyFn): CogroupedStream {
    return new CogroupedStream([[this, fn]])
  }

  /** Adds the aggregation's step, behind a repartition topic where the key was changed. */
  add(kind: AggregateKind, aggregation: Aggregation, options: AggregateOptions, prefix: string): Table {
    const { builder, node: parent } = this.stream.state
    // Kafka Streams names the store of a reduce after its own prefix, and any other one after the aggregation's.
    const storeName = builder.storeNameOr(options.store, prefix)
    const name = builder.nameOr(options.name, prefix)
    const source = this.repartitioned(storeName)
    const spec = kind.spec(storeName, options.value ?? derivedValueSerde, options)
    const upstream = source ?? parent
    const node = builder.add(
      graphNode({
        name,
        parents: [upstream],
        closesAfterMs: kind.closesAfterMs,
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
    return plainKind(this.grouping.keySerde)
  }

  /** The repartition step in front of an aggregation, where the key was changed. */
  repartitioned(storeName: string): GraphNode | undefined {
    const { builder, node, keyChanged } = this.stream.state
    if (!keyChanged) return undefined
    const names = repartitionNames(builder, this.grouping.repartition ?? storeName)
    // A named topic serves all aggregations of the group; an unnamed one is each aggregation's own.
    if (this.#repartition !== undefined && this.grouping.repartition !== undefined) return this.#repartition
    const { keySerde, valueSerde } = this.grouping
    this.#repartition = builder.add(
      repartitionNode(node, names, { topic: names.topic, keySerde, valueSerde, isMergeable: true }),
    )
    return this.#repartition
  }
}
