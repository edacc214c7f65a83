import type { AnyTopicContract } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import type { GraphNode } from '../topology/graph.ts'
import type { TopicSpec } from '../topology/plan.ts'
import type { GroupedStream, Grouping } from './grouped-stream.ts'
import type { GroupedTable, TableGrouping } from './grouped-table.ts'
import type { Optimization } from './optimizations.ts'
import type { Stream, StreamState } from './stream.ts'
import type { AsTableOptions, Table, TableState } from './table.ts'

/** How steps make each other: streams become tables and tables streams, without their modules needing each other. */
export interface Makers {
  readonly stream: (state: StreamState) => Stream
  readonly table: (state: TableState) => Table
  readonly groupedStream: (stream: Stream, grouping: Grouping) => GroupedStream
  readonly groupedTable: (table: Table, grouping: TableGrouping) => GroupedTable
  readonly streamAsTable: (stream: Stream, options: AsTableOptions) => Table
}

/** Where the steps of one program are collected, and where unnamed ones get Kafka Streams' names. */
export class GraphBuilder {
  readonly steps: GraphNode[] = []
  readonly make: Makers
  /** Names that were made from positions. */
  readonly generatedNames = new Set<string>()
  readonly optimizations: ReadonlySet<Optimization>
  readonly contractedTopics = new Map<string, TopicSpec>()
  readonly #reusedTopics = new Set<string>()
  #index = 0

  constructor(make: Makers, optimizations: ReadonlySet<Optimization> = new Set()) {
    this.make = make
    this.optimizations = optimizations
  }

  /** Whether the topic stands for the changelog of the table that is asked for: of one, where several read it. */
  reusesTopic(topic: string): boolean {
    if (!this.optimizations.has('reuse.ktable.source.topics') || this.#reusedTopics.has(topic)) return false
    this.#reusedTopics.add(topic)
    return true
  }

  /** Keeps what a contract says of its topic; of several contracts of one topic, the first that says it. */
  declare({ name, partitions, config }: AnyTopicContract): void {
    const said = { ...(partitions !== undefined && { partitions }), ...(config !== undefined && { config }) }
    this.contractedTopics.set(name, { name, ...said, ...this.contractedTopics.get(name) })
  }

  add(node: GraphNode): GraphNode {
    this.steps.push(node)
    return node
  }

  /** `KSTREAM-FILTER-0000000001`: the number counts the names made so far, so that it follows from the program. */
  newName(prefix: string): string {
    const name = `${prefix}${String(this.#index++).padStart(10, '0')}`
    this.generatedNames.add(name)
    return name
  }

  /** A number is used up also where a name is given, so that naming one step leaves the names of others alone. */
  nameOr(name: string | undefined, prefix: string): string {
    const generated = this.newName(prefix)
    return name === undefined ? generated : checkedName(name)
  }

  suffixedOr(name: string | undefined, suffix: string, prefix: string): string {
    return this.nameOr(name === undefined ? undefined : `${name}${suffix}`, prefix)
  }

  storeNameOr(store: string | undefined, prefix: string): string {
    return store === undefined ? this.newName(`${prefix}STATE-STORE-`) : checkedName(store)
  }
}

const nameMaxChars = 200

/** Names of steps, stores and repartition topics become parts of topic names. */
export function checkedName(name: string): string {
  if (typeof name === 'string' && /^[a-zA-Z0-9._-]+$/.test(name) && name.length <= nameMaxChars) return name
  throw streamsError(
    'STREAMS_TOPOLOGY_INVALID',
    `'${String(name).slice(0, 50)}' is no name: it becomes part of a topic's, so letters, digits, dot, underscore and hyphen`,
  )
}
