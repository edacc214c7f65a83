import { brokerError } from '../../errors.ts'
import { brokerConfigDefinition, brokerConfigDefinitions, coarserNames } from './broker-config-definitions.ts'
import { invalidValue } from './definition.ts'

/** The broker's settings: what was given at the start, what was altered since, defaults for the rest. */
export class BrokerConfig {
  readonly #given: ReadonlyMap<string, string>
  readonly #altered = new Map<string, string>()

  /** Throws BROKER_CONFIG_INVALID for an unknown name or a value out of range. */
  constructor(given: Readonly<Record<string, string>> = {}) {
    const values = new Map<string, string>()
    for (const [name, value] of Object.entries(given)) {
      const [finalName, finalValue] = inFinestUnit(name, value)
      const definition = brokerConfigDefinition(finalName)
      if (!definition) throw brokerError('BROKER_CONFIG_INVALID', `unknown broker setting ${name}`, { name })
      const problem = invalidValue(definition, finalValue)
      if (problem) throw brokerError('BROKER_CONFIG_INVALID', problem, { name })
      // A coarser name gives way to the finer one, as in Kafka.
      if (finalName === name || !(finalName in given)) values.set(finalName, finalValue)
    }
    this.#given = values
  }

  string(name: string): string {
    const value = this.#altered.get(name) ?? this.#given.get(name) ?? brokerConfigDefinition(name)?.defaultValue
    if (value === undefined) throw new TypeError(`no broker setting is called ${name}`)
    return value
  }

  number(name: string): number {
    return Number(this.string(name))
  }

  boolean(name: string): boolean {
    return this.string(name).toLowerCase() === 'true'
  }

  /** Where the value comes from. */
  origin(name: string): 'altered' | 'given' | 'default' {
    if (this.#altered.has(name)) return 'altered'
    return this.#given.has(name) ? 'given' : 'default'
  }

  /** Sets what an admin client altered; undefined takes it back. */
  alter(name: string, value: string | undefined): void {
    if (value === undefined) this.#altered.delete(name)
    else this.#altered.set(name, value)
  }

  get altered(): ReadonlyMap<string, string> {
    return this.#altered
  }

  names(): string[] {
    return brokerConfigDefinitions.map((definition) => definition.name)
  }
}

function inFinestUnit(name: string, value: string): [string, string] {
  const coarser = coarserNames[name]
  if (!coarser || !/^-?\d+$/.test(value)) return [name, value]
  return [coarser.name, Number(value) < 0 ? '-1' : String(Number(value) * coarser.unitMs)]
}
