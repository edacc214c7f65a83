import type { Properties } from '../../config/config-def.ts'
import {
  type ConfigInfo,
  type ConfigInfos,
  type ConfigKeyInfo,
  configInfos,
  configKeyInfos,
} from '../../config/config-infos.ts'
import { connectError } from '../../errors.ts'
import { sinkConfig, sourceConfig } from './common-config.ts'
import { connectorDefinition } from './connector-definition.ts'
import type { PluginRegistry } from './plugin-registry.ts'

/** A plugin as `GET /connector-plugins` lists it. */
export interface PluginInfo {
  readonly class: string
  readonly type: 'source' | 'sink' | 'converter' | 'header_converter' | 'transformation' | 'predicate'
  readonly version?: string
}

/** Connectors alone, or everything that a config may name. */
export function listPlugins(registry: PluginRegistry, connectorsOnly: boolean): PluginInfo[] {
  const connectors = registry.connectors.all.map(({ classNames, type, version }) => ({
    class: classNames[0],
    type,
    version,
  }))
  if (connectorsOnly) return connectors
  const others = (
    kind: { readonly all: readonly { readonly classNames: readonly [string, ...string[]] }[] },
    type: PluginInfo['type'],
  ) => kind.all.map(({ classNames }) => ({ class: classNames[0], type }))
  return [
    ...connectors,
    ...others(registry.converters, 'converter'),
    ...others(registry.headerConverters, 'header_converter'),
    ...others(registry.transforms, 'transformation'),
    ...others(registry.predicates, 'predicate'),
  ]
}

/** The names that a plugin's config may have. @throws CONNECT_PLUGIN_UNKNOWN */
export function pluginConfig(registry: PluginRegistry, name: string): ConfigKeyInfo[] {
  const connector = registry.connectors.find(name)
  if (connector) {
    const common = connector.type === 'source' ? sourceConfig : sinkConfig
    return configKeyInfos(common.and(connector.configDef)).map(alsoAsOrderInGroup)
  }
  const { converters, headerConverters, transforms, predicates } = registry
  const other = [converters, headerConverters, transforms, predicates].map((kind) => kind.find(name)).find(Boolean)
  if (other) return configKeyInfos(other.configDef).map(alsoAsOrderInGroup)
  throw connectError('CONNECT_PLUGIN_UNKNOWN', registry.connectors.unknown(name), { plugin: name })
}

/**
 * What is wrong with a connector's properties, name by name, as Kafka Connect answers.
 * @param given the same before secrets were filled in.
 * @throws CONNECT_PLUGIN_UNKNOWN
 */
export function validateProperties(
  registry: PluginRegistry,
  className: string,
  properties: Properties,
  given = properties,
): ConfigInfos {
  const plugin = registry.connectors.find(className)
  if (!plugin)
    throw connectError('CONNECT_PLUGIN_UNKNOWN', registry.connectors.unknown(className), { plugin: className })
  const { definition, problems } = connectorDefinition(registry, plugin, properties)
  const infos = configInfos(plugin.classNames[0], definition, properties, given)
  const configs = infos.configs.map((info) => withProblem(info, problems.get(info.value.name)))
  return { ...infos, configs, error_count: configs.reduce((count, { value }) => count + value.errors.length, 0) }
}

function withProblem({ definition, value }: ConfigInfo, problem: string | undefined): ConfigInfo {
  return {
    definition: alsoAsOrderInGroup(definition ?? undefinedKey(value.name)),
    value: problem === undefined ? value : { ...value, errors: [...value.errors, problem] },
  }
}

/** Under the name that Kafka Connect gives it beside the one that consoles read. */
function alsoAsOrderInGroup(key: ConfigKeyInfo): ConfigKeyInfo & { readonly order_in_group: number } {
  return { ...key, order_in_group: key.order }
}

/** Consoles read the definition of every name; Kafka Connect leaves out names that it does not know, and their values. */
function undefinedKey(name: string): ConfigKeyInfo {
  return {
    name,
    type: 'STRING',
    required: false,
    default_value: null,
    importance: 'LOW',
    documentation: 'Not defined.',
    group: null,
    width: 'NONE',
    display_name: name,
    dependents: [],
    order: -1,
  }
}

/** Everything that is wrong, as one message; undefined where nothing is. */
export function problemsOf({ configs }: ConfigInfos): string | undefined {
  const errors = configs.flatMap(({ value }) => value.errors)
  if (errors.length === 0) return undefined
  return `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${errors.join('\n')}`
}
