import { type Clock, type MetricSample, type MetricSource, systemClock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { Properties } from '../../config/config-def.ts'
import type { ConfigInfos } from '../../config/config-infos.ts'
import { ConfigProviders } from '../../config/config-providers.ts'
import { connectError } from '../../errors.ts'
import type { SinkConnector, SourceConnector } from '../connector.ts'
import { endWithin } from '../failures.ts'
import type { ConnectorStatus } from '../status.ts'
import { type BuiltConnector, buildConnector, type ConnectorHome, pluginOf } from './build-connector.ts'
import { CompactedLog } from './compacted-log.ts'
import {
  ConfigState,
  configKeys,
  connectorRecords,
  removalRecords,
  targetRecord,
  targetRecords,
} from './config-state.ts'
import { alterOffsets, type ConnectorOffset, readOffsets, resetOffsets } from './connector-offsets.ts'
import { connectorLogger, isLogLevel, type LoggerLevel, LoggerLevels, type LogLevel } from './loggers.ts'
import { ManagedConnector } from './managed-connector.ts'
import { problemsOf, validateProperties } from './plugin-info.ts'
import { type ConnectPlugins, PluginRegistry } from './plugin-registry.ts'
import type { ConnectorStateInfo, StateInfo, TargetState } from './states.ts'
import { StatusLog } from './status-log.ts'
import { withTrial } from './trial.ts'
import { Turns } from './turns.ts'

export interface ConnectWorkerOptions {
  readonly client: KafkaClient
  readonly plugins: ConnectPlugins
  /** As `group.id` of a Kafka Connect worker; prefix of transactional ids and of the topics. Default `millrace-connect`. */
  readonly groupId?: string
  /**
   * `topics`: configs and statuses lie in compacted topics, as those of Kafka Connect's distributed workers, and a worker that
   * starts runs what they say. `memory`: what is not given at the start is gone at the end. Default `topics`.
   */
  readonly storage?: 'topics' | 'memory'
  /** Default `<groupId>-configs`. */
  readonly configTopic?: string
  /** Default `<groupId>-offsets`. */
  readonly offsetTopic?: string
  /** Default `<groupId>-status`. */
  readonly statusTopic?: string
  /**
   * As in a worker's properties: converters of connectors that name none (`key.converter`, `key.converter.schemas.enable`),
   * and where secrets come from (`config.providers`).
   */
  readonly defaults?: Properties
  /** Fills in what no config provider (`config.providers` of `defaults`) does; what is stored and shown is what was given. */
  readonly resolve?: (properties: Properties) => Properties | Promise<Properties>
  /** host:port under which statuses name this worker. */
  readonly workerId?: string
  readonly clock?: Clock
  /** How soon a topic that is made for a pattern is read, and how often something that was missing is looked for. Default 5000. */
  readonly refreshIntervalMs?: number
}

/** A connector as `GET /connectors/<name>` shows it. */
export interface ConnectorInfo {
  readonly name: string
  readonly config: Properties
  readonly tasks: readonly { readonly connector: string; readonly task: number }[]
  readonly type: 'source' | 'sink'
}

const publishIntervalMs = 500
/** What closing gives to changes that are under way. */
const closeGraceMs = 2_000

/**
 * Runs connectors that are made from properties, as a Kafka Connect worker does: what the REST API manages.
 *
 * @example
 * await using worker = await ConnectWorker.start({ client, plugins: builtInPlugins })
 * await worker.create('orders', { 'connector.class': 'PostgresConnector', 'database.hostname': 'db', … })
 */
export class ConnectWorker implements MetricSource, AsyncDisposable {
  readonly #options: ConnectWorkerOptions
  readonly #clock: Clock
  readonly registry: PluginRegistry
  readonly loggers: LoggerLevels
  readonly #home: ConnectorHome
  readonly #secrets: ConfigProviders
  readonly #configs = new ConfigState()
  readonly #status: StatusLog
  readonly #connectors = new Map<string, ManagedConnector>()
  /** What changes a connector is done one after another: two at once would each go by what the other is about to change. */
  readonly #turns = new Turns()
  #configLog: CompactedLog | undefined
  #isClosed = false
  #nextRefreshMs = 0
  #cancelPublishing: () => void = () => {}
  /** Of the status topic: a broker that is away must not end the worker, and the next round writes the same. */
  #publishing: Promise<void> = Promise.resolve()
  workerId: string

  private constructor(options: ConnectWorkerOptions) {
    const { client, groupId = 'millrace-connect', defaults = {}, clock = systemClock } = options
    this.#options = options
    this.#clock = clock
    this.registry = new PluginRegistry(options.plugins)
    const offsetsTopic = options.offsetTopic ?? `${groupId}-offsets`
    this.#secrets = new ConfigProviders(defaults)
    const filled = this.#secrets.resolve(defaults)
    this.#home = { client, registry: this.registry, groupId, offsetsTopic, defaults: filled }
    this.#status = new StatusLog(clock)
    this.loggers = new LoggerLevels(clock)
    this.workerId = options.workerId ?? 'localhost:8080'
  }

  /** Reads what is stored and begins to run it. */
  static async start(options: ConnectWorkerOptions): Promise<ConnectWorker> {
    const worker = new ConnectWorker(options)
    if ((options.storage ?? 'topics') === 'topics') await worker.#openTopics()
    for (const [logger, level] of worker.#configs.loggers) {
      if (isLogLevel(level)) worker.loggers.set(logger, level, worker.#loggerNames)
    }
    for (const [name, properties] of worker.#configs.connectors) {
      worker.#add(name, properties, worker.#configs.target(name))
    }
    worker.#publishSoon()
    return worker
  }

  names(): string[] {
    return [...this.#connectors.keys()]
  }

  /** @throws CONNECT_CONNECTOR_UNKNOWN, as all that ask for a connector by name */
  info(name: string): ConnectorInfo {
    const { properties, type } = this.#get(name)
    const tasks = this.status(name).tasks.map(({ id }) => ({ connector: name, task: id }))
    return { name, config: properties, tasks, type }
  }

  status(name: string): ConnectorStateInfo {
    return this.#get(name).status()
  }

  /** Records, lag and activity of one that runs. */
  details(name: string): ConnectorStatus | undefined {
    return this.#get(name).details()
  }

  /** @throws CONNECT_CONNECTOR_EXISTS, CONNECT_CONFIG_INVALID */
  create(name: string, config: Properties, target: TargetState = 'STARTED'): Promise<ConnectorInfo> {
    return this.#inTurn(name, () => this.#create(name, config, target))
  }

  async #create(name: string, config: Properties, target: TargetState): Promise<ConnectorInfo> {
    if (this.#connectors.has(name)) {
      throw connectError('CONNECT_CONNECTOR_EXISTS', `Connector ${name} already exists`, { connector: name })
    }
    const properties = await this.#checked(name, config)
    if (target !== 'STARTED') await this.#store(targetRecord(name, target))
    await this.#store(connectorRecords(name, properties, pluginOf(this.registry, properties).type, target))
    this.#add(name, properties, target)
    return this.info(name)
  }

  /** Creates it, or gives it another config and starts it with that. */
  put(name: string, config: Properties): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    return this.#inTurn(name, () => this.#put(name, config))
  }

  async #put(name: string, config: Properties): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    const existing = this.#connectors.get(name)
    if (!existing) return { created: true, info: await this.#create(name, config, 'STARTED') }
    const properties = await this.#checked(name, config)
    const { type } = pluginOf(this.registry, properties)
    if (type !== existing.type) {
      const message = `${name} is a ${existing.type}, and the config describes a ${type}; delete it first`
      throw connectError('CONNECT_CONFIG_INVALID', message, { where: name })
    }
    await this.#store(connectorRecords(name, properties, type, existing.target))
    void existing.apply({ properties })
    return { created: false, info: this.info(name) }
  }

  /** Changes some properties; null removes one (KIP-477). */
  patch(name: string, changes: Properties): Promise<ConnectorInfo> {
    return this.#inTurn(name, async () => {
      const merged = Object.entries({ ...this.#get(name).properties, ...changes }).filter(([, value]) => value !== null)
      return (await this.#put(name, Object.fromEntries(merged))).info
    })
  }

  delete(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const connector = this.#get(name)
      await this.#store(removalRecords(name))
      this.#connectors.delete(name)
      await connector.close()
      await this.#status.forget(name)
    })
  }

  /** What is wanted of it from now on, also by the next worker. */
  async setTarget(name: string, target: TargetState): Promise<void> {
    const { applied } = await this.#inTurn(name, async () => {
      const connector = this.#get(name)
      if (connector.target === target) return { applied: undefined }
      const { properties, type, target: from } = connector
      await this.#store(targetRecords(name, properties, type, { from, to: target }))
      // In an object, so that the turn does not last until it has stopped.
      return { applied: connector.apply({ target }) }
    })
    // Who asks for it to be stopped wants to touch its offsets, or its database, right after.
    if (target !== 'STARTED') await applied
  }

  /**
   * Starts it anew (KIP-745) and says what it will be until then; with `onlyFailed` where it has failed, or with `includeTasks`
   * its task has. Paused ones stay as they are.
   */
  restart(name: string, options: { onlyFailed?: boolean; includeTasks?: boolean } = {}): Promise<ConnectorStateInfo> {
    return this.#inTurn(name, async () => this.#restart(name, options))
  }

  #restart(
    name: string,
    { onlyFailed = false, includeTasks = true }: { onlyFailed?: boolean; includeTasks?: boolean },
  ): ConnectorStateInfo {
    const connector = this.#get(name)
    const { connector: itself, tasks, ...rest } = connector.status()
    if (connector.target !== 'STARTED') return { ...rest, connector: itself, tasks }
    const isMeant = ({ state }: StateInfo): boolean => !onlyFailed || state === 'FAILED'
    const anew = <T extends StateInfo>({ trace: _, ...each }: T) => ({ ...each, state: 'RESTARTING' as const })
    const areTasks = includeTasks && tasks.some(isMeant)
    if (isMeant(itself) || areTasks) void connector.restart()
    return {
      ...rest,
      connector: isMeant(itself) ? anew(itself) : itself,
      tasks: tasks.map((task) => (includeTasks && isMeant(task) ? anew(task) : task)),
    }
  }

  topics(name: string): string[] {
    const connector = this.#get(name)
    return [...new Set([...this.#status.activeTopics(name), ...connector.topics()])].sort()
  }

  async resetTopics(name: string): Promise<void> {
    // What runs goes on to use some: those come back.
    this.#get(name).forgetTopics()
    await this.#status.resetTopics(name)
  }

  async offsets(name: string): Promise<ConnectorOffset[]> {
    return readOffsets(await this.#get(name).built(), this.#offsetsHome)
  }

  /** @throws CONNECT_NOT_STOPPED, CONNECT_OFFSETS_REFUSED, CONNECT_OFFSETS_CONTENDED */
  alterOffsets(name: string, offsets: readonly ConnectorOffset[]): Promise<void> {
    return this.#inTurn(name, async () => alterOffsets(await this.#stopped(name), offsets, this.#offsetsHome))
  }

  /** @throws CONNECT_NOT_STOPPED, CONNECT_OFFSETS_REFUSED, CONNECT_OFFSETS_CONTENDED */
  resetOffsets(name: string): Promise<void> {
    return this.#inTurn(name, async () => resetOffsets(await this.#stopped(name), this.#offsetsHome))
  }

  /** The connector that a config describes, not started: what it can check, it can be asked. @throws CONNECT_CONFIG_INVALID */
  async connectorOf(name: string, config: Properties): Promise<SourceConnector | SinkConnector> {
    const properties = await this.#checked(name, config)
    return (await buildConnector(await this.#resolve(properties), this.#home, properties)).connector
  }

  /** The text without what config providers filled in. */
  mask(text: string): string {
    return this.#secrets.mask(text)
  }

  /** What is wrong with properties of a class, name by name. @throws CONNECT_PLUGIN_UNKNOWN */
  async validate(className: string, config: Properties): Promise<ConfigInfos> {
    const resolved = await this.#resolve(config)
    const infos = validateProperties(this.registry, className, resolved, config)
    return this.#withTrial(infos, { 'connector.class': className, ...resolved })
  }

  async clusterId(): Promise<string | null> {
    return (await this.#options.client.admin.describeCluster()).clusterId
  }

  loggerLevels(): Record<string, LoggerLevel> {
    return this.loggers.all(this.#loggerNames)
  }

  /** Returns the loggers that it concerned; `forAll` keeps it for the workers to come as well. */
  async setLoggerLevel(name: string, level: LogLevel, forAll: boolean): Promise<string[]> {
    if (forAll) await this.#store({ [configKeys.logger(name)]: { level } })
    return this.loggers.set(name, level, this.#loggerNames)
  }

  *metrics(): Iterable<MetricSample> {
    for (const connector of this.#connectors.values()) yield* connector.metrics()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelPublishing()
    // What is under way may still add one, or wait for a broker that is away: nothing is started any more.
    await endWithin(this.#clock, closeGraceMs, this.#turns.idle())
    await Promise.all([...this.#connectors.values()].map((connector) => connector.close()))
    await this.#publishing
    await Promise.allSettled([this.#configLog?.close(), this.#status.log?.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #openTopics(): Promise<void> {
    const { client } = this.#options
    const { groupId } = this.#home
    const { configTopic = `${groupId}-configs`, statusTopic = `${groupId}-status` } = this.#options
    this.#configLog = await CompactedLog.open({
      client,
      // One partition, for the order of a connector's records among each other.
      topic: { name: configTopic, partitions: 1 },
      apply: (key, value) => this.#configs.apply(key, value),
    })
    this.#status.log = await CompactedLog.open({
      client,
      topic: { name: statusTopic, partitions: 5 },
      apply: (key, value) => this.#status.apply(key, value),
    })
  }

  #get(name: string): ManagedConnector {
    const connector = this.#connectors.get(name)
    if (connector) return connector
    throw connectError('CONNECT_CONNECTOR_UNKNOWN', `Connector ${name} not found`, { connector: name })
  }

  /** @throws CONNECT_WORKER_CLOSED */
  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(name, async () => {
      if (!this.#isClosed) return work()
      throw closedError(name)
    })
  }

  async #stopped(name: string): Promise<BuiltConnector> {
    const connector = this.#get(name)
    if (connector.target === 'STOPPED') return connector.built()
    const message = `Connectors must be in the STOPPED state before their offsets can be modified; ${name} is ${connector.target}`
    throw connectError('CONNECT_NOT_STOPPED', message, { connector: name })
  }

  /** @throws CONNECT_CONFIG_INVALID */
  async #checked(name: string, config: Properties): Promise<Properties> {
    const properties = { ...config, name }
    // Judged with the secrets in their places: a port number may be one.
    const resolved = await this.#resolve(properties)
    const plugin = pluginOf(this.registry, resolved)
    const infos = validateProperties(this.registry, plugin.classNames[0], resolved, properties)
    const problems = problemsOf(this.#withTrial(infos, resolved))
    if (problems !== undefined) throw connectError('CONNECT_CONFIG_INVALID', problems, { where: name })
    return properties
  }

  #withTrial(infos: ConfigInfos, resolved: Properties): ConfigInfos {
    return withTrial(infos, resolved, this.#home, (text) => this.mask(text))
  }

  async #resolve(properties: Properties): Promise<Properties> {
    const filled = this.#secrets.resolve(properties)
    return (await this.#options.resolve?.(filled)) ?? filled
  }

  #add(name: string, properties: Properties, target: TargetState): void {
    // Stored it is: the next worker runs it.
    if (this.#isClosed) throw closedError(name)
    const connector = new ManagedConnector(
      {
        name,
        type: this.registry.connectors.find(properties['connector.class'] ?? '')?.type ?? 'source',
        workerId: () => this.workerId,
        build: async (current) => buildConnector(await this.#resolve(current), this.#home, current),
        mask: (text) => this.mask(text),
        changed: () => this.#publishSoon(0),
      },
      properties,
      target,
    )
    this.#connectors.set(name, connector)
    void connector.apply()
  }

  async #store(records: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#configLog) await this.#configLog.write(records)
    else for (const [key, value] of Object.entries(records)) this.#configs.apply(key, value)
  }

  /** Statuses change by themselves, so they are looked at from time to time as well. */
  #publishSoon(delayMs: number = publishIntervalMs): void {
    this.#cancelPublishing()
    if (this.#isClosed) return
    this.#cancelPublishing = this.#clock.after(delayMs, () => {
      this.#publishing = this.#publish().catch(() => {})
      void this.#publishing.then(() => this.#publishSoon())
    })
  }

  async #publish(): Promise<void> {
    const now = this.#clock.now()
    if (now >= this.#nextRefreshMs) {
      this.#nextRefreshMs = now + (this.#options.refreshIntervalMs ?? 5_000)
      for (const connector of this.#connectors.values()) await connector.refresh()
    }
    for (const connector of this.#connectors.values()) {
      await this.#status.publish(connector.status(), connector.generation, connector.topics())
    }
  }

  get #loggerNames(): string[] {
    return ['millrace.connect', ...this.names().map(connectorLogger)]
  }

  get #offsetsHome(): { client: KafkaClient; clock: Clock } {
    return { client: this.#options.client, clock: this.#clock }
  }
}

function closedError(name: string): Error {
  return connectError('CONNECT_WORKER_CLOSED', `the worker was closed before ${name} could be changed`)
}
