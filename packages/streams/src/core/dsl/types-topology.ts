import type { AnyTopicContract, KeyInput, TopicContract, ValueInput } from '@millrace/contracts'
import type {
  ProcessingContext,
  ProcessorRecord,
  ProcessorSupplier,
  RecordProcessor,
} from '../processing/processor-api.ts'
import type { ProcessorWrapper } from '../processing/processor-wrapper.ts'
import type { StoreBuilder } from '../stores/store-builders.ts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import type { StoreFormat } from '../topology/store-format.ts'
import type { KeptAs } from './kept-as.ts'
import type { Optimization } from './optimizations.ts'
import type { FilledByTopic, FilledByWholeTopic, FitsTopic } from './type-error.ts'
import type { GlobalKTable, KStream, KTable, NameOption, ProcessOptions } from './types.ts'

/** What holds for a topology as a whole. */
export interface TopologyOptions {
  /** What says which time records are of, for topics that are read without an extractor of their own. */
  readonly timestamp?: TimestampExtractor
  /**
   * Refuses internal topics and stores whose names are made from positions (KIP-1111,
   * `ensure.explicit.internal.resource.naming`); false unless given.
   */
  readonly explicitNames?: boolean
  /**
   * Which optimisations are applied, by their names in Kafka Streams' `topology.optimization`: all of them for true, none
   * unless given. They change which internal topics there are: state of an application that ran without is not found
   * again.
   */
  readonly optimize?: boolean | readonly Optimization[]
  /**
   * `headers`: tables, aggregates, windows and sessions keep a place for headers in their stores on disk (KIP-1285, `dsl.store.format`),
   * so that queries answer with them. As in Kafka Streams 4.3 what steps put there has none. State that is there without is
   * taken over, and cannot be read without again.
   */
  readonly storeFormat?: StoreFormat
  /** Stands around the steps (KIP-1112): to measure, log or keep what passes. */
  readonly wrapProcessor?: ProcessorWrapper
}

export interface TimeOption<K, V> {
  /** What says which time a record is of; its own timestamp unless given, and then a negative one fails. */
  readonly timestamp?: TimestampExtractor<NoInfer<K>, NoInfer<V>>
}

/** Fills a store from a topic; what it is given has no value where a row was deleted. */
export type FillingProcessor<K, V> = (context: ProcessingContext) => RecordProcessor<ProcessorRecord<K, V | null>>

declare const nodeRecords: unique symbol

/** A source or processor of a graph, with the types of what it hands on. */
export interface TopologyNode<out K, out V> {
  readonly name: string
  readonly [nodeRecords]?: readonly [key: K, value: V]
}

export interface StreamOptions extends NameOption {
  /** Gives callbacks tombstones too, as null. Without it steps that call back drop and count them; others hand them on. */
  readonly tombstones?: boolean
}

export interface Topology {
  readonly name: string
  /** Reads a topic as a stream. */
  stream<K, V, KIn, VIn>(
    contract: TopicContract<K, V, KIn, VIn>,
    options?: StreamOptions & TimeOption<K, V> & { tombstones?: false },
  ): KStream<K, V>
  stream<K, V, KIn, VIn>(
    contract: TopicContract<K, V, KIn, VIn>,
    options: StreamOptions & TimeOption<K, V> & { tombstones: true },
  ): KStream<K, V | null>
  /** Reads a topic as a table. */
  table<K, V, KIn, VIn>(
    contract: TopicContract<K, V, KIn, VIn>,
    options?: TableOptions & TimeOption<K, V>,
  ): KTable<K, V>
  /** Reads a topic as a table that every instance holds whole. */
  globalTable<K, V, KIn, VIn>(
    contract: TopicContract<K, V, KIn, VIn>,
    options?: Pick<TableOptions, 'store' | 'name'>,
  ): GlobalKTable<K, V>
  /**
   * A store that every instance fills from the whole of a topic before it processes its first record, and goes on filling:
   * records go through a processor, also where the store is loaded anew. Processors anywhere read it by its name, as a
   * `ReadOnlyKeyValueStore`, `ReadOnlyWindowStore` or `ReadOnlySessionStore`. The processor hands nothing on; tombstones are given to it as null. What it fails on ends the
   * instance unless `handlers.processGlobal` says otherwise (KIP-1270).
   *
   * @example
   * const rates = keyValueStore<string, number>({ name: 'rates' })
   * app.globalStore(currency, (context) => {
   *   const store = context.store(rates)
   *   return { process: ({ key, value }) => store.put(key.toUpperCase(), value?.rate ?? null) }
   * }, { store: rates })
   */
  globalStore<K, V, KIn, VIn, S>(
    contract: TopicContract<K, V, KIn, VIn>,
    process: FillingProcessor<NoInfer<K>, NoInfer<V>>,
    options: { readonly store: StoreBuilder<S> & FilledByWholeTopic<S>; readonly name?: string },
  ): void
  /**
   * A store that each task fills from its partition of a topic, which stands for the changelog (KIP-813): it is restored
   * from the topic's own bytes, without the processor, so what is put must be what was read. Other processors are
   * connected to it by its name, and should only read it.
   */
  readOnlyStore<K, V, KIn, VIn, S>(
    contract: TopicContract<K, V, KIn, VIn>,
    process: FillingProcessor<NoInfer<K>, NoInfer<V>>,
    options: { readonly store: StoreBuilder<S> & FilledByTopic<S>; readonly name?: string },
  ): void
  /**
   * Reads a topic in a graph of processors that is written out node by node, each under its own name.
   *
   * @example
   * const orders = app.source('orders', order)
   * const totals = app.processor('add-up', addUp, { from: orders, stores: [totalsStore] })
   * app.sink('totals', total, { from: totals })
   */
  source<K, V, KIn, VIn>(
    name: string,
    contract: TopicContract<K, V, KIn, VIn>,
    options?: TimeOption<K, V> & { tombstones?: false },
  ): TopologyNode<K, V>
  source<K, V, KIn, VIn>(
    name: string,
    contract: TopicContract<K, V, KIn, VIn>,
    options: TimeOption<K, V> & { tombstones: true },
  ): TopologyNode<K, V | null>
  /** A processor in such a graph. */
  processor<K, V, KOut = K, VOut = V>(
    name: string,
    supplier: ProcessorSupplier<K, V, KOut, VOut>,
    options: {
      readonly from: TopologyNode<K, V> | readonly TopologyNode<K, V>[]
      readonly stores?: ProcessOptions['stores']
    },
  ): TopologyNode<KOut, VOut>
  /** Writes to a topic what the nodes it comes from hand on. */
  sink<K, V, C extends AnyTopicContract>(
    name: string,
    contract: C & FitsTopic<K, V, KeyInput<C>, ValueInput<C>>,
    options: { readonly from: TopologyNode<K, V> | readonly TopologyNode<K, V>[] },
  ): void
  /** The text of Java's `Topology#describe()`. */
  describe(): string
}

export interface TableOptions extends KeptAs {
  /** Name of the store; without one, a store is made only where rows are looked up. */
  readonly store?: string
  readonly name?: string
  /**
   * Keeps the versions of rows, each for so long (by stream time) after the next one has taken its place; `store` must be
   * named. Updates then belong where their time says, whatever order they come in, and streams are joined with the
   * row that was valid at the time of their record.
   */
  readonly historyRetentionMs?: number
}
