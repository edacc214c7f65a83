import { isMillraceError } from '@millrace/base'
import type { Properties } from '../../config/config-def.ts'
import type { ConfigInfos } from '../../config/config-infos.ts'
import { strictPolicy } from '../pipeline.ts'
import { type ConnectorHome, ownProperties, pipelineOf, pluginOf } from './build-connector.ts'
import { aliases } from './connector-definition.ts'

/** Errors that say that what was configured cannot be; any other may pass, and is shown where the connector runs. */
const refusals = new Set([
  'CONNECT_CONFIG_INVALID',
  'CONFIG_INVALID_OPTION',
  'CONFIG_UNKNOWN_OPTION',
  'CONFIG_MISSING_OPTION',
])

/**
 * The same with what only making the connector shows, as properties that do not go together. Nothing is opened: that is for
 * running it.
 *
 * @param properties with secrets filled in, which `mask` hides.
 */
export function withTrial(
  infos: ConfigInfos,
  properties: Properties,
  home: ConnectorHome,
  mask: (text: string) => string,
): ConfigInfos {
  if (infos.error_count > 0) return infos
  const found = problemOfMaking(properties, home)
  if (found === undefined) return infos
  const problem = mask(found)
  // `name` is also a word.
  const isNamed = (name: string): boolean => name !== 'name' && problem.includes(name)
  const names = infos.configs.map(({ value }) => value.name)
  // The longest: `topics` is in `topics.regex`.
  const blamed = names.filter(isNamed).sort((a, b) => b.length - a.length)[0] ?? 'connector.class'
  const configs = infos.configs.map((info) =>
    info.value.name === blamed ? { ...info, value: { ...info.value, errors: [...info.value.errors, problem] } } : info,
  )
  return { ...infos, configs, error_count: 1 }
}

function problemOfMaking(properties: Properties, home: ConnectorHome): string | undefined {
  const topics = aliases(properties, 'topics').map((name) => ({ name }))
  const name = properties.name?.trim() || 'connector'
  try {
    const plugin = pluginOf(home.registry, properties)
    const pipeline = pipelineOf(home.registry, properties, home.defaults)
    for (const transform of pipeline.transforms) transform.close?.()
    // What a pattern will name is not known here.
    if (plugin.type === 'sink' && topics.length === 0) return undefined
    const context = { name, client: home.client, pipeline, errors: strictPolicy, topics }
    plugin.create(ownProperties(plugin, properties), context)
    return undefined
  } catch (error) {
    if (!isMillraceError(error) || !refusals.has(error.code)) return undefined
    const prefix = `${name}: `
    return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
  }
}
