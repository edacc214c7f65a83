import type { AnyTopicContract } from '@millrace/contracts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import { requireExplicitNames } from '../topology/explicit-names.ts'
import { graphNode } from '../topology/graph.ts'
import type { AnySerde, PhysicalNode } from '../topology/physical.ts'
import type { PlanOptions, RunnableTopology, TopologyPlan } from '../topology/plan.ts'
import { planTopology } from '../topology/planner.ts'
import { Program } from '../topology/program.ts'
import { globalStore, readOnlyStore } from './global-store.ts'
import { type GlobalTable, globalTable } from './global-table.ts'
import { checkedName, GraphBuilder, type Makers } from './graph-builder.ts'
import { GroupedStream } from './grouped-stream.ts'
import { GroupedTable } from './grouped-table.ts'
import { mergeRepartitions } from './merge-repartitions.ts'
import { optimizationsOf } from './optimizations.ts'
import type { AnySupplier } from './process.ts'
import { type ProcessorGraphNode, processorNode, sinkNode, sourceNode } from './processor-graph.ts'
import { Stream } from './stream.ts'
import { streamAsTable, Table, topicAsTable } from './table.ts'
import type { StreamOptions, TableOptions, TimeOption, Topology, TopologyOptions } from './types-topology.ts'

const makers: Makers = {
  stream: (state) => new Stream(state),
  table: (state) => new Table(state),
  groupedStream: (stream, grouping) => new GroupedStream(stream, grouping),
  groupedTable: (table, grouping) => new GroupedTable(table, grouping),
  streamAsTable,
}

type FillingArguments = [
  contract: AnyTopicContract,
  create: (context: never) => unknown,
  options: { readonly store: unknown; readonly name?: string },
]

class TopologyBuilder implements RunnableTopology {
  readonly name: string
  readonly #builder: GraphBuilder
  readonly #options: TopologyOptions

  constructor(name: string, options: TopologyOptions = {}) {
    this.name = checkedName(name)
    this.#options = options
    this.#builder = new GraphBuilder(makers, optimizationsOf(options.optimize))
  }

  stream(contract: AnyTopicContract, options: StreamOptions & TimeOption<never, never> = {}): Stream {
    const builder = this.#builder
    builder.declare(contract)
    const name = builder.nameOr(options.name, 'KSTREAM-SOURCE-')
    const timestamp = this.#timestampOf(options)
    const keySerde = contract.key as AnySerde
    const valueSerde = contract.value as AnySerde
    const node = builder.add(
      graphNode({
        name,
        parents: [],
        write: (writer) =>
          writer.source({ name, topic: contract.name, internal: false, keySerde, valueSerde, timestamp }),
      }),
    )
    const takesNull = options.tombstones ?? false
    return new Stream({ builder, node, keySerde, valueSerde, sources: [name], keyChanged: false, takesNull })
  }

  table(contract: AnyTopicContract, options: TableOptions & TimeOption<never, never> = {}): Table {
    this.#builder.declare(contract)
    return topicAsTable(this.#builder, contract, options, this.#timestampOf(options))
  }

  globalTable(contract: AnyTopicContract, options: { name?: string; store?: string } = {}): GlobalTable {
    this.#builder.declare(contract)
    return globalTable(this.#builder, contract, options)
  }

  globalStore(...[contract, create, options]: FillingArguments): void {
    this.#builder.declare(contract)
    globalStore(this.#builder, contract, create, options)
  }

  readOnlyStore(...[contract, create, options]: FillingArguments): void {
    this.#builder.declare(contract)
    readOnlyStore(this.#builder, contract, create, options)
  }

  source(
    name: string,
    contract: AnyTopicContract,
    options: { readonly tombstones?: boolean } & TimeOption<never, never> = {},
  ): ProcessorGraphNode {
    const { tombstones } = options
    this.#builder.declare(contract)
    return sourceNode(this.#builder, name, contract, { tombstones, timestamp: this.#timestampOf(options) })
  }

  processor(name: string, supplier: AnySupplier, options: Parameters<typeof processorNode>[3]): ProcessorGraphNode {
    return processorNode(this.#builder, name, supplier, options)
  }

  sink(name: string, contract: AnyTopicContract, options: Parameters<typeof sinkNode>[3]): void {
    this.#builder.declare(contract)
    sinkNode(this.#builder, name, contract, options)
  }

  plan(options: PlanOptions = {}): TopologyPlan {
    const { steps, generatedNames, optimizations, contractedTopics } = this.#builder
    const { explicitNames, wrapProcessor: wrap } = this.#options
    const storeFormat = this.#options.storeFormat ?? options.storeFormat ?? 'default'
    const program = new Program(steps)
    if (optimizations.has('merge.repartition.topics')) mergeRepartitions(program)
    const plan = planTopology(program, this.name, checkedName(options.applicationId ?? this.name), {
      wrap,
      storeFormat,
      contractedTopics,
    })
    if (explicitNames || options.explicitNames) requireExplicitNames(plan, generatedNames)
    return options.timestamp === undefined ? plan : withTimes(plan, options.timestamp)
  }

  describe(): string {
    return this.plan().describe()
  }

  #timestampOf(options: TimeOption<never, never>): TimestampExtractor | undefined {
    return (options.timestamp ?? this.#options.timestamp) as TimestampExtractor | undefined
  }
}

/** Records of the user's topics have the times that the extractor says, where the program says nothing of it. */
function withTimes(plan: TopologyPlan, timestamp: TimestampExtractor): TopologyPlan {
  const internal = new Set(plan.internalTopics.map(({ name }) => name))
  const timed = (node: PhysicalNode): PhysicalNode => {
    const isOpen =
      node.kind === 'source' && node.timestamp === undefined && !node.topics.some((topic) => internal.has(topic))
    return isOpen ? { ...node, timestamp } : node
  }
  const subtopologies = plan.subtopologies.map((one) => ({ ...one, nodes: one.nodes.map(timed) }))
  return Object.freeze({ ...plan, subtopologies })
}

/**
 * Begins a topology: what an application does, from topics to topics. `name` is its application id, unless it is run
 * under another: the prefix of its internal topics and the id of its consumer group.
 *
 * @throws STREAMS_TOPOLOGY_INVALID here and in every step that cannot be
 * @example
 * export default () => {
 *   const app = topology('spend')
 *   app.stream(order)
 *     .groupBy((o) => o.customerId, { name: 'by-customer' })
 *     .reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
 *     .to(spend)
 *   return app
 * }
 */
export function topology(name: string, options?: TopologyOptions): Topology {
  return new TopologyBuilder(name, options) as unknown as Topology
}

/** The side of a topology that runtime and test driver see. */
export function runnable(built: Topology): RunnableTopology {
  return built as unknown as RunnableTopology
}
