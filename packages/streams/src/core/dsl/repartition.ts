import { passThroughOperator, withKeyOperator } from '../operators/pass-through.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { GraphBuilder } from './graph-builder.ts'

const suffix = '-repartition'

export interface RepartitionStep {
  /** First part of the topic's name: what the user gave, or the name of a step or store. */
  readonly topic: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly partitions?: number | undefined
  /** Records without key: kept where a left join comes next, dropped otherwise, since nothing counts them. */
  readonly keepsNullKeys: boolean
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
  return graphNode({
    name: names.source,
    parents: [parent],
    write(writer) {
      const { topic, sink, filter, source } = names
      writer.repartitionTopic({ name: topic, partitions: step.partitions })
      const create = step.keepsNullKeys ? passThroughOperator : withKeyOperator
      writer.processor({ name: filter, parents: [parent.name], create, readsValue: false })
      writer.sink({ name: sink, parents: [filter], topic, internal: true, keySerde, valueSerde })
      writer.source({ name: source, topic, internal: true, keySerde, valueSerde })
    },
  })
}
