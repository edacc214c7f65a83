import { type Clock, type MetricSample, type MetricSource, type Random, sleep } from '@millrace/base'
import type { CloseOptions, KafkaClient } from '@millrace/kafka'
import { failureHandlers } from '../core/handlers.ts'
import type { JoinMiss } from '../core/metrics/join-misses.ts'
import type { CreateStreamTask, TaskConfig } from '../core/task.ts'
import type { TopologyPlan } from '../core/topology/plan.ts'
import { streamsError } from '../errors.ts'
import type { TaskAssignor } from './assignment/group-model.ts'
import { type HostMap, nothingAssigned } from './assignment/user-data.ts'
import type { RuntimeConfig } from './config.ts'
import { GlobalUpdater, runBeside } from './global/global-updater.ts'
import { InstanceState, type StateListener, type StreamsState } from './instance-state.ts'
import { paintTopology } from './picture/paint-topology.ts'
import { RateBook } from './picture/sample-book.ts'
import type { TopologyPicture } from './picture/topology-picture.ts'
import { prepareSerdes, writesSchemas } from './prepare-serdes.ts'
import { hostsOf } from './queries/hosts-of.ts'
import type { CopyStanding } from './queries/store-lags.ts'
import { type StoreQueries, storeQueries } from './queries/store-queries.ts'
import { type RestoreListener, type StandbyUpdateListener, tellListeners } from './restore-events.ts'
import { runtimeMetrics } from './runtime-metrics.ts'
import type { StateStores } from './state-stores.ts'
import { endLeftTransactions, type ThreadMemory, transactionalId } from './threads/left-transactions.ts'
import { localThread } from './threads/local-thread.ts'
import type { Leaving, ThreadContext, ThreadHandle } from './threads/thread-handle.ts'
import { ThreadSet, type UncaughtHandler } from './threads/thread-set.ts'
import { prepareTopics } from './topics/prepare-topics.ts'
import { runWatched, TopicWatch } from './topics/topic-watch.ts'

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
  /** How many to begin with; 1 unless given. */
  readonly threads?: number | undefined
  /** Outlives the process, as the disk does. */
  readonly threadMemory?: ThreadMemory | undefined
  /** Starts threads elsewhere than in this event loop; undefined for those that are to run here. */
  readonly startThread?: ((context: ThreadContext) => ThreadHandle | undefined) | undefined
  /** The state of further threads in this event loop; the first one has `stores`. */
  readonly storesOf?: ((index: number) => StateStores) | undefined
  /** State on disk that no thread has open. */
  readonly closedStandings?: (() => readonly CopyStanding[]) | undefined
  /** Decides what becomes of the instance when a thread fails; it ends unless told otherwise. */
  readonly uncaught?: UncaughtHandler | undefined
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
   * The topology with its tasks, rates and lags as this instance sees them now, as data: what a page draws.
   *
   * @example
   * const { subtopologies } = streams.topologyPicture()
   * for (const { id, lag, records } of subtopologies.flatMap(({ tasks }) => tasks)) console.log(id, lag, records.perSecond)
   */
  topologyPicture(): TopologyPicture
  /**
   * The last hundred records of each task of this instance that found no row of the table that they are joined with: why, and
   * the times of both sides. Those of other threads are as old as a second.
   *
   * @example
   * for (const { node, reason, timestamp, tableTimeMs } of streams.joinMisses()) console.log(node, reason, timestamp, tableTimeMs)
   */
  joinMisses(): readonly JoinMiss[]
  /**
   * Stops processing, restoring and committing, after what is processed is committed; the assignment is kept, and so is the
   * place in the group.
   */
  pause(): void
  resume(): void
  isPaused(): boolean
  /** Starts one more thread; returns its number, or undefined where the instance does not run. */
  addThread(): number | undefined
  /** Ends the last thread: its tasks go to the others. Resolves with its number when it has gone. */
  removeThread(): Promise<number | undefined>
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
  #leaving: Leaving = 'default'
  #threads: ThreadSet | undefined
  #globals: GlobalUpdater | undefined
  #counts: ReadonlyMap<string, number> = new Map()
  #shutdownRequested = false
  readonly #rates: RateBook

  constructor(options: StreamsRuntimeOptions) {
    this.#options = options
    this.#rates = new RateBook(options.clock.now())
    this.queries = storeQueries({
      plan: options.plan,
      client: options.client,
      clock: options.clock,
      partitionsOf: (topic) => this.#partitionsOf(topic),
      copyOf: (store, partition) => this.#firstOf((thread) => thread.find(store, partition)),
      threadHas: (task) => this.#firstOf((thread) => thread.has(task)),
      askThread: (...asked) => this.#firstOf((thread) => thread.ask(...asked)),
      acceptableLagRecords: options.config.acceptableRecoveryLag,
      standings: () => this.#standings(),
      globalStore: (name) => (this.#threads === undefined ? undefined : this.#globals?.tables.view(name, 'committed')),
      hostsOf: (task) => hostsOf(this.#hosts(), task),
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

  topologyPicture(): TopologyPicture {
    const { plan, clock } = this.#options
    const nowMs = clock.now()
    return paintTopology({
      plan,
      instance: this.instanceId,
      state: this.state(),
      nowMs,
      book: this.#rates.open([...this.metrics()], nowMs),
      partitionsOf: (topic) => this.#counts.get(topic),
      host: this.#options.applicationServer,
      hosts: this.#hosts() ?? nothingAssigned,
      joinMisses: this.joinMisses(),
    })
  }

  joinMisses(): readonly JoinMiss[] {
    return this.#all().flatMap((thread) => thread.joinMisses())
  }

  metrics(): Iterable<MetricSample> {
    const { applicationId, instanceId } = this
    const own = runtimeMetrics({
      applicationId,
      instanceId,
      state: this.state(),
      level: this.#options.taskConfig.stopwatch === undefined ? 'info' : 'debug',
      guarantee: this.#options.config.processingGuarantee,
      threads: this.#all(),
      failedThreads: this.#threads?.failed ?? 0,
    })
    return [...own, ...(this.#globals?.tables.metrics() ?? [])]
  }

  pause(): void {
    this.#isPaused = true
    for (const thread of this.#all()) thread.setPaused(true)
  }

  resume(): void {
    this.#isPaused = false
    for (const thread of this.#all()) thread.setPaused(false)
  }

  isPaused(): boolean {
    return this.#isPaused
  }

  addThread(): number | undefined {
    return this.#threads?.add()
  }

  async removeThread(): Promise<number | undefined> {
    return this.#threads?.remove()
  }

  async close({ group = 'default' }: CloseOptions = {}): Promise<void> {
    this.#state.apply('close')
    this.#leaving = group
    this.#stop.abort()
    this.#threads?.stop(group)
    const { clock, config } = this.#options
    const enough = new AbortController()
    const ended = this.finished.catch(() => undefined).finally(() => enough.abort())
    await Promise.race([ended, sleep(clock, config.closeTimeoutMs, enough.signal).catch(() => undefined)])
    for (const thread of this.#all()) thread.abandon()
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
    const { deserialize, process, produce } = taskConfig.handlers
    // One of the caller's may say anything; that of global stores has no transaction that could write a letter.
    const hasDeadLetters = [deserialize, process, produce].some(
      (handler) => handler !== failureHandlers.fail && handler !== failureHandlers.continue,
    )
    const { signal } = this.#stop
    const counts = await prepareTopics({ client, plan, config, clock, random, hasDeadLetters, onFailure, signal })
    this.#counts = counts
    const preparing = { plan, config, clock, random, onFailure, signal }
    if (writesSchemas(plan) && !(await prepareSerdes(preparing))) throw signal.reason
    this.#state.apply('topicsReady')
    const partitionsOf = (topic: string): number => this.#partitionsOf(topic)
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
    const { clock, config, uncaught = () => 'shutdownClient', onFailure, threads: count = 1 } = this.#options
    const { signal } = this.#stop
    const threads = new ThreadSet({
      clock,
      uncaught,
      onFailure,
      replaceDelayMs: config.retryDelayMsMin,
      onChange: () => this.#changed(),
      start: (given) => this.#startThread(given, globals),
    })
    const { applicationId, instanceId } = this
    const { client, threadMemory: memory } = this.#options
    if (memory) {
      const left = { client, config, applicationId, instanceId, threads: count, memory, onFailure, signal }
      await endLeftTransactions(left)
    }
    this.#threads = threads
    if (signal.aborted) threads.stop(this.#leaving)
    const watch = new TopicWatch({ ...this.#options, partitionsOf: (topic) => this.#partitionsOf(topic) })
    const stop = (): void => threads.stop()
    await runWatched(
      watch,
      { run: () => runBeside(globals, { run: () => threads.run(count), stop }, signal), stop },
      signal,
    )
    if (this.#shutdownRequested) {
      throw streamsError('STREAMS_SHUTDOWN_REQUESTED', `an instance of ${this.applicationId} asked all to stop`, {
        application: this.applicationId,
      })
    }
  }

  #startThread(
    given: Pick<ThreadContext, 'index' | 'endsApplication'>,
    globals: GlobalUpdater | undefined,
  ): ThreadHandle {
    const { plan, config, instanceId, stores, storesOf, startThread, restoreListener, onFailure } = this.#options
    const { index } = given
    const { threadMemory: memory } = this.#options
    // Before it can leave anything open.
    if (memory && index > memory.recall()) memory.remember(index)
    const context: ThreadContext = {
      ...given,
      counts: this.#counts,
      // One that only has to tell others to stop would fail as its predecessor did.
      isPaused: () => given.endsApplication || this.#isPaused,
      tell: tellListeners(restoreListener ?? {}),
      onChange: () => this.#changed(),
      onFailure,
      onShutdownRequested: () => this.#endRequested(),
    }
    const elsewhere = startThread?.(context)
    if (elsewhere) return elsewhere
    return localThread(index, {
      ...this.#options,
      ...context,
      stores: index === 1 || !storesOf ? stores : storesOf(index),
      globalStores: globals?.tables.stores,
      partitionsOf: (topic) => this.#partitionsOf(topic),
      transactionalId: transactionalId(plan.applicationId, instanceId, index),
      applicationServer: this.#options.applicationServer,
      processId: instanceId,
      looksAfterDisk: index === 1,
      groupInstanceId: threadInstanceId(config.groupInstanceId, index),
      taskAssignor: this.#options.taskAssignor,
    })
  }

  #partitionsOf(topic: string): number {
    return this.#counts.get(topic) ?? (this.#counts.size === 0 ? 0 : 1)
  }

  #changed(): void {
    this.#state.apply(this.#threads?.isReady ? 'ready' : 'unready')
  }

  /** Whoever asked goes last, so that the others hear of it in the rebalance that its leaving would end. */
  #endRequested(): void {
    if (this.#shutdownRequested) return
    this.#shutdownRequested = true
    const { clock, config } = this.#options
    const isOwn = this.#threads?.isEndingApplication === true
    if (isOwn) clock.after(2 * config.heartbeatIntervalMs, () => this.#threads?.stop())
    else this.#threads?.stop()
  }

  async #standings(): Promise<readonly CopyStanding[]> {
    const open = (await Promise.all(this.#all().map((thread) => thread.standings()))).flat()
    return [...open, ...(this.#options.closedStandings?.() ?? [])]
  }

  #all(): readonly ThreadHandle[] {
    return this.#threads?.all ?? []
  }

  /** What the group's leader told last. */
  #hosts(): HostMap | undefined {
    return this.#all().find(({ hosts }) => hosts.hosts.length > 0)?.hosts
  }

  #firstOf<T>(ask: (thread: ThreadHandle) => T | undefined): T | undefined {
    for (const thread of this.#all()) {
      const answer = ask(thread)
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

/** Members of a group have names of their own: the first thread has the instance's. */
export function threadInstanceId(groupInstanceId: string | undefined, index: number): string | undefined {
  return groupInstanceId === undefined || index === 1 ? groupInstanceId : `${groupInstanceId}-${index}`
}
