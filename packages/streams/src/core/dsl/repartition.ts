import { passThroughOperator, withKeyOperator } from '../operators/pass-through.ts'
import { type GraphNode, graphNode, type Repartition } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { GraphBuilder } from './graph-builder.ts'

const suffix = '-repartition'

export interface RepartitionStep {
  /** First part of the topic's name: what the user gave, or the name of a step or store. */
  readonly topic: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly partitions?: number | undefined
  /** Whether one topic may stand for this one and others behind the same change of keys; the program's own stay. */
  readonly isMergeable: boolean
}

/** Names of a repartition step; taken also where an existing step is used again, since the numbers count on. */
export function repartitionNames(
  builder: GraphBuilder,
  prefix: string,
): { topic: string; sink: string; filter: string; source: string } {
  const sink = builder.newName('KSTREAM-SINK-')
  const filter = builder.newName('KSTREAM-FILTER-')
  const source = builder.newName('KSTREAM-SOURCE-')
  const topic = prefix.endsWith(suffix) ? prefix : prefix + suffix
  if (/^KSTREAM.*-[0-9]{10}$/.test(prefix)) return { topic, sink, filter, source }
  return { topic, sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
}

/** Writes to an internal topic and reads back from it; children are attached to the source. */
export function repartitionNode(
  parent: GraphNode,
  names: ReturnType<typeof repartitionNames>,
  step: RepartitionStep,
): GraphNode {
  const { keySerde, valueSerde } = step
  const { topic, sink, filter, source } = names
  const node = graphNode({
    name: source,
    parents: [parent],
    stream: step.isMergeable ? { repartition: { topic, keySerde, valueSerde } } : undefined,
    write(writer) {
      writer.repartitionTopic({ name: topic, partitions: step.partitions })
      // Where nothing takes records without key they are left out, since nothing would count them.
      const create = writer.keepsNullKeys(node) ? passThroughOperator : withKeyOperator
      writer.processor({ name: filter, parents: [parent.name], create, readsValue: false })
      writer.sink({ name: sink, parents: [filter], topic, internal: true, keySerde, valueSerde })
      writer.source({ name: source, topic, internal: true, keySerde, valueSerde })
    },
  })
  return node
}

/** One topic behind a step, in place of several: its nodes are named after it, as Kafka Streams names them. */
export function mergedRepartition(parent: GraphNode, { topic, ...serdes }: Repartition): GraphNode {
  const names = { topic, sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
  return repartitionNode(parent, names, { topic, ...serdes, isMergeable: false })
}
