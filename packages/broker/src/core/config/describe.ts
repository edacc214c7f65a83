import type { DescribeConfigsResponse, MessageInput } from '@millrace/protocol'
import type { BrokerConfig, ConfigOrigin } from './broker-config.ts'
import { brokerConfigDefinition } from './broker-config-definitions.ts'
import { clientMetricsConfigDefinitions } from './client-metrics-config.ts'
import { type ConfigDefinition, canonicalValue, configTypeCodes } from './definition.ts'
import { groupConfigDefinitions } from './group-config-definitions.ts'
import { groupDefault } from './group-configs.ts'
import type { TopicConfig } from './topic-config.ts'
import { topicConfigDefinitions } from './topic-config-definitions.ts'

type Entry = MessageInput<DescribeConfigsResponse['results'][number]['configs'][number]>
type Synonym = { name: string; value: string | null; source: number }

/** Where a value comes from, as DescribeConfigs numbers it. */
const source = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefault: 3,
  staticBroker: 4,
  default: 5,
  logger: 6,
  clientMetrics: 7,
  group: 8,
} as const

const brokerSources: Readonly<Record<ConfigOrigin, number>> = {
  altered: source.dynamicBroker,
  alteredDefault: source.dynamicDefault,
  given: source.staticBroker,
  default: source.default,
}

export interface Wanted {
  /** Null for all. */
  readonly names: ReadonlySet<string> | null
  readonly synonyms: boolean
  readonly documentation: boolean
}

/** A topic's settings as an admin client sees them. */
export function describeTopicConfig(config: TopicConfig, broker: BrokerConfig, wanted: Wanted): Entry[] {
  return chosen(topicConfigDefinitions, wanted).map((definition) => {
    const { name, brokerName } = definition
    const inherited = brokerName === undefined ? [] : brokerSynonyms(broker, brokerName)
    return described(definition, config.string(name), own(config.own, definition, source.topic, inherited), wanted)
  })
}

/** A group's settings, also of one that does not exist. */
export function describeGroupConfig(
  values: ReadonlyMap<string, string>,
  broker: BrokerConfig,
  wanted: Wanted,
): Entry[] {
  return chosen(groupConfigDefinitions, wanted).map((definition) => {
    const { name, brokerName, defaultValue } = definition
    const inherited = brokerConfigDefinition(brokerName)
      ? brokerSynonyms(broker, brokerName)
      : [{ name: brokerName, value: defaultValue, source: source.default }]
    const value = values.get(name) ?? groupDefault(broker, definition)
    return described(definition, value, own(values, definition, source.group, inherited), wanted)
  })
}

/** What a client metrics subscription says; of one that does not exist, the defaults. */
export function describeClientMetrics(values: ReadonlyMap<string, string>, wanted: Wanted): Entry[] {
  return chosen(clientMetricsConfigDefinitions, wanted).map((definition) => {
    const value = values.get(definition.name) ?? definition.defaultValue
    return described(definition, value, own(values, definition, source.clientMetrics, []), wanted)
  })
}

/** The one logger there is. */
export function describeLoggers(levels: ReadonlyMap<string, string>, wanted: Wanted): Entry[] {
  return [...levels]
    .filter(([name]) => !wanted.names || wanted.names.has(name))
    .map(([name, value]) => ({ name, value, configSource: source.logger, synonyms: [] }))
}

/** The broker's settings as an admin client sees them. */
export function describeBrokerConfig(broker: BrokerConfig, wanted: Wanted): Entry[] {
  const definitions = broker.names().map((name) => brokerConfigDefinition(name)!)
  return chosen(definitions, wanted).map((definition) => {
    const { name, coarserDefault } = definition
    const isUnset = coarserDefault !== undefined && broker.values(name)[0]?.origin === 'default'
    const value = isUnset ? null : broker.string(name)
    return { ...described(definition, value, brokerSynonyms(broker, name), wanted), readOnly: !isAlterable(name) }
  })
}

/** What has been set as the default of all brokers. */
export function describeBrokerDefaults(broker: BrokerConfig, wanted: Wanted): Entry[] {
  const values = broker.alteredDefaults
  const definitions = [...values.keys()].map((name) => brokerConfigDefinition(name)!)
  return chosen(definitions, wanted).map((definition) => {
    const synonyms = own(values, definition, source.dynamicDefault, [])
    return described(definition, values.get(definition.name)!, synonyms, wanted)
  })
}

function chosen<D extends ConfigDefinition>(definitions: readonly D[], { names }: Wanted): D[] {
  return definitions.filter(({ name }) => !names || names.has(name))
}

function own(
  values: ReadonlyMap<string, string>,
  definition: ConfigDefinition,
  from: number,
  inherited: readonly Synonym[],
): Synonym[] {
  const { name } = definition
  const value = values.get(name)
  if (value === undefined) return [...inherited]
  return [{ name, value: canonicalValue(definition, value), source: from }, ...inherited]
}

function brokerSynonyms(broker: BrokerConfig, name: string): Synonym[] {
  const definition = brokerConfigDefinition(name)!
  return broker.values(name).flatMap(({ value, origin }): Synonym[] => {
    const shown = { name, value: canonicalValue(definition, value), source: brokerSources[origin] }
    const { coarserDefault } = definition
    if (origin !== 'default' || coarserDefault === undefined) return [shown]
    return coarserDefault === 'none' ? [] : [{ ...shown, ...coarserDefault }]
  })
}

/** One setting. Secrets never leave, not even to who may see all other settings. */
function described(
  definition: ConfigDefinition,
  value: string | null,
  synonyms: readonly Synonym[],
  wanted: Wanted,
): Entry {
  const { name, type, documentation } = definition
  const isSensitive = type === 'password'
  const shown = isSensitive ? synonyms.map((one) => ({ ...one, value: null })) : synonyms
  return {
    name,
    value: isSensitive || value === null ? null : canonicalValue(definition, value),
    isSensitive,
    configSource: synonyms[0]?.source ?? source.default,
    synonyms: wanted.synonyms ? shown : [],
    configType: configTypeCodes[type],
    documentation: wanted.documentation ? documentation : null,
  }
}

export function isAlterable(name: string): boolean {
  const definition = brokerConfigDefinition(name)
  return definition !== undefined && !definition.fixed
}
