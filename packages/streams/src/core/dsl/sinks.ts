import type { AnyTopicContract } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import { settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde, SinkChoice } from '../topology/physical.ts'

type Choose = (value: unknown, key: unknown, context: RecordContext) => AnyTopicContract

/** Where every record goes to one topic. */
export function sinkStep(name: string, parent: GraphNode, contract: AnyTopicContract): GraphNode {
  return graphNode({
    name,
    parents: [parent],
    write: (writer) => writer.sink({ name, parents: [parent.name], internal: false, ...targetOf(contract) }),
  })
}

/** Where a callback chooses among several topics. */
export function choiceStep(
  name: string,
  parent: GraphNode,
  contracts: readonly AnyTopicContract[],
  choose: Choose,
  options: { takesNull: boolean },
): GraphNode {
  const targets = contracts.map(targetOf)
  if (targets.length === 0) throw streamsError('STREAMS_TOPOLOGY_INVALID', 'toOneOf needs topics to choose from')
  const names = new Set(targets.map(({ topic }) => topic))
  const choice: SinkChoice = {
    targets,
    description: choose.name || 'choose',
    takesNull: options.takesNull,
    choose(value, key, context) {
      const chosen = settled(choose(value, key, context), name)?.name
      if (names.has(chosen)) return chosen
      const message = `${name} chose topic '${chosen}', which is none of ${[...names].join(', ')}`
      throw streamsError('STREAMS_PROCESS_FAILED', message, { node: name })
    },
  }
  return graphNode({
    name,
    parents: [parent],
    write: (writer) => writer.sink({ name, parents: [parent.name], internal: false, ...targets[0]!, choice }),
  })
}

/** What a step that prints calls with each record. */
export function printing(
  write: (line: string) => void,
  options: { readonly label: string; readonly format?: ((value: unknown, key: unknown) => string) | undefined },
): (value: unknown, key: unknown) => void {
  const { label, format = (value: unknown, key: unknown) => `${textOf(key)}, ${textOf(value)}` } = options
  return (value, key) => write(`[${label}]: ${format(value, key)}`)
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

function targetOf({ name, key, value }: AnyTopicContract): SinkChoice['targets'][number] {
  return { topic: name, keySerde: key as AnySerde, valueSerde: value as AnySerde }
}
