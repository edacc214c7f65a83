import type { AnyTopicContract } from '@millrace/contracts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import { checkedName, type GraphBuilder } from './graph-builder.ts'
import { type AnySupplier, processorWriter } from './process.ts'

/** A node of a graph that is written out by hand: a source or a processor. */
export class ProcessorGraphNode {
  readonly graphNode: GraphNode
  readonly takesNull: boolean

  constructor(node: GraphNode, takesNull: boolean) {
    this.graphNode = node
    this.takesNull = takesNull
  }

  get name(): string {
    return this.graphNode.name
  }
}

type Parents = ProcessorGraphNode | readonly ProcessorGraphNode[]

export function sourceNode(
  builder: GraphBuilder,
  name: string,
  contract: AnyTopicContract,
  options: { readonly tombstones?: boolean | undefined; readonly timestamp: TimestampExtractor | undefined },
): ProcessorGraphNode {
  const keySerde = contract.key as AnySerde
  const valueSerde = contract.value as AnySerde
  const { timestamp } = options
  const node = graphNode({
    name: checkedName(name),
    parents: [],
    write: (writer) => writer.source({ name, topic: contract.name, internal: false, keySerde, valueSerde, timestamp }),
  })
  return new ProcessorGraphNode(builder.add(node), options.tombstones ?? false)
}

export function processorNode(
  builder: GraphBuilder,
  name: string,
  supplier: AnySupplier,
  options: { readonly from: Parents; readonly stores?: readonly unknown[] },
): ProcessorGraphNode {
  const from = listed(options.from)
  const parents = from.map((parent) => parent.graphNode)
  const takesNull = from.every((parent) => parent.takesNull)
  const { stores } = options
  const write = processorWriter({ name: checkedName(name), parents, supplier, stores, takesNull, keepsKeys: false })
  return new ProcessorGraphNode(builder.add(graphNode({ name, parents, write })), true)
}

export function sinkNode(
  builder: GraphBuilder,
  name: string,
  contract: AnyTopicContract,
  options: { readonly from: Parents },
): void {
  const parents = listed(options.from).map((parent) => parent.graphNode)
  const keySerde = contract.key as AnySerde
  const valueSerde = contract.value as AnySerde
  const names = parents.map((parent) => parent.name)
  builder.add(
    graphNode({
      name: checkedName(name),
      parents,
      write: (writer) =>
        writer.sink({ name, parents: names, topic: contract.name, internal: false, keySerde, valueSerde }),
    }),
  )
}

function listed(parents: Parents): readonly ProcessorGraphNode[] {
  return parents instanceof ProcessorGraphNode ? [parents] : parents
}
