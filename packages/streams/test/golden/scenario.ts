import type { AnyTopicContract, KeyInput, ValueInput } from '@millrace/contracts'
import type { Topology } from '../../src/index.ts'

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

export type Step = RecordStep | ClockStep

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
  readonly build: (app: Topology) => void
  readonly input: readonly Step[]
  /** Budget of the record cache on both sides; without cache (0) unless given. */
  readonly cacheMaxBytes?: number
  /** Where the wall clock stands at first; 0 unless given. */
  readonly startMs?: number
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

export function advance(byMs: number): ClockStep {
  return { advanceMs: byMs }
}
