import type { KafkaClientOptions } from '@millrace/kafka'
import type { StreamsLimits } from '../config.ts'
import type { StartStreamsOptions } from '../edge/start-streams.ts'

/** Where a setting goes: an option of `startStreams`, one of its limits, one of the client that it opens, or of the topology. */
export type OptionPath =
  | keyof StartStreamsOptions
  | `limits.${keyof StreamsLimits}`
  | `handlers.${'deserialize' | 'process' | 'processGlobal' | 'produce'}`
  | `kafka.${keyof KafkaClientOptions}`
  | `plan.${'timestamp' | 'explicitNames' | 'storeFormat'}`

export type ConfigType = 'STRING' | 'INT' | 'LONG' | 'SHORT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'CLASS' | 'PASSWORD'

/**
 * What becomes of a setting:
 * - `option`: the option that it sets. With `choices`, only these values are understood, each as what it stands for;
 *   undefined leaves the option alone;
 * - `noEffect`: it is taken and changes nothing, for the reason given;
 * - `only`: the values that change nothing here; any other is refused for the reason given.
 */
export type Effect =
  | { readonly option: OptionPath; readonly choices?: Readonly<Record<string, unknown>>; readonly otherwise?: string }
  | { readonly noEffect: string }
  | { readonly only: readonly (string | null)[]; readonly because: string }

/** One key of Kafka's configuration. */
export type ConfigRule = Effect & {
  readonly type: ConfigType
  /** Kafka's default as text; null for none; undefined where one must be given. */
  readonly default: string | null | undefined
  /** Why ours is another, where it is. */
  readonly defaultHere?: string
}

export type ConfigTable = Readonly<Record<string, ConfigRule>>

export type Defaulted = string | null | undefined
type More = Pick<ConfigRule, 'defaultHere'>

export function sets(type: ConfigType, fallback: Defaulted, option: OptionPath, more: More = {}): ConfigRule {
  return { type, default: fallback, option, ...more }
}

export function chooses(
  fallback: Defaulted,
  option: OptionPath,
  choices: Readonly<Record<string, unknown>>,
  more: More & { readonly type?: ConfigType; readonly otherwise?: string } = {},
): ConfigRule {
  return { type: 'STRING', default: fallback, option, choices, ...more }
}

export function ignored(type: ConfigType, fallback: Defaulted, noEffect: string): ConfigRule {
  return { type, default: fallback, noEffect }
}

/** Only the default, or the other values given, can be had. */
export function only(
  type: ConfigType,
  fallback: Defaulted,
  because: string,
  others: readonly string[] = [],
): ConfigRule {
  return { type, default: fallback, only: [fallback ?? null, ...others], because }
}
