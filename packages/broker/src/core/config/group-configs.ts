import type { BrokerConfig } from './broker-config.ts'
import { brokerConfigDefinition } from './broker-config-definitions.ts'
import { invalidValue } from './definition.ts'
import { type GroupConfigDefinition, groupConfigDefinition } from './group-config-definitions.ts'

/** A group's settings: its own, else the broker's. */
export interface GroupConfig {
  readonly own: ReadonlyMap<string, string>
  /** @throws TypeError for a name that no group has. */
  string(name: string): string
  number(name: string): number
}

const none: ReadonlyMap<string, string> = new Map()

const durationReset = /^by_duration:P(?!$)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/i

/** A group's view of its settings. */
export function groupConfig(broker: BrokerConfig, own: ReadonlyMap<string, string> = none): GroupConfig {
  const string = (name: string): string => {
    const definition = groupConfigDefinition(name)
    if (!definition) throw new TypeError(`no group setting is called ${name}`)
    return own.get(name) ?? groupDefault(broker, definition)
  }
  return { own, string, number: (name) => Number(string(name)) }
}

/** What groups without a value of their own go by. */
export function groupDefault(broker: BrokerConfig, { brokerName, defaultValue }: GroupConfigDefinition): string {
  return brokerConfigDefinition(brokerName) ? broker.string(brokerName) : defaultValue
}

/** What is wrong with the settings that a group would have; undefined when nothing is. */
export function groupConfigProblem(broker: BrokerConfig, own: ReadonlyMap<string, string>): string | undefined {
  for (const [name, value] of own) {
    const definition = groupConfigDefinition(name)
    if (!definition) return `Unknown group config name: ${name}`
    const problem = invalidValue(definition, value) ?? boundsProblem(broker, definition, Number(value))
    if (problem) return problem
  }
  const reset = own.get('share.auto.offset.reset')
  if (reset !== undefined && reset !== 'latest' && reset !== 'earliest' && !durationReset.test(reset)) {
    return `Invalid value ${reset} for configuration share.auto.offset.reset: earliest, latest or by_duration: and an ISO 8601 duration`
  }
  const config = groupConfig(broker, own)
  for (const type of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${type}.session.timeout.ms`, `${type}.heartbeat.interval.ms`]
    if (config.number(session) <= config.number(heartbeat)) return `${session} must be greater than ${heartbeat}`
  }
  return undefined
}

function boundsProblem(
  broker: BrokerConfig,
  { name, bounds = {} }: GroupConfigDefinition,
  value: number,
): string | undefined {
  const { min, max } = bounds
  if (min !== undefined && value < boundOf(broker, min)) return `${name} must be greater than or equal to ${min}`
  if (max !== undefined && value > boundOf(broker, max)) return `${name} must be less than or equal to ${max}`
  return undefined
}

function boundOf(broker: BrokerConfig, bound: string | number): number {
  return typeof bound === 'number' ? bound : broker.number(bound)
}
