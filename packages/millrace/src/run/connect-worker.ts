import { resolve } from 'node:path'
import { isMillraceError } from '@millrace/base'
import type { SinkConnector, SourceConnector } from '@millrace/connect'
import { builtInPlugins, ConnectWorker, withPlugins } from '@millrace/connect/internal'
import type { KafkaClient } from '@millrace/kafka'
import { type ConnectorFile, readConnectorFile } from '../config/connector-file.ts'
import type { ConnectOptions } from '../config/define-config.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { millraceError } from '../errors.ts'

interface WorkerPlace {
  readonly loaded: LoadedConfig
  readonly client: KafkaClient
  readonly workerId: string
}

/**
 * Starts the worker that a configuration asks for, with the connectors that it names. What they are told there wins over what
 * the worker's topics have of them.
 *
 * @throws CONNECTOR_INVALID
 */
export async function startWorker(
  options: ConnectOptions,
  { loaded, client, workerId }: WorkerPlace,
): Promise<ConnectWorker> {
  const { plugins = {}, connectors: _, properties, ...rest } = options
  const configs = await connectorConfigs(options, loaded)
  const worker = await ConnectWorker.start({
    ...rest,
    client,
    workerId,
    plugins: withPlugins(builtInPlugins, plugins),
    ...(properties && { defaults: properties }),
  })
  try {
    for (const { name, config } of configs) {
      await worker.put(name, config).catch((error: unknown) => {
        throw invalid(name, error)
      })
    }
    return worker
  } catch (error) {
    await worker.close()
    throw error
  }
}

/** The connectors that a configuration describes by properties, not started: each, or what is wrong with it. */
export async function describedConnectors(
  loaded: LoadedConfig,
  client: KafkaClient,
): Promise<
  { readonly name: string; readonly connector?: SourceConnector | SinkConnector; readonly error?: unknown }[]
> {
  const options = loaded.config.connect
  if (!options) return []
  const configs = await connectorConfigs(options, loaded)
  const place = { loaded, client, workerId: '' }
  await using worker = await startWorker({ ...options, storage: 'memory', connectors: [] }, place)
  return Promise.all(
    configs.map(async ({ name, config }) => {
      try {
        return { name, connector: await worker.connectorOf(name, config) }
      } catch (error) {
        return { name, error: invalid(name, error) }
      }
    }),
  )
}

function connectorConfigs({ connectors = [] }: ConnectOptions, loaded: LoadedConfig): Promise<ConnectorFile[]> {
  return Promise.all(
    connectors.map(async (connector) => {
      if (typeof connector === 'string') return readConnectorFile(resolve(loaded.directory, connector))
      if (connector.name) return { name: connector.name, config: connector }
      throw millraceError('CONNECTOR_INVALID', `a connector in ${loaded.path} has no "name"`, { path: loaded.path })
    }),
  )
}

/** On one line, as errors are printed. */
function invalid(name: string, error: unknown): unknown {
  if (!isMillraceError(error) || error.code !== 'CONNECT_CONFIG_INVALID') return error
  const problems = error.message.replace(/^.*error\(s\):\n/, '').replaceAll('\n', '; ')
  return millraceError('CONNECTOR_INVALID', `the connector ${name}: ${problems}`, { connector: name })
}
