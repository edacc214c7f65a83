import { nearest } from '@millrace/base/internal'
import { connectError } from '../errors.ts'
import type { ConfigKey, ValueOf } from './config-key.ts'
import { allowedSpelling, parseValue, problemOf, shown } from './config-value.ts'

/** A config as property files and REST requests give it. Null counts as left out. */
export type Properties = Readonly<Record<string, string | null | undefined>>

export type ConfigKeys = Readonly<Record<string, ConfigKey>>

/** What `parse` returns: every name with its value, defaults included. */
export type ConfigOf<Keys extends ConfigKeys> = { readonly [Name in keyof Keys]: ValueOf<Keys[Name]> }

/** What became of one name. */
export interface ConfigResult {
  readonly name: string
  /** Undefined for a name that the definition does not know. */
  readonly key: ConfigKey | undefined
  readonly value: unknown
  readonly errors: readonly string[]
  readonly recommended: readonly string[]
  readonly visible: boolean
}

/** What must hold between several names. */
export interface ConfigRule {
  /** The name that is reported. */
  readonly name: string
  /** What is wrong; undefined where nothing is. Of a name whose own value is wrong the value is undefined. */
  readonly problem: (values: Readonly<Record<string, unknown>>) => string | undefined
}

export interface ConfigDefOptions {
  readonly rules?: readonly ConfigRule[]
  /** Names that begin like this are somebody else's: passed on, neither parsed nor reported (`producer.override.`). */
  readonly passThrough?: readonly string[]
}

/**
 * The names of a property-style config, as Kafka's `ConfigDef`: what each is, and what may be said. A name that is not
 * defined is an error, where Kafka ignores it: it is a setting that somebody believes in.
 *
 * @example
 * const definition = configDef({
 *   'batch.size': { type: 'int', default: 500, valid: between(1), importance: 'low', doc: 'Rows per statement.' },
 *   'delete.enabled': { type: 'boolean', default: false, importance: 'high', doc: 'Delete on a tombstone.' },
 *   'insert.mode': { type: 'string', oneOf: ['insert', 'upsert'], default: 'insert', importance: 'high', doc: '…' },
 * })
 * definition.parse('orders-sink', { 'insert.mode': 'upsert' })['batch.size'] // 500
 * definition.parse('orders-sink', { 'insert.mode': 'usert' })                // throws CONNECT_CONFIG_INVALID
 */
export class ConfigDef<Keys extends ConfigKeys = ConfigKeys> {
  readonly keys: Keys
  readonly passThrough: readonly string[]
  readonly rules: readonly ConfigRule[]

  constructor(keys: Keys, options: ConfigDefOptions = {}) {
    this.keys = keys
    this.passThrough = options.passThrough ?? []
    this.rules = options.rules ?? []
  }

  /** This definition and another; the other's keys win. */
  and<More extends ConfigKeys>(other: ConfigDef<More>): ConfigDef<Omit<Keys, keyof More> & More> {
    const keys = { ...this.keys, ...other.keys } as Omit<Keys, keyof More> & More
    const passThrough = [...this.passThrough, ...other.passThrough]
    return new ConfigDef(keys, { passThrough, rules: [...this.rules, ...other.rules] })
  }

  /** The same names under a prefix and in one group, as a connector's config holds those of its transforms. */
  under(prefix: string, group: string): ConfigDef {
    const keys = Object.entries(this.keys).map(([name, key]) => [prefix + name, embedded(key, prefix, group)] as const)
    const rules = this.rules.map(({ name, problem }): ConfigRule => {
      return { name: prefix + name, problem: (values) => problem(withoutPrefix(values, prefix)) }
    })
    return new ConfigDef(Object.fromEntries(keys), {
      passThrough: this.passThrough.map((name) => prefix + name),
      rules,
    })
  }

  /**
   * Every defined name and every name that is given, with its value or what is wrong with it.
   *
   * @param given the same before secrets were filled in: of what was, only this is shown.
   */
  validate(properties: Properties, given = properties): ConfigResult[] {
    const values: Record<string, unknown> = {}
    const errors = new Map<string, string[]>()
    for (const [name, key] of Object.entries<ConfigKey>(this.keys)) {
      errors.set(name, [])
      values[name] = this.#value(name, key, { text: properties[name], given: given[name] }, errors.get(name)!)
    }
    for (const { name, problem } of this.rules) {
      const found = problem(values)
      if (found !== undefined) errors.get(name)?.push(`Configuration ${name}: ${found}`)
    }
    const known = Object.entries<ConfigKey>(this.keys).map(([name, key]): ConfigResult => {
      const advice = key.recommend?.(values)
      const recommended = advice?.values ?? key.oneOf ?? []
      return {
        name,
        key,
        value: values[name],
        errors: errors.get(name)!,
        recommended,
        visible: advice?.visible ?? true,
      }
    })
    return [...this.unknown(properties).map(({ name, problem }) => unknownResult(name, problem)), ...known]
  }

  /**
   * The values, typed.
   *
   * @param where names what is configured, for the message.
   * @param given the same before secrets were filled in.
   * @throws CONNECT_CONFIG_INVALID with everything that is wrong
   */
  parse(where: string, properties: Properties, given = properties): ConfigOf<Keys> {
    const results = this.validate(properties, given)
    const problems = results.flatMap((result) => result.errors)
    if (problems.length > 0) throw connectError('CONNECT_CONFIG_INVALID', `${where}: ${problems.join('; ')}`, { where })
    return Object.fromEntries(results.map(({ name, value }) => [name, value])) as ConfigOf<Keys>
  }

  /** The names that are given and not defined, with what to say about each. */
  unknown(properties: Properties): { readonly name: string; readonly problem: string }[] {
    const names = Object.keys(properties).filter((name) => !Object.hasOwn(this.keys, name))
    return names
      .filter((name) => !this.passThrough.some((prefix) => name.startsWith(prefix)))
      .map((name) => {
        const meant = nearest(name, Object.keys(this.keys))
        const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
        return { name, problem: `Configuration is not defined: ${name}${hint}` }
      })
  }

  /** What to tell people about values that change nothing. */
  withoutEffect(properties: Properties): string[] {
    return Object.entries<ConfigKey>(this.keys)
      .filter(([name, key]) => key.withoutEffect && properties[name] !== undefined && properties[name] !== null)
      .map(([name, { doc }]) => `${name} changes nothing here: ${doc}`)
  }

  #value(name: string, key: ConfigKey, { text, given }: GivenText, errors: string[]): unknown {
    if (text === undefined || text === null) {
      if (key.notSupported !== undefined || key.default === null) return undefined
      if (key.default === undefined) errors.push(`Missing required configuration "${name}" which has no default value.`)
      return key.type === 'password' && typeof key.default === 'string' ? parseValue(key, key.default) : key.default
    }
    if (key.notSupported !== undefined) {
      errors.push(`Configuration ${name} is not supported: ${key.notSupported}`)
      return undefined
    }
    const parsed = parseValue(key, text)
    const value = parsed instanceof TypeError ? undefined : allowedSpelling(key, parsed)
    const problem = parsed instanceof TypeError ? parsed.message : problemOf(name, key, value)
    if (problem !== undefined) {
      // What is wrong with a secret could tell it.
      const [shownText, reason] =
        given === text ? [shown(key, text), problem] : [given, 'what it refers to is not allowed']
      errors.push(`Invalid value ${shownText} for configuration ${name}: ${reason}`)
    }
    return value
  }
}

/** A property with and without its secrets. */
interface GivenText {
  readonly text: string | null | undefined
  readonly given: string | null | undefined
}

/** Defines a config; see `ConfigDef`. */
export function configDef<const Keys extends ConfigKeys>(keys: Keys, options?: ConfigDefOptions): ConfigDef<Keys> {
  return new ConfigDef(keys, options)
}

function embedded(key: ConfigKey, prefix: string, group: string): ConfigKey {
  const { dependents, recommend, ...rest } = key
  return {
    ...rest,
    group,
    ...(dependents && { dependents: dependents.map((name) => prefix + name) }),
    ...(recommend && { recommend: (values) => recommend(withoutPrefix(values, prefix)) }),
  }
}

function withoutPrefix(values: Readonly<Record<string, unknown>>, prefix: string): Record<string, unknown> {
  const own = Object.entries(values).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]))
}

function unknownResult(name: string, problem: string): ConfigResult {
  return { name, key: undefined, value: undefined, errors: [problem], recommended: [], visible: true }
}
