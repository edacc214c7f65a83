import type { MetricSample } from '@millrace/base'
import type { Interceptor } from './core/interception.ts'
import { BrokerServer } from './server/broker-server.ts'
import type { ListenerEndpoint } from './server/listener.ts'
import { type BrokerOptions, type ResolvedOptions, resolveOptions } from './server/options.ts'
import { WorkerBroker } from './server/worker-broker.ts'
import { lockDataFolder } from './storage/data-folder-lock.ts'

/** One listener of a running broker. */
export interface BrokerEndpoint extends ListenerEndpoint {
  /** `host:port` of this listener. */
  readonly brokers: string
}

/** A running broker. */
export interface Broker extends AsyncDisposable {
  /** Where the first listener listens. */
  readonly host: string
  /** The port that was really taken, where the options say 0. */
  readonly port: number
  /** `host:port` of the first listener, what clients take as their bootstrap address. */
  readonly brokers: string
  /** All listeners, in the order of the setting. */
  readonly endpoints: readonly BrokerEndpoint[]
  /**
   * Ids of topics that the folder's journal did not know at the start. Their logs are kept, as `logs/<id>.stray`, and not served.
   */
  readonly strayTopicIds: readonly string[]
  /** Resolves when the broker has closed; rejects with BROKER_CLOSED when its worker ended on its own. */
  readonly closed: Promise<void>
  /**
   * The one fault hook: sends requests of one API through `interceptor`, which may delay, drop, answer or rewrite them.
   * Returns what takes it away. With a worker, the request's body is a copy and each request makes a trip between the threads.
   *
   * @example
   * broker.intercept(0, ({ body }) => ({ kind: 'delay', delayMs: 200 }))
   */
  intercept(apiKey: number, interceptor: Interceptor): () => void
  /**
   * The broker's figures as they are now: requests by API, bytes, connections, partitions, groups, transactions.
   *
   * @example
   * const connections = (await broker.metrics()).find((one) => one.name === 'millrace_broker_connections')
   */
  metrics(): Promise<readonly MetricSample[]>
  /** Stops cleanly: open connections end, everything is synced, the next start is quick. */
  close(): Promise<void>
}

interface Running {
  readonly endpoints: readonly ListenerEndpoint[]
  readonly strayTopicIds: readonly string[]
  readonly closed: Promise<void>
  intercept(apiKey: number, interceptor: Interceptor): () => void
  metrics(): Promise<readonly MetricSample[]>
  close(): Promise<void>
}

/**
 * Starts a broker. Rejects with BROKER_CONFIG_INVALID, BROKER_HOST_NOT_LOOPBACK, BROKER_TLS_INVALID, BROKER_PORT_IN_USE or
 * BROKER_HOST_UNAVAILABLE for what it is asked, with BROKER_DATA_FOLDER_IN_USE, BROKER_FORMAT_TOO_NEW, BROKER_DATA_DAMAGED
 * or BROKER_STORAGE_FAILED for its folder, with BROKER_CLOSED when its worker ends before it serves.
 *
 * @example
 * await using broker = await startBroker({ memory: true })
 * const kafka = kafkaClient({ brokers: broker.brokers })
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const resolved = resolveOptions(options)
  // The lock belongs to the process: it outlives a worker that crashes and goes with the process.
  const { dataDir } = resolved
  const release = dataDir === undefined ? () => {} : lockDataFolder(dataDir, options.takeOverFrom)
  let running: Running
  try {
    // A worker takes some tenths of a second to start; what is in memory is for tests, which start many.
    const hasWorker = options.worker ?? resolved.dataDir !== undefined
    running = hasWorker ? await WorkerBroker.start(resolved) : await startHere(resolved)
  } catch (error) {
    release()
    throw error
  }
  running.closed.then(release, release)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= running.close().finally(release)
    return closing
  }
  const { closed, strayTopicIds } = running
  const endpoints = running.endpoints.map((endpoint) => ({ ...endpoint, brokers: bootstrapAddress(endpoint) }))
  const { host, port, brokers } = endpoints[0]!
  return {
    host,
    port,
    brokers,
    endpoints,
    strayTopicIds,
    closed,
    intercept: (apiKey, interceptor) => running.intercept(apiKey, interceptor),
    metrics: () => running.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function bootstrapAddress({ host, port }: ListenerEndpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

async function startHere(options: ResolvedOptions): Promise<Running> {
  const server = await BrokerServer.start(options)
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  return {
    endpoints: server.endpoints,
    strayTopicIds: server.core.strayTopicIds,
    closed,
    intercept: (apiKey, interceptor) => server.core.intercept(apiKey, interceptor),
    metrics: async () => [...server.core.metrics.metrics()],
    async close() {
      await server.close()
      resolve()
    },
  }
}
