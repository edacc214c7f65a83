import type { Serde } from '@millrace/contracts'
import type { CreateProcessor } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'

/** A node as it runs: what `describe()` prints and a task instantiates. */
export type PhysicalNode = SourceNode | ProcessorNode | SinkNode

export type AnySerde = Serde<unknown, unknown>

interface NodeBase {
  readonly name: string
  /** Names of the nodes that it forwards to, in order. */
  readonly children: readonly string[]
  readonly parents: readonly string[]
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  /** Full names. */
  readonly topics: readonly string[]
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  /** Values are pairs of old and new (the repartition topic of a regrouped table). */
  readonly changes: boolean
  /**
   * True lets keys and values be parsed when an operator first asks. False parses on arrival: where a record goes
   * several ways, one way must not have had its effect when another finds that the bytes are no good.
   */
  readonly lazy: boolean
  /** What says which time records are of; undefined: their own timestamp. */
  readonly timestamp?: TimestampExtractor | undefined
}

export interface ProcessorNode extends NodeBase {
  readonly kind: 'processor'
  readonly stores: readonly string[]
  /** Whether it asks for values, so that it fails on bytes that are no good. */
  readonly readsValue: boolean
  readonly create: CreateProcessor
}

/** Where records of a sink may go. */
export interface SinkTarget {
  readonly topic: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
}

/** Several topics, of which each record goes to one. */
export interface SinkChoice {
  readonly targets: readonly SinkTarget[]
  /** Names the topic of a record. */
  readonly choose: (value: unknown, key: unknown, context: RecordContext) => string
  /** What Java prints in place of the topic. */
  readonly description: string
  /** Whether `choose` is made for tombstones; where not, they are dropped and counted. */
  readonly takesNull: boolean
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  /** Full name. */
  readonly topic: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly changes: boolean
  /** Where a record goes that knows its partition; the key decides otherwise. */
  readonly partitionOf?: PartitionOf | undefined
  /** Instead of `topic`. */
  readonly choice?: SinkChoice | undefined
}

export type PartitionOf = (value: unknown) => number | undefined
