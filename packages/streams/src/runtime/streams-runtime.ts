import { type Clock, type MetricSample, type MetricSource, type Random, sleep } from '@millrace/base'
import type { CloseOptions, KafkaClient } from '@millrace/kafka'
import { failureHandlers } from '../core/handlers.ts'
import type { CreateStreamTask, TaskConfig } from '../core/task.ts'
import type { TopologyPlan } from '../core/topology/plan.ts'
import type { TaskAssignor } from './assignment/group-model.ts'
import type { RuntimeConfig } from './config.ts'
import { GlobalUpdater, runBeside } from './global/global-updater.ts'
import { InstanceState, type StateListener, type StreamsState } from './instance-state.ts'
import { hostsOf } from './queries/hosts-of.ts'
import { type StoreQueries, storeQueries } from './queries/store-queries.ts'
import { type RestoreListener, type StandbyUpdateListener, tellListeners } from './restore-events.ts'
import { runtimeMetrics } from './runtime-metrics.ts'
import type { StateStores } from './state-stores.ts'
import { StreamThread } from './stream-thread.ts'
import { prepareTopics } from './topics/prepare-topics.ts'

/** Everything that a runtime needs from outside: time, chance, network and disk included, so that a simulation can own them. */
export interface StreamsRuntimeOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly createTask: CreateStreamTask
  readonly taskConfig: TaskConfig
  readonly config: RuntimeConfig
  readonly stores: StateStores
  readonly clock: Clock
  readonly random: Random
  /** Unique among the instances of the application, and the same after a restart. */
  readonly instanceId: string
  /** `host:port` where this instance's queries are answered from outside. */
  readonly applicationServer?: string | undefined
  /** Decides who runs what, instead of the built-in assignment. Every instance must have the same. */
  readonly taskAssignor?: TaskAssignor | undefined
  readonly restoreListener?: (RestoreListener & StandbyUpdateListener) | undefined
  readonly yieldNow: () => Promise<void>
  readonly onFailure: (error: unknown) => void
  /** Last of all, whatever the end was like. */
  readonly onClosed?: () => Promise<void>
}

/** An application at work in this process: an instance of the group that its application id names. */
export interface StreamsInstance extends MetricSource, AsyncDisposable {
  readonly applicationId: string
  readonly instanceId: string
  state(): StreamsState
  /** Returns the function that ends the listening. */
  onStateChange(listener: StateListener): () => void
  /** Fulfilled by an orderly `close`, rejected with the failure that ended the instance. */
  readonly finished: Promise<void>
  readonly queries: StoreQueries
  /** Java's description of the topology. */
  describe(): string
  /**
   * Stops processing, restoring and committing, after what is processed is committed; the assignment is kept, and so is the
   * place in the group.
   */
  pause(): void
  resume(): void
  isPaused(): boolean
  /**
   * Commits, closes the stores and, as `group` says, leaves the group: by default static members keep their place for
   * their next run, others hand their tasks over. Waits for a broker that is away no longer than `closeTimeoutMs`.
   */
  close(options?: CloseOptions): Promise<void>
}

export class StreamsRuntime implements StreamsInstance {
  readonly #options: StreamsRuntimeOptions
  readonly #state = new InstanceState()
  readonly #stop = new AbortController()
  readonly queries: StoreQueries
  readonly finished: Promise<void>
  #isPaused = false
  #leaving: NonNullable<CloseOptions['group']> = 'default'
  #thread: StreamThread | undefined
  #globals: GlobalUpdater | undefined
  #partitionsOf: (topic: string) => number = () => 0

  constructor(options: StreamsRuntimeOptions) {
    this.#options = options
    this.queries = storeQueries({
      plan: options.plan,
      client: options.client,
      clock: options.clock,
      partitionsOf: (topic) => this.#partitionsOf(topic),
      copyOf: (store, partition) => this.#thread?.copies.find(store, partition),
      globalStore: (name) => (this.#thread === undefined ? undefined : this.#globals?.tables.view(name, 'committed')),
      hostsOf: (task) => hostsOf(this.#thread?.hosts, task),
    })
    this.finished = this.#run()
    // Whoever asks gets the failure; nobody asking is no reason to end the process.
    this.finished.catch(() => undefined)
  }

  get applicationId(): string {
    return this.#options.plan.applicationId
  }

  get instanceId(): string {
    return this.#options.instanceId
  }

  state(): StreamsState {
    return this.#state.current
  }

  onStateChange(listener: StateListener): () => void {
    return this.#state.listen(listener)
  }

  describe(): string {
    return this.#options.plan.describe()
  }

  metrics(): Iterable<MetricSample> {
    const { applicationId, instanceId } = this
    const own = runtimeMetrics({ applicationId, instanceId, state: this.state(), thread: this.#thread })
    return [...own, ...(this.#globals?.tables.metrics() ?? [])]
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
  }

  isPaused(): boolean {
    return this.#isPaused
  }

  async close({ group = 'default' }: CloseOptions = {}): Promise<void> {
    this.#state.apply('close')
    this.#leaving = group
    this.#stop.abort()
    this.#thread?.stop(group)
    const { clock, config } = this.#options
    const enough = new AbortController()
    const ended = this.finished.catch(() => undefined).finally(() => enough.abort())
    await Promise.race([ended, sleep(clock, config.closeTimeoutMs, enough.signal).catch(() => undefined)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #run(): Promise<void> {
    try {
      await this.#work()
      this.#state.apply('closed')
    } catch (error) {
      this.#state.apply(this.#stop.signal.aborted && error === this.#stop.signal.reason ? 'closed' : 'failed')
      if (this.state() === 'error') throw error
    } finally {
      await this.#options.stores.close()
      await this.#options.onClosed?.()
    }
  }

  async #work(): Promise<void> {
    const { client, plan, config, taskConfig, clock, random, onFailure } = this.#options
    const hasDeadLetters = Object.values(taskConfig.handlers).some((handler) => handler !== failureHandlers.fail)
    const { signal } = this.#stop
    const counts = await prepareTopics({ client, plan, config, clock, random, hasDeadLetters, onFailure, signal })
    this.#partitionsOf = (topic) => counts.get(topic) ?? 1
    this.#state.apply('topicsReady')
    const partitionsOf = this.#partitionsOf
    const globals = GlobalUpdater.of({ ...this.#options, partitionsOf, signal })
    this.#globals = globals
    try {
      await globals?.load()
      await this.#workTasks(globals)
    } finally {
      await globals?.close()
    }
  }

  async #workTasks(globals: GlobalUpdater | undefined): Promise<void> {
    const { plan, config, instanceId } = this.#options
    const { signal } = this.#stop
    this.#thread = new StreamThread({
      ...this.#options,
      globalStores: globals?.tables.stores,
      partitionsOf: this.#partitionsOf,
      transactionalId: `${plan.applicationId}-${instanceId}-1`,
      applicationServer: this.#options.applicationServer,
      processId: instanceId,
      looksAfterDisk: true,
      groupInstanceId: config.groupInstanceId,
      taskAssignor: this.#options.taskAssignor,
      isPaused: () => this.#isPaused,
      tell: tellListeners(this.#options.restoreListener ?? {}),
      onShutdownRequested: () => void this.close(),
      onChange: () => this.#state.apply(this.#thread?.isReady ? 'ready' : 'unready'),
    })
    if (signal.aborted) this.#thread.stop(this.#leaving)
    await runBeside(globals, this.#thread, signal)
  }
}
