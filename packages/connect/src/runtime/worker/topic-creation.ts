import type { Properties } from '../../config/config-def.ts'
import type { SourceConnector, TopicSpec } from '../connector.ts'
import { aliases } from './connector-definition.ts'

const own = new Set(['include', 'exclude', 'replication.factor', 'partitions'])

/**
 * How a source's topics are created, after `topic.creation.*` (KIP-158): the first group whose patterns take the name, or
 * else the default one. Without such properties as the connector says, or as the broker does by default.
 */
export function topicRules(
  properties: Properties,
  connector: Pick<SourceConnector, 'newTopic'>,
): (name: string) => TopicSpec | undefined {
  const groups = aliases(properties, 'topic.creation.groups')
  const rules = [...groups, 'default'].map((group) => ruleOf(properties, group))
  const isConfigured = Object.keys(properties).some((name) => name.startsWith('topic.creation.'))
  if (!isConfigured) return (name) => connector.newTopic?.(name) ?? { name }
  return (name) => ({ name, ...rules.find(({ takes }) => takes(name))?.spec })
}

interface Rule {
  readonly takes: (name: string) => boolean
  readonly spec: Omit<TopicSpec, 'name'>
}

function ruleOf(properties: Properties, group: string): Rule {
  const prefix = `topic.creation.${group}.`
  const patterns = (name: string): RegExp[] =>
    aliases(properties, prefix + name).map((text) => new RegExp(`^(?:${text})$`))
  const include = patterns('include')
  const exclude = patterns('exclude')
  const isAny = (list: readonly RegExp[], name: string): boolean => list.some((pattern) => pattern.test(name))
  const count = (name: string): number => Number(properties[prefix + name] ?? -1)
  const config = Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => name.startsWith(prefix) && !own.has(name.slice(prefix.length)))
      .map(([name, value]) => [name.slice(prefix.length), value ?? '']),
  )
  const [partitions, replicationFactor] = [count('partitions'), count('replication.factor')]
  return {
    takes: (name) => group === 'default' || (isAny(include, name) && !isAny(exclude, name)),
    spec: {
      ...(partitions > 0 && { partitions }),
      ...(replicationFactor > 0 && { replicationFactor }),
      ...(Object.keys(config).length > 0 && { config }),
    },
  }
}
