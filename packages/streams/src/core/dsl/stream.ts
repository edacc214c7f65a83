import type { AnyTopicContract } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import { branchOperator } from '../operators/branch.ts'
import { filterOperator, type Predicate } from '../operators/filter.ts'
import { globalJoinOperator } from '../operators/global-join.ts'
import {
  flatMapOperator,
  flatMapValuesOperator,
  mapOperator,
  mapValuesOperator,
  selectKeyOperator,
} from '../operators/map.ts'
import { passThroughOperator } from '../operators/pass-through.ts'
import { peekOperator } from '../operators/peek.ts'
import { streamTableJoinOperator } from '../operators/stream-table-join.ts'
import { graceJoinOperator } from '../operators/temporal-join.ts'
import type { CreateProcessor } from '../processor.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode, type StreamTraits } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import { GlobalTable } from './global-table.ts'
import { graceBuffer, waitForTable } from './grace-buffer.ts'
import { checkedName, type GraphBuilder } from './graph-builder.ts'
import type { GroupedStream } from './grouped-stream.ts'
import { type AnySupplier, processorWriter } from './process.ts'
import { repartitionNames, repartitionNode } from './repartition.ts'
import { choiceStep, printing, sinkStep } from './sinks.ts'
import { joinStreams, type StreamJoinSettings } from './stream-join.ts'
import type { AsTableOptions, Table } from './table.ts'
import type { KStream, KTable } from './types.ts'

// The implementation is loosely typed; the interfaces of types.ts carry the types.
// biome-ignore lint/suspicious/noExplicitAny: callbacks of any type are handed to operators
type AnyFn = (...args: any[]) => any
type Joinable = KStream<never, never> | KTable<never, never> | GlobalTable
interface AnyOptions {
  readonly name?: string
  readonly key?: AnySerde
  readonly value?: AnySerde
  readonly mapKey?: AnyFn
  readonly graceMs?: number
  readonly waitForTable?: { readonly maxMs: number }
}

interface ProcessOptions extends AnyOptions {
  readonly stores?: readonly unknown[]
}

export interface StreamState {
  readonly builder: GraphBuilder
  readonly node: GraphNode
  /** undefined where a callback made the key and nobody gave a serde. */
  readonly keySerde: AnySerde | undefined
  readonly valueSerde: AnySerde | undefined
  /** Names of the source nodes that records come from: what a join has to find co-partitioned. */
  readonly sources: readonly string[]
  readonly keyChanged: boolean
  /** Whether callbacks are made for null values. */
  readonly takesNull: boolean
}

/** A stream as its steps are written; every method adds one. */
export class Stream {
  readonly state: StreamState
  #joinRepartition: GraphNode | undefined

  constructor(state: StreamState) {
    this.state = state
  }

  filter(predicate: AnyFn, options?: AnyOptions): Stream {
    const { takesNull } = this.state
    return this.#step('KSTREAM-FILTER-', options, filterOperator(predicate, { keep: true, takesNull }))
  }

  filterNot(predicate: AnyFn, options?: AnyOptions): Stream {
    const { takesNull } = this.state
    return this.#step('KSTREAM-FILTER-', options, filterOperator(predicate, { keep: false, takesNull }))
  }

  map(fn: AnyFn, options?: AnyOptions): Stream {
    const changed = { keySerde: options?.key, valueSerde: undefined, keyChanged: true, takesNull: true }
    return this.#step('KSTREAM-MAP-', options, mapOperator(fn, this.state), changed)
  }

  flatMap(fn: AnyFn, options?: AnyOptions): Stream {
    const changed = { keySerde: options?.key, valueSerde: undefined, keyChanged: true, takesNull: true }
    return this.#step('KSTREAM-FLATMAP-', options, flatMapOperator(fn, this.state), changed)
  }

  mapValues(fn: AnyFn, options?: AnyOptions): Stream {
    const changed = { valueSerde: undefined, takesNull: true }
    return this.#step('KSTREAM-MAPVALUES-', options, mapValuesOperator(fn, this.state), changed, { changes: 'value' })
  }

  flatMapValues(fn: AnyFn, options?: AnyOptions): Stream {
    const changed = { valueSerde: undefined, takesNull: true }
    const create = flatMapValuesOperator(fn, this.state)
    return this.#step('KSTREAM-FLATMAPVALUES-', options, create, changed, { changes: 'value' })
  }

  selectKey(fn: AnyFn, options?: AnyOptions): Stream {
    const changed = { keySerde: options?.key, keyChanged: true }
    return this.#step('KSTREAM-KEY-SELECT-', options, selectKeyOperator(fn, this.state), changed)
  }

  peek(fn: AnyFn, options?: AnyOptions): Stream {
    const { takesNull } = this.state
    return this.#step('KSTREAM-PEEK-', options, peekOperator(fn, { takesNull, passOn: true }))
  }

  forEach(fn: AnyFn, options?: AnyOptions): void {
    const { takesNull } = this.state
    this.#step('KSTREAM-FOREACH-', options, peekOperator(fn, { takesNull, passOn: false }))
  }

  print(write: (line: string) => void, options: AnyOptions & { label?: string; format?: AnyFn } = {}): void {
    const { node } = this.state
    const { label = node.name, format } = options
    const passive = { takesNull: true, passOn: false }
    this.#step('KSTREAM-PRINTER-', options, peekOperator(printing(write, { label, format }), passive))
  }

  merge(other: KStream<never, never>, options?: AnyOptions): Stream {
    const mine = this.state
    const others = (other as unknown as Stream).state
    const name = mine.builder.nameOr(options?.name, 'KSTREAM-MERGE-')
    const parents = [mine.node, others.node]
    const node = mine.builder.add(
      graphNode({
        name,
        parents,
        stream: { isMerge: true },
        write: (writer) =>
          writer.processor({
            name,
            parents: parents.map((p) => p.name),
            create: passThroughOperator,
            readsValue: false,
          }),
      }),
    )
    return new Stream({
      ...mine,
      node,
      keySerde: mine.keySerde === others.keySerde ? mine.keySerde : undefined,
      valueSerde: mine.valueSerde === others.valueSerde ? mine.valueSerde : undefined,
      sources: [...new Set([...mine.sources, ...others.sources])],
      keyChanged: mine.keyChanged || others.keyChanged,
      takesNull: mine.takesNull && others.takesNull,
    })
  }

  split(predicates: Readonly<Record<string, AnyFn | 'otherwise'>>, options?: AnyOptions): Record<string, Stream> {
    const { builder, takesNull } = this.state
    const name = builder.nameOr(options?.name, 'KSTREAM-BRANCH-')
    // What is declared 'otherwise' is asked last, wherever it stands.
    const order = Object.keys(predicates).sort((a, b) => isOtherwise(predicates[a]) - isOtherwise(predicates[b]))
    const tests = order.map((key) => (predicates[key] === 'otherwise' ? undefined : (predicates[key] as Predicate)))
    const splitter = this.#add(name, branchOperator(tests, takesNull))
    return Object.fromEntries(
      order.map((key) => {
        const childName = builder.nameOr(`${name}${key}`, name)
        const child = builder.add(
          graphNode({
            name: childName,
            parents: [splitter],
            write: (writer) =>
              writer.processor({
                name: childName,
                parents: [name],
                create: passThroughOperator,
                readsValue: false,
              }),
          }),
        )
        return [key, new Stream({ ...this.state, node: child })]
      }),
    )
  }

  groupByKey(options?: AnyOptions): GroupedStream {
    return this.#grouped(options)
  }

  groupBy(fn: AnyFn, options: AnyOptions): GroupedStream {
    if (options?.name === undefined) {
      throw streamsError(
        'STREAMS_TOPOLOGY_INVALID',
        'groupBy needs a name: it becomes the name of the repartition topic',
      )
    }
    return this.selectKey(fn, options).#grouped(options)
  }

  repartition(options: AnyOptions & { readonly partitions?: number }): Stream {
    const { builder, node } = this.state
    const names = repartitionNames(builder, checkedName(options.name ?? ''))
    const keySerde = this.#keySerde(options)
    const valueSerde = this.#valueSerde(options)
    const { partitions } = options
    if (partitions !== undefined && !(Number.isInteger(partitions) && partitions > 0)) {
      throw streamsError(
        'STREAMS_TOPOLOGY_INVALID',
        `repartition: partitions must be a whole number above 0, not ${partitions}`,
      )
    }
    const step = { topic: names.topic, keySerde, valueSerde, partitions, isMergeable: false }
    const added = builder.add(repartitionNode(node, names, step))
    return new Stream({ ...this.state, node: added, keySerde, valueSerde, sources: [names.source], keyChanged: false })
  }

  toTable(options?: AsTableOptions): Table {
    return this.state.builder.make.streamAsTable(this, options ?? {})
  }

  join(other: Joinable, fn: AnyFn, options?: AnyOptions & StreamJoinSettings): Stream {
    if (other instanceof Stream) return joinStreams(this, other, fn, options, { left: false, right: false })
    if (other instanceof GlobalTable) return this.#joinGlobal(other, fn, options, false)
    return this.#joinTable(other as unknown as Table, fn, options, false)
  }

  leftJoin(other: Joinable, fn: AnyFn, options?: AnyOptions & StreamJoinSettings): Stream {
    if (other instanceof Stream) return joinStreams(this, other, fn, options, { left: true, right: false })
    if (other instanceof GlobalTable) return this.#joinGlobal(other, fn, options, true)
    return this.#joinTable(other as unknown as Table, fn, options, true)
  }

  outerJoin(other: KStream<never, never>, fn: AnyFn, options: StreamJoinSettings): Stream {
    return joinStreams(this, other as unknown as Stream, fn, options, { left: true, right: true })
  }

  to(contract: AnyTopicContract, options?: AnyOptions): void {
    const { builder, node } = this.state
    builder.declare(contract)
    builder.add(sinkStep(builder.nameOr(options?.name, 'KSTREAM-SINK-'), node, contract))
  }

  toOneOf(contracts: readonly AnyTopicContract[], choose: AnyFn, options?: AnyOptions): void {
    const { builder, node } = this.state
    const name = builder.nameOr(options?.name, 'KSTREAM-SINK-')
    for (const contract of contracts) builder.declare(contract)
    builder.add(choiceStep(name, node, contracts, choose, this.state))
  }

  process(supplier: AnySupplier, options?: ProcessOptions): Stream {
    const changed = { keySerde: options?.key, valueSerde: options?.value, keyChanged: true, takesNull: true }
    return this.#processor('KSTREAM-PROCESSOR-', supplier, options, changed)
  }

  processValues(supplier: AnySupplier, options?: ProcessOptions): Stream {
    return this.#processor('KSTREAM-PROCESSVALUES-', supplier, options, { valueSerde: options?.value, takesNull: true })
  }

  /** This stream, behind a repartition topic where its key was changed. */
  repartitioned(options: AnyOptions & { readonly topic: string; readonly reuse: boolean }): Stream {
    const { builder, node, keyChanged } = this.state
    if (!keyChanged) return this
    const keySerde = this.#keySerde(options)
    const valueSerde = this.#valueSerde(options)
    const names = repartitionNames(builder, options.topic)
    let added = options.reuse ? this.#joinRepartition : undefined
    if (added === undefined) {
      const { topic } = options
      added = builder.add(repartitionNode(node, names, { topic, keySerde, valueSerde, isMergeable: true }))
      if (options.reuse) this.#joinRepartition = added
    }
    return new Stream({ ...this.state, node: added, keySerde, valueSerde, sources: [added.name], keyChanged: false })
  }

  #joinTable(table: Table, fn: AnyFn, options: AnyOptions | undefined, isLeft: boolean): Stream {
    const { builder } = this.state
    const topic = options?.name ?? this.state.node.name
    const reuse = options?.name === undefined
    const stream = this.repartitioned({ ...options, topic, reuse })
    const { node, sources } = stream.state
    const name = builder.nameOr(options?.name, isLeft ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-')
    const joins = [...new Set([...sources, ...table.state.sources])]
    const added = builder.add(
      graphNode({
        name,
        parents: [node],
        joins,
        stream: { takesNullKeys: isLeft },
        asks: [{ table: table.state.node, needs: 'rows' }],
        write(writer) {
          const lookup = writer.facts.lookupOf(table.state.node)
          const tableSources = table.state.sources.map((source) => writer.sourceName(source))
          const parents = waitForTable(writer, { name, table, stream, tableSources, wait: options?.waitForTable })
          const buffer = graceBuffer(writer, { name, table, stream, graceMs: options?.graceMs })
          const misses = { isLeft, tableSources, keySerde: stream.state.keySerde }
          const create =
            buffer === undefined
              ? streamTableJoinOperator(lookup, fn, misses)
              : graceJoinOperator(lookup, fn, { ...misses, buffer, graceMs: options!.graceMs! })
          const stores = buffer === undefined ? lookup.stores : [...lookup.stores, buffer]
          writer.processor({ name, parents, create, readsValue: true, stores })
        },
      }),
    )
    return new Stream({ ...stream.state, node: added, valueSerde: undefined, sources: joins, takesNull: true })
  }

  #joinGlobal(table: GlobalTable, joiner: AnyFn, options: AnyOptions | undefined, isLeft: boolean): Stream {
    const { mapKey } = options ?? {}
    if (mapKey === undefined) {
      throw streamsError(
        'STREAMS_TOPOLOGY_INVALID',
        'a join with a global table needs { mapKey: (value, key) => … }: the key to look up',
      )
    }
    // Kafka Streams names inner joins so too.
    const create = globalJoinOperator({ store: table.store, mapKey, joiner, isLeft })
    const changed = { valueSerde: undefined, takesNull: true }
    return this.#step('KSTREAM-LEFTJOIN-', options, create, changed, { takesNullKeys: isLeft })
  }

  #grouped(options: AnyOptions | undefined): GroupedStream {
    const { key, value, name } = options ?? {}
    return this.state.builder.make.groupedStream(this, {
      repartition: name,
      keySerde: this.#keySerde({ key }),
      valueSerde: this.#valueSerde({ value }),
    })
  }

  #keySerde(options: { readonly key?: AnySerde | undefined } | undefined): AnySerde {
    return options?.key ?? this.state.keySerde ?? derivedKeySerde
  }

  #valueSerde(options: { readonly value?: AnySerde | undefined } | undefined): AnySerde {
    return options?.value ?? this.state.valueSerde ?? derivedValueSerde
  }

  #processor(
    prefix: string,
    supplier: AnySupplier,
    options: ProcessOptions | undefined,
    changed: Partial<StreamState>,
  ): Stream {
    const { builder, node: parent, takesNull } = this.state
    // Kafka Streams uses up a number only where it makes the name, unlike in other steps.
    const name = options?.name === undefined ? builder.newName(prefix) : checkedName(options.name)
    const keepsKeys = changed.keyChanged !== true
    const write = processorWriter({ name, parents: [parent], supplier, stores: options?.stores, takesNull, keepsKeys })
    // No topic moves to the other side of it. Behind it none are merged either, as in Kafka Streams (KAFKA-19668).
    const node = builder.add(graphNode({ name, parents: [parent], stream: { changes: 'value' }, write }))
    return new Stream({ ...this.state, ...changed, node })
  }

  #step(
    prefix: string,
    options: AnyOptions | undefined,
    create: CreateProcessor,
    changed: Partial<StreamState> = {},
    stream: StreamTraits = { changes: changed.keyChanged ? 'key' : undefined },
  ): Stream {
    const name = this.state.builder.nameOr(options?.name, prefix)
    return new Stream({ ...this.state, ...changed, node: this.#add(name, create, stream) })
  }

  #add(name: string, create: CreateProcessor, stream?: StreamTraits): GraphNode {
    const { builder, node } = this.state
    const write: GraphNode['write'] = (writer) => {
      writer.processor({ name, parents: [node.name], create, readsValue: true })
    }
    return builder.add(graphNode({ name, parents: [node], stream, write }))
  }
}

function isOtherwise(predicate: unknown): number {
  return predicate === 'otherwise' ? 1 : 0
}
