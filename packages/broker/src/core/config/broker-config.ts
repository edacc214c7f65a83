import { brokerError } from '../../errors.ts'
import { brokerConfigDefinition, brokerConfigDefinitions, coarserNames } from './broker-config-definitions.ts'
import { invalidValue } from './definition.ts'
import { unknownSetting } from './unknown-setting.ts'

/** Where a value comes from. */
export type ConfigOrigin = 'altered' | 'alteredDefault' | 'given' | 'default'

/** The broker's settings: what was given at the start, what was altered since, defaults for the rest. */
export class BrokerConfig {
  readonly #given: ReadonlyMap<string, string>
  readonly #altered = new Map<string, string>()
  readonly #defaults = new Map<string, string>()

  /** Throws BROKER_CONFIG_INVALID for unknown names and values out of range, all at once. */
  constructor(given: Readonly<Record<string, string>> = {}) {
    const problems = Object.entries(given).flatMap(([name, value]) => settingProblem(name, value) ?? [])
    if (problems.length > 0) throw brokerError('BROKER_CONFIG_INVALID', problems.join('. '))
    const values = new Map<string, string>()
    for (const [name, value] of Object.entries(given)) {
      const [finalName, finalValue] = inFinestUnit(name, value)
      // A coarser name gives way to a finer one, as in Kafka.
      if (!hasFinerName(given, name, finalName)) values.set(finalName, finalValue)
    }
    this.#given = values
  }

  string(name: string): string {
    const own = this.#altered.get(name) ?? this.#defaults.get(name) ?? this.#given.get(name)
    const value = own ?? brokerConfigDefinition(name)?.defaultValue
    if (value === undefined) throw new TypeError(`no broker setting is called ${name}`)
    return value
  }

  number(name: string): number {
    return Number(this.string(name))
  }

  boolean(name: string): boolean {
    return this.string(name).toLowerCase() === 'true'
  }

  /** All that is said about a setting; the first counts. */
  values(name: string): { value: string; origin: ConfigOrigin }[] {
    const values: { value: string; origin: ConfigOrigin }[] = []
    const add = (value: string | undefined, origin: ConfigOrigin): void => {
      if (value !== undefined) values.push({ value, origin })
    }
    add(this.#altered.get(name), 'altered')
    add(this.#defaults.get(name), 'alteredDefault')
    add(this.#given.get(name), 'given')
    add(brokerConfigDefinition(name)?.defaultValue, 'default')
    return values
  }

  /** Sets what an admin client altered; undefined takes it back. */
  alter(name: string, value: string | undefined): void {
    if (value === undefined) this.#altered.delete(name)
    else this.#altered.set(name, value)
  }

  get altered(): ReadonlyMap<string, string> {
    return this.#altered
  }

  /** Sets the default of all brokers, which what is set for this one overrides. */
  alterDefault(name: string, value: string | undefined): void {
    if (value === undefined) this.#defaults.delete(name)
    else this.#defaults.set(name, value)
  }

  get alteredDefaults(): ReadonlyMap<string, string> {
    return this.#defaults
  }

  /**
   * A setting as one listener sees it, or one mechanism of it: the most special that was given counts (KIP-103, KIP-226).
   *
   * @example
   * config.ofListener('EXTERNAL', 'connections.max.reauth.ms', 'PLAIN')
   */
  ofListener(listener: string, name: string, mechanism?: string): string {
    const prefix = `listener.name.${listener.toLowerCase()}.`
    const special = mechanism === undefined ? [] : [`${prefix}${mechanism.toLowerCase()}.${name}`]
    const found = [...special, `${prefix}${name}`].find((one) => this.#altered.has(one) || this.#given.has(one))
    // Some settings exist only with a mechanism in front.
    return this.string(found ?? (brokerConfigDefinition(name) ? name : (special[0] ?? name)))
  }

  /** Whether a value was given that is for this listener alone. */
  isOfListener(listener: string, name: string): boolean {
    const own = `listener.name.${listener.toLowerCase()}.${name}`
    return this.#altered.has(own) || this.#given.has(own)
  }

  /** All settings there are, with those of single listeners that were given. */
  names(): string[] {
    const known = brokerConfigDefinitions.map((definition) => definition.name)
    return [...new Set([...known, ...this.#given.keys(), ...this.#altered.keys()])]
  }
}

/** What is wrong with a setting that is given; undefined when nothing is. */
export function settingProblem(name: string, value: string): string | undefined {
  const [finalName, finalValue] = inFinestUnit(name, value)
  const definition = brokerConfigDefinition(finalName)
  return definition ? invalidValue(definition, finalValue) : unknownSetting(name)
}

function hasFinerName(given: Readonly<Record<string, string>>, name: string, finestName: string): boolean {
  if (name === finestName) return false
  const { unitMs } = coarserNames[name]!
  return Object.keys(given).some((other) => {
    const coarser = coarserNames[other]
    return other === finestName || (coarser?.name === finestName && coarser.unitMs < unitMs)
  })
}

function inFinestUnit(name: string, value: string): [string, string] {
  const coarser = coarserNames[name]
  if (!coarser || !/^-?\d+$/.test(value)) return [name, value]
  return [coarser.name, Number(value) < 0 ? '-1' : String(Number(value) * coarser.unitMs)]
}
