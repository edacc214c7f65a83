import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMillraceError, MillraceError } from '@millrace/base'
import { type RunningConnector, runSink, runSource, type TopicSpec } from '@millrace/connect'
import { type ConnectWorker, declaredOffsets } from '@millrace/connect/internal'
import { appState, type ConnectorReport, type Gateway, type GatewayContent, startGateway } from '@millrace/gateway'
import { type KafkaClient, type KafkaClientOptions, networkTransport } from '@millrace/kafka'
import {
  type BrokerSecurity,
  failureHandlers,
  type StartStreamsOptions,
  type StreamsInstance,
  startStreams,
  type Topology,
} from '@millrace/streams'
import type { AppReference } from '../config/define-config.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { millraceError } from '../errors.ts'
import { reportApps } from './app-reports.ts'
import { topicsOf } from './app-topics.ts'
import { startWorker } from './connect-worker.ts'
import { reportConnectors, reportWorker } from './connector-events.ts'
import { gatewayToken } from './gateway-token.ts'
import { securityOf, transportOf } from './kafka-security.ts'
import { loadTopology } from './load-topology.ts'
import { defaultMemoryBudgetBytes, type MemoryShares, shareMemory } from './memory-budget.ts'
import { firstAnswer, openKafka } from './open-kafka.ts'

/** The kinds of things that a configuration runs; `--only` picks some. */
export const parts = ['sources', 'apps', 'sinks', 'connect'] as const
export type Part = (typeof parts)[number]

export interface RunOptions {
  readonly only?: readonly Part[]
  /** Where the broker is the one of `millrace dev`, which asks for no login. */
  readonly ownBroker?: boolean
  /** What happened, for people and logs. */
  readonly onEvent: (text: string) => void
}

/** Everything of a configuration that runs in this process. */
export interface RunningConfig extends AsyncDisposable {
  readonly gateway: Gateway
  /** Rejects with the first failure that only people can mend. */
  readonly failed: Promise<never>
}

/**
 * Starts the gateway, then sources, applications and sinks. The gateway listens first, so that health can be asked while the
 * rest starts; disposing stops everything in reverse order, finishing what is in flight.
 *
 * @throws CONFIG_NO_BROKERS, BROKERS_INVALID, CONFIG_INVALID, APP_INVALID, GATEWAY_PORT_IN_USE, GATEWAY_TOKEN_REQUIRED, GATEWAY_ORIGIN_INVALID, BROKERS_UNREACHABLE or KAFKA_TIMEOUT when no broker answers, and what connectors and applications throw when their options are wrong
 */
export async function runConfig(loaded: LoadedConfig, options: RunOptions): Promise<RunningConfig> {
  const { config, settings } = loaded
  const brokers = settings.brokers.value
  if (brokers === undefined) throw millraceError('CONFIG_NO_BROKERS', `${loaded.path} names no brokers`)
  const runs = (part: Part): boolean => options.only === undefined || options.only.includes(part)
  const sources = runs('sources') ? (config.sources ?? []) : []
  const apps = runs('apps') ? (config.apps ?? []) : []
  const sinks = runs('sinks') ? (config.sinks ?? []) : []
  const memory = shareMemory(config.memoryBudgetBytes ?? defaultMemoryBudgetBytes, {
    apps: apps.length,
    sinks: sinks.length,
  })

  // Before anything is touched: a module that does not load is the commonest mistake.
  const topologies = new Map<AppReference, Topology>()
  for (const reference of apps) topologies.set(reference, await loadTopology(resolve(loaded.directory, reference.path)))

  const transport = options.ownBroker ? networkTransport() : await transportOf(loaded)
  const security = options.ownBroker ? {} : await securityOf(loaded)
  const kafka = { brokers, clientId: 'millrace', transport }

  await using starting = new AsyncDisposableStack()
  let isStarting = true
  const client = starting.use(openKafka(kafka))
  const connectors: RunningConnector[] = []
  let worker: ConnectWorker | undefined
  const content: GatewayContent = {
    state: [],
    metrics: [client],
    health: [],
    applications: [],
    connectors: () => connectors.map(report),
    offsetsOf: async (name) => {
      const connector = [...sources, ...sinks].find((declared) => declared.name === name)
      return connector ? declaredOffsets(connector, client) : []
    },
    connect: () => worker,
    isStarting: () => isStarting,
  }
  const gateway = starting.use(
    await startGateway(content, {
      host: settings.gatewayHost.value ?? '127.0.0.1',
      port: Number(settings.gatewayPort.value),
      token: await gatewayToken(loaded),
      allowAnonymous: settings.gatewayAllowAnonymous.value === 'true',
      origins: listed(settings.gatewayOrigins.value),
    }),
  )
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})

  await checkBrokers(kafka)
  // A cluster's inputs are other people's; the broker of `millrace dev` has nobody else who would make them.
  const inputs = options.ownBroker ? [...topologies.values()].flatMap((topology) => topicsOf(topology).read) : []
  await createTopics(
    client,
    [...[...sources, ...sinks].flatMap((connector) => connector.topics), ...inputs],
    options.onEvent,
  )
  starting.use(reportConnectors([...sources, ...sinks], options.onEvent))
  for (const source of sources) {
    addConnector(starting.use(runSource(source, { client })))
  }
  const reports = starting.use(reportApps(options.onEvent))
  for (const reference of apps) {
    const app = starting.use(
      await startApp(reference, {
        topology: topologies.get(reference) as Topology,
        loaded,
        client,
        security,
        gateway,
        memory,
      }),
    )
    content.state.push(appState(app))
    content.metrics.push(app)
    content.applications?.push(app)
    content.health.push({
      name: app.applicationId,
      waitingFor: () => (app.state() === 'running' ? undefined : reports.waitingFor(app)),
      isAlive: () => app.state() !== 'error',
    })
    reports.watch(app)
    app.finished.catch(failed.reject)
  }
  for (const sink of sinks) {
    const instanceId = settings.instanceId.value
    const limits = { bufferBytes: memory.sinkBufferBytes }
    addConnector(starting.use(runSink(sink, { client, limits, ...(instanceId !== undefined && { instanceId }) })))
  }

  function addConnector(connector: RunningConnector): void {
    connectors.push(connector)
    content.metrics.push(connector)
    content.health.push({
      name: connector.name,
      waitingFor: () => waitingFor(connector),
      isAlive: () => connector.status().state !== 'failed',
    })
    connector.finished.catch((error: unknown) => failed.reject(withName(error, connector.name)))
  }

  if (config.connect && runs('connect')) {
    worker = starting.use(await startWorker(config.connect, { loaded, client, workerId: gateway.address }))
    starting.use(reportWorker(worker, options.onEvent))
    content.metrics.push(worker)
  }

  isStarting = false
  const owned = starting.move()
  return { gateway, failed: failed.promise, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

interface AppContext {
  readonly topology: Topology
  readonly loaded: LoadedConfig
  readonly client: KafkaClient
  /** Of connections to brokers. */
  readonly security: BrokerSecurity
  readonly gateway: Gateway
  readonly memory: MemoryShares
}

/** A worker makes connections of its own. */
function connectionOf(
  { path, options }: AppReference,
  { topology, loaded, client, security }: AppContext,
): Pick<StartStreamsOptions, 'topology' | 'client' | 'brokers' | 'security' | 'threads' | 'workers'> {
  const { threads = 1, workers = false } = options
  if (threads === 1 && !workers) return { topology, client }
  const module = pathToFileURL(resolve(loaded.directory, path))
  return { topology: module, brokers: loaded.settings.brokers.value!, security, threads, workers }
}

async function startApp(reference: AppReference, context: AppContext): Promise<StreamsInstance> {
  const { loaded, gateway, memory } = context
  const { settings, directory } = loaded
  const { options } = reference
  const { threads = 1 } = options
  const share = (bytes: number): number => Math.floor(bytes / threads)
  const dataDir = settings.dataDir.value ?? '.millrace'
  const handler = (choice: 'fail' | 'dead-letter' | 'continue' = 'fail') =>
    choice === 'dead-letter' ? failureHandlers.deadLetter : failureHandlers[choice]
  return startStreams({
    ...connectionOf(reference, context),
    stateDir: resolve(isAbsolute(dataDir) ? dataDir : resolve(directory, dataDir), 'state'),
    applicationServer: settings.advertised.value ?? gateway.address,
    // Under a name of its own an instance that was killed gets its tasks back at once instead of after a session time-out.
    ...(settings.instanceId.value !== undefined && {
      instanceId: settings.instanceId.value,
      groupInstanceId: settings.instanceId.value,
    }),
    ...(options.processingGuarantee && { processingGuarantee: options.processingGuarantee }),
    ...(options.commitIntervalMs !== undefined && { commitIntervalMs: options.commitIntervalMs }),
    ...(options.config && { config: options.config }),
    handlers: {
      ...(options.onDeserializationError && { deserialize: handler(options.onDeserializationError) }),
      ...(options.onProcessingError && { process: handler(options.onProcessingError) }),
    },
    limits: {
      // What a setting says of the cache stands above its share of the budget.
      ...(options.cacheMaxBytes !== undefined && { cacheMaxBytes: share(options.cacheMaxBytes) }),
      ...(options.cacheMaxBytes === undefined &&
        !saysCache(options.config) && { cacheMaxBytes: share(memory.cacheMaxBytes) }),
      uncommittedMaxBytes: share(memory.uncommittedMaxBytes),
      inflightMaxBytes: share(memory.inflightMaxBytes),
    },
  })
}

function saysCache(config: AppReference['options']['config']): boolean {
  return config?.['statestore.cache.max.bytes'] !== undefined || config?.['cache.max.bytes.buffering'] !== undefined
}

/** How long a first broker may take to answer: long enough for one that starts at the same time. */
const brokerWaitMs = 15_000

/** Once it runs, a broker that is away is waited for; at the start a wrong address is more likely. */
async function checkBrokers(kafka: KafkaClientOptions & { readonly brokers: string }): Promise<void> {
  await using client = openKafka({ ...kafka, operationTimeoutMs: brokerWaitMs })
  await firstAnswer(client, kafka.brokers)
}

/** Contracts say how many partitions their topics have; whoever starts first creates them. */
async function createTopics(
  client: KafkaClient,
  specs: readonly TopicSpec[],
  onEvent: (text: string) => void,
): Promise<void> {
  if (specs.length === 0) return
  const existing = new Set((await client.admin.listTopics()).map(({ name }) => name))
  const missing = [...new Map(specs.map((spec) => [spec.name, spec])).values()].filter(
    ({ name }) => !existing.has(name),
  )
  if (missing.length === 0) return
  await client.admin.createTopics(missing, { ifNotExists: true })
  onEvent(`created topics ${missing.map(({ name }) => name).join(', ')}`)
}

function waitingFor(connector: RunningConnector): string | undefined {
  const { state, activity, error } = connector.status()
  if (state === 'running' || state === 'standby') return undefined
  return error ? `${state}: ${error.message}` : `${state}: ${activity}`
}

/** Remedies say `<name>` where the connector's is meant. */
function withName(error: unknown, name: string): unknown {
  if (!isMillraceError(error) || !error.remedy.includes('<name>')) return error
  const { code, message, retriable, fields, cause } = error
  const remedy = error.remedy.replaceAll('<name>', name)
  return new MillraceError(code, message, { retriable, remedy, fields, cause })
}

function report(connector: RunningConnector): ConnectorReport {
  const { name, kind, state, ...details } = connector.status()
  return { name, type: kind, state, details }
}

function listed(text = ''): readonly string[] {
  return text.split(',').flatMap((item) => item.trim() || [])
}
