import { streamsError } from '../../errors.ts'
import {
  type TableAggregation,
  tableAggregateOperator,
  tableRepartitionOperator,
} from '../operators/table-aggregate.ts'
import { countSerde, derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import { bytesText } from '../stores/bytes.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { KeptAs } from './kept-as.ts'
import type { Table } from './table.ts'
import { rowsSpec, tableTraits } from './table-spec.ts'

// biome-ignore lint/suspicious/noExplicitAny: callbacks of any type are handed to operators
type AnyFn = (...args: any[]) => any
interface AggregateOptions extends KeptAs {
  readonly initial?: unknown
  readonly add: AnyFn
  readonly subtract: AnyFn
  readonly store?: string
  readonly value?: AnySerde
  readonly name?: string
  readonly historyRetentionMs?: number
}

export interface TableGrouping {
  readonly select: AnyFn
  readonly name?: string
  readonly key?: AnySerde
  readonly value?: AnySerde
}

/** A table regrouped by another key: rows travel through a repartition topic as pairs of old and new. */
export class GroupedTable {
  readonly #table: Table
  readonly #select: GraphNode
  readonly #topic: string
  readonly #keySerde: AnySerde
  readonly #valueSerde: AnySerde
  #repartition: GraphNode | undefined

  constructor(table: Table, options: TableGrouping) {
    const { select } = options
    if (options.name === undefined) {
      throw streamsError(
        'STREAMS_TOPOLOGY_INVALID',
        'groupBy needs a name: it becomes the name of the repartition topic',
      )
    }
    const { builder, node: parent } = table.state
    const keySerde = options.key ?? derivedKeySerde
    const name = builder.nameOr(options.name, 'KTABLE-SELECT-')
    this.#table = table
    this.#topic = `${name}-repartition`
    this.#keySerde = keySerde
    this.#valueSerde = options.value ?? derivedValueSerde
    this.#select = builder.add(
      graphNode({
        name,
        parents: [parent],
        asks: [{ table: parent, needs: 'oldValues' }],
        write: (writer) => {
          const serde = writer.topicSerde(keySerde, this.#topic, 'key')
          const sameKey = (a: unknown, b: unknown): boolean => {
            return a === b || bytesText(serde.serialize(a)) === bytesText(serde.serialize(b))
          }
          const create = tableRepartitionOperator(select, sameKey)
          writer.processor({ name, parents: [parent.name], create, readsValue: true })
        },
      }),
    )
  }

  count(options: Partial<AggregateOptions> = {}): Table {
    const aggregation: TableAggregation = {
      initial: () => 0,
      add: (count) => (count as number) + 1,
      subtract: (count) => (count as number) - 1,
    }
    return this.#aggregated(aggregation, { ...options, value: countSerde as AnySerde }, 'KTABLE-AGGREGATE-')
  }

  aggregate(options: AggregateOptions): Table {
    const { initial, add, subtract } = options
    const make = typeof initial === 'function' ? (initial as () => unknown) : () => initial
    return this.#aggregated({ initial: make, add, subtract }, options, 'KTABLE-AGGREGATE-')
  }

  reduce(options: AggregateOptions): Table {
    const { add, subtract } = options
    const value = options.value ?? this.#valueSerde
    return this.#aggregated({ initial: undefined, add, subtract }, { ...options, value }, 'KTABLE-REDUCE-')
  }

  #aggregated(aggregation: TableAggregation, options: Partial<AggregateOptions>, prefix: string): Table {
    const { builder } = this.#table.state
    const storeName = builder.storeNameOr(options.store, 'KTABLE-AGGREGATE-')
    const sink = builder.suffixedOr(options.name, '-sink', 'KSTREAM-SINK-')
    const source = builder.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
    const name = builder.nameOr(options.name, prefix)
    this.#repartition ??= this.#repartitionNode(sink, source)
    const upstream = this.#repartition
    const store = { name: storeName, keySerde: this.#keySerde, valueSerde: options.value ?? derivedValueSerde }
    const spec = rowsSpec(store, options)
    const node = builder.add(
      graphNode({
        name,
        parents: [upstream],
        table: tableTraits({ store: spec, from: [] }),
        write(writer) {
          const create = tableAggregateOperator(aggregation, storeName, writer.facts.sendsOldValues(node))
          writer.processor({ name, parents: [upstream.name], create, readsValue: true, stores: [storeName] })
        },
      }),
    )
    const { keySerde, valueSerde } = spec
    return builder.make.table({ builder, node, keySerde, valueSerde, sources: [upstream.name] })
  }

  #repartitionNode(sink: string, source: string): GraphNode {
    const select = this.#select
    const shape = {
      topic: this.#topic,
      internal: true,
      keySerde: this.#keySerde,
      valueSerde: this.#valueSerde,
      changes: true,
    }
    return this.#table.state.builder.add(
      graphNode({
        name: source,
        parents: [select],
        write(writer) {
          writer.repartitionTopic({ name: shape.topic, partitions: undefined })
          writer.sink({ ...shape, name: sink, parents: [select.name] })
          writer.source({ ...shape, name: source })
        },
      }),
    )
  }
}
