import type { TableLookup } from '../operators/table-getter.ts'
import type { CreateProcessor } from '../processor.ts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import type { AnySerde, PartitionOf, SinkChoice } from './physical.ts'
import type { SpecOf, StoreSpec } from './store-kinds.ts'

/** What the planner has found out about tables when it writes a node. */
export interface TableFacts {
  /** The store that holds the table's rows; undefined where they are computed or nobody needs them. */
  storeOf(table: GraphNode): StoreSpec | undefined
  /** Whether somebody downstream needs to know what an update replaces. */
  sendsOldValues(table: GraphNode): boolean
  lookupOf(table: GraphNode): TableLookup
  /** The store that the versions of the table's rows come from; undefined where rows have none. */
  versionedStoreOf(table: GraphNode): SpecOf<'versioned'> | undefined
}

/** Where nodes write what they run as. */
export interface PhysicalWriter {
  readonly facts: TableFacts
  source(node: {
    name: string
    topic: string
    internal: boolean
    keySerde: AnySerde
    valueSerde: AnySerde
    changes?: boolean
    timestamp?: TimestampExtractor | undefined
  }): void
  processor(node: {
    name: string
    parents: readonly string[]
    create: CreateProcessor
    readsValue: boolean
    stores?: readonly string[]
  }): void
  sink(node: {
    name: string
    parents: readonly string[]
    topic: string
    internal: boolean
    keySerde: AnySerde
    valueSerde: AnySerde
    changes?: boolean
    partitionOf?: PartitionOf
    choice?: SinkChoice
  }): void
  /**
   * A table of which every instance holds all rows: a sub-topology of its own that makes no tasks. `process` fills the
   * store where it is not simply given the rows.
   */
  globalStore(node: {
    source: string
    name: string
    topic: string
    keySerde: AnySerde
    valueSerde: AnySerde
    store: StoreSpec
    process?: CreateProcessor
  }): void
  /** The name that a source node goes by: of two that read one topic, the second stands for the first. */
  sourceName(name: string): string
  /** The name of what a parent of the step that is being written is attached to, once topics are merged. */
  parentName(name: string): string
  /** Whether records without key go through a repartition topic: joins that take them come behind it. */
  keepsNullKeys(repartition: GraphNode): boolean
  /** A store that is no table's. Written before the processors that are connected to it. */
  store(spec: StoreSpec): void
  repartitionTopic(topic: { name: string; partitions: number | undefined }): void
  /** The form that a serde has for what a step serialises by itself; the topic is named without the application id. */
  topicSerde(serde: AnySerde, topic: string, role: 'key' | 'value'): AnySerde
}

/** What a step asks of a table upstream of it, answered in the order in which the program was written. */
export interface TableAsk {
  readonly table: GraphNode
  /** `rows`: it looks rows up; `oldValues`: updates must say what they replace; `oldValuesIfStored`: if it costs no store. */
  readonly needs: 'rows' | 'oldValues' | 'oldValuesIfStored'
}

export interface TableTraits {
  readonly store: StoreSpec | undefined
  /** A store that is only made when rows are looked up or old values needed: a topic read as a table. */
  readonly storeOnDemand: boolean
  /** The tables it is computed from: where old values come from, and rows if it has no store. */
  readonly from: readonly GraphNode[]
  /** Old values come from upstream although there is a store (joins). */
  readonly oldValuesFromUpstream: boolean
  /** How rows are found without a store. */
  readonly compute: ((from: readonly TableLookup[]) => TableLookup) | undefined
}

/** A topic that records of a stream go through to be with their key. */
export interface Repartition {
  /** Without the application id. */
  readonly topic: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
}

/** What optimisations need to know of a step on streams. */
export interface StreamTraits {
  /** What it makes of records: where it changes both, the key counts. */
  readonly changes?: 'key' | 'value' | undefined
  readonly isMerge?: boolean
  /** A join that takes records without key (KIP-962). */
  readonly takesNullKeys?: boolean
  /** A topic that was not asked for: one may stand for several of them. */
  readonly repartition?: Repartition
}

/**
 * A step of the program: frozen when made, and turned into nodes that run by the planner.
 */
export interface GraphNode {
  /** What children are attached to. */
  readonly name: string
  readonly parents: readonly GraphNode[]
  readonly asks: readonly TableAsk[]
  readonly table: TableTraits | undefined
  readonly stream: StreamTraits | undefined
  /** Names of the source nodes whose topics must have equally many partitions, since this step joins them. */
  readonly joins: readonly string[]
  /** Windowed aggregations: how far stream time must have passed the end of a window until its result is final. */
  readonly closesAfterMs: number | undefined
  readonly write: (writer: PhysicalWriter) => void
}

export function graphNode(
  node: Pick<GraphNode, 'name' | 'parents' | 'write'> &
    Partial<Pick<GraphNode, 'asks' | 'table' | 'stream' | 'joins' | 'closesAfterMs'>>,
): GraphNode {
  return Object.freeze({ asks: [], table: undefined, stream: undefined, joins: [], closesAfterMs: undefined, ...node })
}
