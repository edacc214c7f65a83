import { ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { configProblem, type Refusal, refusal } from '../topics/check-topic.ts'
import type { Topic } from '../topics/topic.ts'
import { invalidTopicName } from '../topics/topic-name.ts'
import { brokerConfigDefinition } from './broker-config-definitions.ts'
import { invalidValue } from './definition.ts'
import { isAlterable } from './describe.ts'

/** Kinds of things that have settings, as the protocol numbers them. */
export const resourceType = { topic: 2, broker: 4 } as const

export type ConfigResource = { readonly kind: 'topic'; readonly topic: Topic } | { readonly kind: 'broker' }

/** The thing a request names, or why it has no settings here. */
export function findResource(core: BrokerCore, type: number, name: string): ConfigResource | Refusal {
  if (type === resourceType.topic) {
    const topic = core.topics.topic(name)
    if (topic) return { kind: 'topic', topic }
    const invalid = invalidTopicName(name)
    if (invalid) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
    return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  }
  if (type === resourceType.broker) {
    // The empty name stands for the default of all brokers: with one node the same.
    if (name === '' || name === String(core.nodeId)) return { kind: 'broker' }
    return refusal(ErrorCode.INVALID_REQUEST, `Unexpected broker id, expected ${core.nodeId}, but received ${name}`)
  }
  return refusal(ErrorCode.INVALID_REQUEST, `Resources of type ${type} have no settings here.`)
}

/** Replaces the settings of a resource. Says why when it does not; nothing is changed then. */
export function applyConfig(
  core: BrokerCore,
  resource: ConfigResource,
  values: ReadonlyMap<string, string>,
  validateOnly: boolean,
): Refusal | undefined {
  for (const [name, value] of values) {
    const problem = resource.kind === 'topic' ? configProblem(name, value) : brokerProblem(core, name, value)
    if (problem) return refusal(ErrorCode.INVALID_CONFIG, problem)
  }
  if (validateOnly) return undefined
  try {
    if (resource.kind === 'topic') core.topics.alterConfig(resource.topic, Object.fromEntries(values))
    else replaceBrokerConfig(core, values)
    return undefined
  } catch (error) {
    return refusal(ErrorCode.KAFKA_STORAGE_ERROR, (error as Error).message)
  }
}

export function currentConfig(core: BrokerCore, resource: ConfigResource): Map<string, string> {
  return new Map(resource.kind === 'topic' ? resource.topic.config.own : core.config.altered)
}

function brokerProblem(core: BrokerCore, name: string, value: string): string | undefined {
  const definition = brokerConfigDefinition(name)
  if (!definition) return `Unknown broker config name: ${name}`
  if (!isAlterable(name) && core.config.string(name) !== value) return `${name} cannot be changed while the broker runs`
  return invalidValue(definition, value)
}

function replaceBrokerConfig(core: BrokerCore, values: ReadonlyMap<string, string>): void {
  for (const name of [...core.config.altered.keys()]) {
    if (!values.has(name)) core.alterBrokerConfig(name, undefined)
  }
  for (const [name, value] of values) {
    if (core.config.altered.get(name) !== value) core.alterBrokerConfig(name, value)
  }
}
