import { ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { type Refusal, recorded, refusal } from '../refusal.ts'
import { configProblem } from '../topics/check-topic.ts'
import type { Topic } from '../topics/topic.ts'
import { invalidTopicName } from '../topics/topic-name.ts'
import { brokerConfigDefinition } from './broker-config-definitions.ts'
import { clientMetricsConfigDefinitions, clientMetricsProblem } from './client-metrics-config.ts'
import { type ConfigDefinition, invalidValue } from './definition.ts'
import {
  describeBrokerConfig,
  describeBrokerDefaults,
  describeClientMetrics,
  describeGroupConfig,
  describeLoggers,
  describeTopicConfig,
  isAlterable,
  type Wanted,
} from './describe.ts'
import { groupConfigDefinition } from './group-config-definitions.ts'
import { groupConfigProblem } from './group-configs.ts'
import { topicConfigConflict, topicConfigDefinition } from './topic-config-definitions.ts'

/** Kinds of things that have settings, as the protocol numbers them. */
export const resourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

type Values = ReadonlyMap<string, string>

/** One thing that has settings. */
export interface ConfigResource {
  /** Its own settings. */
  readonly own: Values
  describe(wanted: Wanted): ReturnType<typeof describeTopicConfig>
  /** What a name means; undefined for a name that the resource does not have. */
  definition(name: string): ConfigDefinition | undefined
  /** The value that is in force where the resource has none of its own. */
  inherited(name: string): string
  /** Why these cannot be its settings; undefined when they can. `changed` are those that differ from before. */
  problem(values: Values, changed: ReadonlySet<string>): Refusal | undefined
  /** Replaces its settings. Throws what recording throws. */
  replace(values: Values): void
  /** Whether AlterConfigs, which replaces everything, is refused. */
  readonly incrementalOnly?: boolean
}

const levels: readonly string[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
const none: Values = new Map()

/** The thing a request names, or why it has no settings here. */
export function findResource(core: BrokerCore, type: number, name: string): ConfigResource | Refusal {
  switch (type) {
    case resourceType.topic:
      return findTopic(core, name)
    case resourceType.broker:
      return findBroker(core, name)
    case resourceType.brokerLogger:
      if (name === String(core.nodeId)) return loggers(core)
      return refusal(ErrorCode.INVALID_REQUEST, unexpectedBroker(core, name, 'Broker id must not be empty'))
    case resourceType.clientMetrics:
      if (name !== '') return clientMetrics(core, name)
      return refusal(ErrorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty')
    case resourceType.group:
      return name === '' ? refusal(ErrorCode.INVALID_REQUEST, 'Group name must not be empty') : group(core, name)
    default:
      return refusal(ErrorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
  }
}

function findTopic(core: BrokerCore, name: string): ConfigResource | Refusal {
  const found = core.topics.topic(name)
  if (found) return topic(core, found)
  const invalid = invalidTopicName(name)
  if (invalid) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
  return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
}

function topic(core: BrokerCore, found: Topic): ConfigResource {
  const { config } = found
  return {
    own: config.own,
    describe: (wanted) => describeTopicConfig(config, core.config, wanted),
    definition: topicConfigDefinition,
    inherited: (name) => config.string(name),
    problem(values) {
      for (const [name, value] of values) {
        const problem = configProblem(name, value)
        if (problem) return refusal(ErrorCode.INVALID_CONFIG, problem)
      }
      const conflict = topicConfigConflict((name) => values.get(name) ?? config.inherited(name))
      return conflict === undefined ? undefined : refusal(ErrorCode.INVALID_CONFIG, conflict)
    },
    replace: (values) => core.topics.alterConfig(found, Object.fromEntries(values)),
  }
}

function findBroker(core: BrokerCore, name: string): ConfigResource | Refusal {
  if (name === '') return brokerDefaults(core)
  if (name === String(core.nodeId)) return broker(core)
  return refusal(ErrorCode.INVALID_REQUEST, unexpectedBroker(core, name, ''))
}

function unexpectedBroker(core: BrokerCore, name: string, whenEmpty: string): string {
  if (name === '') return whenEmpty
  if (!/^-?\d+$/.test(name)) return `Broker id must be an integer, but it is: ${name}`
  return `Unexpected broker id, expected ${core.nodeId}, but received ${name}`
}

function broker(core: BrokerCore): ConfigResource {
  const { config } = core
  return {
    own: config.altered,
    describe: (wanted) => describeBrokerConfig(config, wanted),
    definition: brokerConfigDefinition,
    inherited: (name) => config.string(name),
    problem: brokerProblem,
    replace: (values) => replaceEach(config.altered, values, (name, value) => core.alterBrokerConfig(name, value)),
  }
}

/** The default of all brokers (KIP-226); with one node it differs from the broker's own by its rank only. */
function brokerDefaults(core: BrokerCore): ConfigResource {
  const { config } = core
  return {
    own: config.alteredDefaults,
    describe: (wanted) => describeBrokerDefaults(config, wanted),
    definition: brokerConfigDefinition,
    inherited: (name) => config.string(name),
    problem: brokerProblem,
    replace: (values) =>
      replaceEach(config.alteredDefaults, values, (name, value) => core.alterBrokerDefault(name, value)),
  }
}

function brokerProblem(values: Values, changed: ReadonlySet<string>): Refusal | undefined {
  const readOnly = [...changed].filter((name) => brokerConfigDefinition(name) && !isAlterable(name))
  if (readOnly.length > 0) {
    const message = `Cannot update these configs dynamically: ${readOnly.join(', ')}`
    return refusal(ErrorCode.INVALID_REQUEST, message)
  }
  for (const [name, value] of values) {
    const definition = brokerConfigDefinition(name)
    const problem = definition ? invalidValue(definition, value) : `Unknown broker config name: ${name}`
    if (problem) return refusal(ErrorCode.INVALID_CONFIG, problem)
  }
  return undefined
}

function replaceEach(before: Values, values: Values, set: (name: string, value: string | undefined) => void): void {
  for (const name of [...before.keys()]) if (!values.has(name)) set(name, undefined)
  for (const [name, value] of values) if (before.get(name) !== value) set(name, value)
}

function group(core: BrokerCore, name: string): ConfigResource {
  const { resourceConfigs, config } = core
  const values = resourceConfigs.groups.get(name) ?? none
  return {
    own: values,
    describe: (wanted) => describeGroupConfig(values, config, wanted),
    definition: groupConfigDefinition,
    inherited: (setting) => core.groupConfig(name).string(setting),
    problem(next) {
      const problem = groupConfigProblem(config, next)
      return problem === undefined ? undefined : refusal(ErrorCode.INVALID_CONFIG, problem)
    },
    replace: (next) => resourceConfigs.setGroup(name, next),
  }
}

function clientMetrics(core: BrokerCore, name: string): ConfigResource {
  const { resourceConfigs } = core
  const values = resourceConfigs.clientMetrics.get(name) ?? none
  const definition = (setting: string): ConfigDefinition | undefined =>
    clientMetricsConfigDefinitions.find((one) => one.name === setting)
  return {
    own: values,
    describe: (wanted) => describeClientMetrics(values, wanted),
    // To Kafka none of them is a list when it comes to appending.
    definition: (setting) => definition(setting) && { ...definition(setting)!, type: 'string' },
    inherited: (setting) => definition(setting)?.defaultValue ?? '',
    problem: clientMetricsProblem,
    replace: (next) => resourceConfigs.setClientMetrics(name, next),
  }
}

/** Levels last until the broker stops, as Kafka's (KIP-412). There is one logger, and what it would say goes to diagnostics. */
function loggers(core: BrokerCore): ConfigResource {
  return {
    own: core.logLevels,
    incrementalOnly: true,
    describe: (wanted) => describeLoggers(core.logLevels, wanted),
    definition: (name) => ({ name, type: 'string', defaultValue: '', documentation: '' }),
    inherited: () => '',
    problem(values) {
      if (!values.has('root')) {
        return refusal(ErrorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed')
      }
      for (const [name, level] of values) {
        if (!core.logLevels.has(name)) return refusal(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
        if (!levels.includes(level)) {
          return refusal(ErrorCode.INVALID_CONFIG, `Log level of ${name} must be one of ${levels.join(', ')}`)
        }
      }
      return undefined
    },
    replace: (values) => replaceEach(core.logLevels, values, (name, level) => core.logLevels.set(name, level!)),
  }
}

/** Replaces the settings of a resource. Says why when it does not; nothing is changed then. */
export function applyConfig(resource: ConfigResource, values: Values, validateOnly: boolean): Refusal | undefined {
  const names = new Set([...resource.own.keys(), ...values.keys()])
  const changed = new Set([...names].filter((name) => resource.own.get(name) !== values.get(name)))
  const problem = resource.problem(values, changed)
  if (problem || validateOnly || changed.size === 0) return problem
  return recorded(() => resource.replace(values))
}
