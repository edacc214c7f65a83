import type { DescribeConfigsResponse, MessageInput } from '@millrace/protocol'
import type { BrokerConfig } from './broker-config.ts'
import { brokerConfigDefinition } from './broker-config-definitions.ts'
import { configTypeCodes } from './definition.ts'
import type { TopicConfig } from './topic-config.ts'
import { type TopicConfigDefinition, topicConfigDefinitions } from './topic-config-definitions.ts'

type Entry = MessageInput<DescribeConfigsResponse['results'][number]['configs'][number]>
type Synonym = { name: string; value: string | null; source: number }

/** Where a value comes from, as DescribeConfigs numbers it. */
const source = { topic: 1, dynamicBroker: 2, staticBroker: 4, default: 5 } as const

const brokerSources = { altered: source.dynamicBroker, given: source.staticBroker, default: source.default } as const

export interface Wanted {
  /** Null for all. */
  readonly names: readonly string[] | null
  readonly synonyms: boolean
  readonly documentation: boolean
}

/** A topic's settings as an admin client sees them. */
export function describeTopicConfig(config: TopicConfig, broker: BrokerConfig, wanted: Wanted): Entry[] {
  return topicConfigDefinitions
    .filter(({ name }) => !wanted.names || wanted.names.includes(name))
    .map((definition) => {
      const { name, type, documentation } = definition
      const own = config.own.get(name)
      const synonyms: Synonym[] = brokerValues(definition, broker)
      if (own !== undefined) synonyms.unshift({ name, value: own, source: source.topic })
      const [effective] = synonyms
      return {
        name,
        value: effective!.value,
        configSource: effective!.source,
        synonyms: wanted.synonyms ? synonyms : [],
        configType: configTypeCodes[type],
        documentation: wanted.documentation ? documentation : null,
      }
    })
}

function brokerValues({ brokerName, name, defaultValue }: TopicConfigDefinition, broker: BrokerConfig): Synonym[] {
  const last = { name: brokerName ?? name, value: defaultValue, source: source.default }
  if (brokerName === undefined || broker.origin(brokerName) === 'default') return [last]
  return [
    { name: brokerName, value: broker.string(brokerName), source: brokerSources[broker.origin(brokerName)] },
    last,
  ]
}

/** The broker's settings as an admin client sees them. */
export function describeBrokerConfig(broker: BrokerConfig, wanted: Wanted): Entry[] {
  return broker
    .names()
    .filter((name) => !wanted.names || wanted.names.includes(name))
    .flatMap((name) => brokerConfigDefinition(name) ?? [])
    .map(({ name, type, documentation, defaultValue }) => {
      const isSensitive = type === 'password'
      // Secrets never leave, not even to who may see all other settings.
      const shown = (text: string): string | null => (isSensitive ? null : text)
      const value = shown(broker.string(name))
      const configSource = brokerSources[broker.origin(name)]
      const synonyms: Synonym[] = [{ name, value: shown(defaultValue), source: source.default }]
      if (configSource !== source.default) synonyms.unshift({ name, value, source: configSource })
      return {
        name,
        value,
        readOnly: !isAlterable(name),
        isSensitive,
        configSource,
        synonyms: wanted.synonyms ? synonyms : [],
        configType: configTypeCodes[type],
        documentation: wanted.documentation ? documentation : null,
      }
    })
}

/** What is read once at the start cannot be altered while the broker runs. */
const fixedAtStart: ReadonlySet<string> = new Set([
  'node.id',
  'max.incremental.fetch.session.cache.slots',
  'queued.max.bytes',
  'socket.request.max.bytes',
  'request.timeout.ms',
  'connections.max.idle.ms',
])

export function isAlterable(name: string): boolean {
  const definition = brokerConfigDefinition(name)
  return definition !== undefined && !definition.fixed && !fixedAtStart.has(name)
}
