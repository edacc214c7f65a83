import type { Serde } from '@millrace/contracts'
import type { Processor, ProcessorSetup } from '../processor.ts'

/** A node as it runs: what `describe()` prints and a task instantiates. */
export type PhysicalNode = SourceNode | ProcessorNode | SinkNode

interface NodeBase {
  readonly name: string
  /** Names of the nodes that it forwards to, in order. */
  readonly children: readonly string[]
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  readonly topics: readonly string[]
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  /** Records carry pairs of old and new values (`<name>-repartition` of a regrouped table). */
  readonly changes: boolean
  /** True lets values be parsed when an operator first asks; false parses on arrival. */
  readonly lazy: boolean
}

export interface ProcessorNode extends NodeBase {
  readonly kind: 'processor'
  readonly stores: readonly string[]
  readonly create: (setup: ProcessorSetup) => Processor
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  readonly topic: string
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly changes: boolean
}
