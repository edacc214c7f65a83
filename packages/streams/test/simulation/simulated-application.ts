import type { AnyTopicContract } from '@millrace/contracts'
import type { StateQuery, Topology } from '@millrace/streams'
import type { InputName } from './contracts.ts'
import type { Placed } from './events.ts'
import type { PlantedMistakes } from './planted-mistakes.ts'

/** A record that readers of an output find. */
export interface Output {
  readonly topic: string
  readonly key: string
  readonly value: unknown
}

/**
 * What must be the same as in a run without crashes, of a topic:
 *
 * - `exactly`: every record, as often as there, in any order: for results that neither caches nor the order between
 *   partitions change;
 * - `last`: the last one of every key, where null is as good as none;
 * - `atLeastOnce`: every record, once or more often;
 * - `own`: the application looks at it itself.
 */
export type Comparison = 'exactly' | 'last' | 'atLeastOnce' | 'own'

/** An application that lives through the simulation. */
export interface SimulatedApplication {
  readonly id: string
  readonly topology: (mistakes: PlantedMistakes) => Topology
  /** The topics that it reads. */
  readonly inputs: readonly InputName[]
  /** Those of them that are global tables. */
  readonly globals?: readonly InputName[]
  /** Whether customers move, come and go, or stay as they were at first. */
  readonly customersMove: boolean
  readonly guarantee?: 'at_least_once'
  readonly outputs: readonly { readonly contract: AnyTopicContract; readonly compared: Comparison }[]
  /** Whether a run without crashes is one over all records, or one a partition: where nothing goes through repartition topics that is kept. */
  readonly reference: 'whole' | 'byPartition'
  /** What is not compared with a run without crashes; empty when all is well. */
  readonly check?: (outputs: readonly Output[], events: readonly Placed[]) => string[]
  /** Stores of which copies are compared, and what they are asked. */
  readonly stores: readonly { readonly name: string; readonly queries: readonly StateQuery[] }[]
}
