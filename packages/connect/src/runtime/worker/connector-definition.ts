import { ConfigDef, configDef, type Properties } from '../../config/config-def.ts'
import type { ConnectorPlugin } from '../plugin.ts'
import { refusedOverrides } from './client-overrides.ts'
import {
  predicateStageConfig,
  sinkConfig,
  sourceConfig,
  topicCreationConfig,
  transformStageConfig,
} from './common-config.ts'
import type { PluginRegistry } from './plugin-registry.ts'

/** What of a connector's properties is whose. */
export interface ConnectorDefinition {
  /** All names, those of the converters, transforms and predicates that the properties ask for included. */
  readonly definition: ConfigDef
  /** What no single name is to blame for, by the name under which it is reported. */
  readonly problems: ReadonlyMap<string, string>
}

/** Plugins of one kind, by name. */
interface Lookup {
  find(name: string): { readonly configDef: ConfigDef } | undefined
  unknown(name: string): string
}

/** Aliases in a list property, as written. */
export function aliases(properties: Properties, name: string): string[] {
  return (properties[name] ?? '').split(',').flatMap((alias) => alias.trim() || [])
}

/** All names that the properties may have, given the plugins that they ask for. */
export function connectorDefinition(
  registry: PluginRegistry,
  plugin: ConnectorPlugin,
  properties: Properties,
): ConnectorDefinition {
  const problems = new Map<string, string>()
  let definition: ConfigDef = new ConfigDef({ ...(plugin.type === 'source' ? sourceConfig : sinkConfig).keys })
  const add = (more: ConfigDef): void => {
    definition = definition.and(more)
  }
  add(plugin.configDef)
  if (plugin.further) add(plugin.further(properties))
  /** The names of the plugin that a property asks for; what it is does not matter here. */
  const stage = (known: Lookup, type: string, prefix: string, group: string): void => {
    const className = properties[type]?.trim()
    if (!className) return
    const found = known.find(className)
    if (found) {
      add(found.configDef.under(prefix, group))
      return
    }
    problems.set(type, known.unknown(className))
    // Its own names cannot be judged.
    add(configDef({}, { passThrough: [prefix] }))
  }
  stage(registry.converters, 'key.converter', 'key.converter.', 'Common')
  stage(registry.converters, 'value.converter', 'value.converter.', 'Common')
  stage(registry.headerConverters, 'header.converter', 'header.converter.', 'Common')
  for (const alias of aliases(properties, 'transforms')) {
    const [prefix, group] = [`transforms.${alias}.`, `Transforms: ${alias}`]
    add(transformStageConfig.under(prefix, group))
    stage(registry.transforms, `${prefix}type`, prefix, group)
  }
  for (const alias of aliases(properties, 'predicates')) {
    const [prefix, group] = [`predicates.${alias}.`, `Predicates: ${alias}`]
    add(predicateStageConfig.under(prefix, group))
    stage(registry.predicates, `${prefix}type`, prefix, group)
  }
  if (plugin.type === 'source') topicCreation(properties, add)
  else topicsProblem(properties, problems)
  predicateProblems(properties, problems)
  add(refusedOverrides(properties, definition, plugin.type))
  return { definition, problems }
}

function topicCreation(properties: Properties, add: (more: ConfigDef) => void): void {
  const groups = aliases(properties, 'topic.creation.groups')
  const hasDefault = Object.keys(properties).some((name) => name.startsWith('topic.creation.default.'))
  for (const group of [...groups, ...(groups.length > 0 || hasDefault ? ['default'] : [])]) {
    add(topicCreationConfig(group))
    add(configDef({}, { passThrough: [`topic.creation.${group}.`] }))
  }
}

function topicsProblem(properties: Properties, problems: Map<string, string>): void {
  const topics = aliases(properties, 'topics')
  const regex = properties['topics.regex']?.trim() ?? ''
  if (topics.length > 0 && regex !== '')
    problems.set('topics', 'topics and topics.regex are mutually exclusive options, but both are set.')
  if (topics.length === 0 && regex === '') problems.set('topics', 'Must configure one of topics or topics.regex')
  const deadLetters = properties['errors.deadletterqueue.topic.name']?.trim()
  if (deadLetters && topics.includes(deadLetters)) {
    problems.set('errors.deadletterqueue.topic.name', `${deadLetters} is among the topics that the connector reads`)
  }
}

function predicateProblems(properties: Properties, problems: Map<string, string>): void {
  const known = aliases(properties, 'predicates')
  for (const alias of aliases(properties, 'transforms')) {
    const name = `transforms.${alias}.predicate`
    const predicate = properties[name]?.trim()
    if (predicate && !known.includes(predicate)) problems.set(name, `there is no predicate ${predicate} in predicates`)
  }
}
