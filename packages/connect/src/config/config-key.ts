import type { Password } from './password.ts'

/** Types of Kafka's `ConfigDef`. */
export type ConfigType = 'boolean' | 'string' | 'short' | 'int' | 'long' | 'double' | 'list' | 'class' | 'password'

export type ValueOfType<Type extends ConfigType> = Type extends 'boolean'
  ? boolean
  : Type extends 'short' | 'int' | 'long' | 'double'
    ? number
    : Type extends 'list'
      ? readonly string[]
      : Type extends 'password'
        ? Password
        : string

/** What is wrong with a value, for people; undefined when nothing is. */
export type Validator = (value: never, name: string) => string | undefined

/** Values that a name may take given those of the others, and whether it matters at all. */
export interface Recommendation {
  readonly values?: readonly string[]
  readonly visible?: boolean
}

/** One name of a config. */
export interface ConfigKey {
  readonly type: ConfigType
  readonly importance: 'high' | 'medium' | 'low'
  readonly doc: string
  /** Left out, the name is required; null says that it may be left out and then has no value. */
  readonly default?: boolean | number | string | readonly string[] | null
  /** The only values; they are also the recommended ones, and the type of what `parse` returns. Of a list, its items. */
  readonly oneOf?: readonly string[]
  /** Compares with `oneOf` regardless of case; `parse` returns the spelling of `oneOf`. */
  readonly ignoreCase?: boolean
  /** Further rules, tried in turn on a value that is given. */
  readonly valid?: Validator | readonly Validator[]
  readonly group?: string
  readonly width?: 'none' | 'short' | 'medium' | 'long'
  readonly displayName?: string
  /** Names whose meaning hangs on this one. */
  readonly dependents?: readonly string[]
  readonly recommend?: (values: Readonly<Record<string, unknown>>) => Recommendation
  /** Left out of documentation. */
  readonly internal?: boolean
  /** The original connector has this name, this one does not, and this is why: to give it is an error that says so. */
  readonly notSupported?: string
  /** The original connector needs a value to work with and this one does not, for the reason in `doc`: whoever gives one is told. */
  readonly withoutEffect?: true
}

/** The value that `parse` yields for a key. */
export type ValueOf<Key extends ConfigKey> =
  | (Key extends { readonly oneOf: readonly (infer Allowed extends string)[] }
      ? Key['type'] extends 'list'
        ? readonly Allowed[]
        : Allowed
      : ValueOfType<Key['type']>)
  | (Key extends { readonly default: null } | { readonly notSupported: string } ? undefined : never)

/** A number that is at least `min`, and at most `max`. */
export function between(min: number, max = Number.POSITIVE_INFINITY): Validator {
  return ((value: number) => {
    if (value < min) return `Value must be at least ${min}`
    return value > max ? `Value must be no more than ${max}` : undefined
  }) as Validator
}

export const nonEmpty: Validator = (value: string | readonly string[]) =>
  value.length === 0 ? (typeof value === 'string' ? 'String must be non-empty' : 'Empty list') : undefined
