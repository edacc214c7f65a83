import type { AnyTopicContract, KeyInput, ValueInput } from '@millrace/contracts'
import type { Topology, TopologyOptions } from '../../src/index.ts'

/** A record that goes in, as bytes: both sides are given the same. */
export interface RecordStep {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The wall clock moves on. */
export interface ClockStep {
  readonly advanceMs: number
}

/** Records of one topic that fall into one commit. */
export interface BatchStep {
  readonly batch: readonly RecordStep[]
}

export type Step = RecordStep | ClockStep | BatchStep

/** Where our outcome is another than Java's, on purpose. */
export interface Difference {
  /** Part of the outcome: `dropped`, `describe`, `failedAt`, `topics.<name>` or `stores.<name>`. */
  readonly in: string
  /** What comes out instead, as it would stand in the fixture; undefined: nothing. */
  readonly ours: unknown
  readonly why: string
}

/** One program with its input. What comes out of it in Kafka Streams stands in `fixtures/<group>.json`. */
export interface Scenario {
  readonly name: string
  /** Where Java's program stands, if it is another group's, or has another name there. */
  readonly program?: { readonly javaClass: string; readonly name: string }
  readonly build: (app: Topology) => void
  readonly input: readonly Step[]
  /** Budget of the record cache on both sides; without cache (0) unless given. */
  readonly cacheMaxBytes?: number
  /** Where the wall clock stands at first; 0 unless given. */
  readonly startMs?: number
  /** Options of the topology; Java's program or `properties` say the same. */
  readonly topology?: TopologyOptions
  /** Java's settings, where the scenario needs others than the defaults. */
  readonly properties?: Readonly<Record<string, string>>
  readonly differs?: readonly Difference[]
}

/** Scenarios whose Java programs stand in one class, `conformance/streams/golden/<javaClass>.java`. */
export interface ScenarioGroup {
  /** Also the name of the fixture. */
  readonly name: string
  readonly javaClass: string
  readonly scenarios: readonly Scenario[]
}

/** A program of the group once more, with an input of its own. */
export interface OtherInput extends Pick<Scenario, 'name' | 'input' | 'differs'> {
  /** Name of the scenario that has the program. */
  readonly of: string
}

/** The group with programs of its own under other inputs too. */
export function withOtherInputs(group: ScenarioGroup, inputs: readonly OtherInput[]): ScenarioGroup {
  const { javaClass, scenarios } = group
  const others = inputs.map(({ of, ...own }): Scenario => {
    const found = scenarios.find(({ name }) => name === of)
    if (found === undefined) throw new RangeError(`${group.name} has no scenario '${of}'`)
    const { differs: _, ...same } = found
    return { ...same, ...own, program: found.program ?? { javaClass, name: of } }
  })
  return { ...group, scenarios: [...scenarios, ...others] }
}

/** A record for the input of a scenario. `null` is a tombstone, or no key. */
export function record<C extends AnyTopicContract>(
  contract: C,
  key: KeyInput<C> | null,
  value: ValueInput<C> | null,
  timestamp: number,
  headers: Readonly<Record<string, string>> = {},
): RecordStep {
  const { name, key: keys, value: values } = contract as AnyTopicContract
  return {
    topic: name,
    key: key === null ? null : keys.serialize(key as never),
    value: value === null ? null : values.serialize(value as never),
    timestamp,
    headers: Object.entries(headers),
  }
}

/**
 * Records of texts between two commits, so that a cache holds updates back. The topic must have one reader, an aggregation or
 * a table (what keeps the key would see Java's batch as a whole), and nothing may be repartitioned: Java's driver commits
 * after every record of such a topic.
 */
export function together(...batch: readonly RecordStep[]): BatchStep {
  return { batch }
}

export function advance(byMs: number): ClockStep {
  return { advanceMs: byMs }
}
