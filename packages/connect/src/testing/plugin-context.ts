import { defaultPipeline } from '../runtime/default-pipeline.ts'
import { strictPolicy } from '../runtime/pipeline.ts'
import type { PluginContext } from '../runtime/plugin.ts'

/**
 * What `create` of a plugin is given, with the converters of JSON without schemas and no transforms unless you say otherwise.
 *
 * @example
 * const sink = ledgerSink.create({ 'ledger.file': file }, pluginContext({ name, client, topics: [{ name: topic }] }))
 */
export function pluginContext(
  given: Pick<PluginContext, 'name' | 'client'> & Partial<Omit<PluginContext, 'name' | 'client'>>,
): PluginContext {
  return { pipeline: defaultPipeline, errors: strictPolicy, topics: [], ...given }
}
