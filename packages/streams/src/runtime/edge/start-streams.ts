import { randomUUID } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { type Clock, type Random, systemClock, systemRandom } from '@millrace/base'
import { checkOptions } from '@millrace/base/internal'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type FailureHandlers, failLoudly } from '../../core/handlers.ts'
import { createStreamTask } from '../../core/stream-task.ts'
import { defaultTaskConfig, type TaskConfig } from '../../core/task.ts'
import type { RackAwareStrategy, TaskAssignor } from '../assignment/group-model.ts'
import { type ProcessingGuarantee, resolveConfig, type StreamsLimits } from '../config.ts'
import { type ConfigReading, readConfig, type StreamsConfig } from '../kafka-config/read-config.ts'
import { MemoryStateStores } from '../memory-state-stores.ts'
import type { RestoreListener, StandbyUpdateListener } from '../restore-events.ts'
import type { StateStores } from '../state-stores.ts'
import { type StreamsInstance, StreamsRuntime } from '../streams-runtime.ts'
import type { ThreadMemory } from '../threads/left-transactions.ts'
import type { ThreadContext, ThreadHandle } from '../threads/thread-handle.ts'
import type { UncaughtHandler } from '../threads/thread-set.ts'
import { type BrokerSecurity, secureTransport } from './broker-security.ts'
import { closedStandings } from './lmdb/closed-standings.ts'
import { LmdbStateStores } from './lmdb/lmdb-state-stores.ts'
import { StateDirectory } from './lmdb/state-directory.ts'
import { loadApplication, type TopologySource } from './threads/application-module.ts'
import { checkShareable, type InstanceParts, instanceSeed } from './threads/thread-seed.ts'
import { type WorkerThreadOptions, workerThread } from './threads/worker-thread.ts'

export interface StartStreamsOptions {
  readonly topology: TopologySource
  /** What the function that makes the topology is called with; what structured cloning can copy. */
  readonly args?: unknown
  /**
   * How many threads work in this process (num.stream.threads). Above 1 each is a worker that loads the topology's
   * module, so `topology` has to be one. Default 1: this thread.
   */
  readonly threads?: number
  /**
   * Whether a single thread is a worker too, so that this event loop is free: queries are then answered at once however
   * busy the thread is. Default: only where there are several.
   */
  readonly workers?: boolean
  /**
   * How far workers stand back behind this thread where there are fewer cores than busy threads (Linux: nice, 0 to 19), so
   * that queries are answered first. It weighs against whatever else runs in the same control group. Default 0.
   */
  readonly workerNiceness?: number
  /** Decides what becomes of the instance when a thread fails (KIP-671). Default: it stops with the failure. */
  readonly uncaughtHandler?: UncaughtHandler
  /** Bootstrap list; or give a `client`, which then stays the caller's to close. */
  readonly brokers?: string | readonly string[]
  readonly client?: KafkaClient
  /** With `brokers`: TLS and the login, where a client of yours cannot be shared with workers. */
  readonly security?: BrokerSecurity
  /** Names the consumer group, internal topics and transactional ids; the topology's name unless given. */
  readonly applicationId?: string
  /**
   * Unique among the instances and the same after a restart; made up and kept in the state directory unless given. With
   * `stateDir: 'memory'` give one, or a restarted instance cannot end what it left open before its time-out.
   */
  readonly instanceId?: string
  /** Where stores live; `memory` keeps them in memory and restores them at every start. Default `.millrace/state`. */
  readonly stateDir?: string
  /** `host:port` under which this process answers queries, told to all other instances. */
  readonly applicationServer?: string
  /** Default `exactly_once`. */
  readonly processingGuarantee?: ProcessingGuarantee
  /** Default 100, and 30,000 with `at_least_once`. */
  readonly commitIntervalMs?: number
  /** Replicas of internal topics; the broker's default unless given. */
  readonly replicationFactor?: number
  /** Makes the group member static (KIP-345). */
  readonly groupInstanceId?: string
  /**
   * Copies of every task's state that other instances keep up to date, so that one of them goes on at once when this one
   * dies (num.standby.replicas). Default 0.
   */
  readonly numStandbyReplicas?: number
  /** Where this instance runs: `{ zone: 'eu-1a' }`; standbys go where the `rackAwareAssignmentTags` differ (KIP-708). */
  readonly clientTags?: Readonly<Record<string, string>>
  readonly rackAwareAssignmentTags?: readonly string[]
  /** The rack that this instance is in, as `broker.rack` names it (client.rack): for the assignment alone. */
  readonly clientRack?: string
  /** What the racks of instances and partitions decide (KIP-925); see `RackAwareStrategy`. Default `none`. */
  readonly rackAwareAssignmentStrategy?: RackAwareStrategy
  /** What a partition costs that a task reads from another rack. Default 10. */
  readonly rackAwareAssignmentTrafficCost?: number
  /** What a task costs that goes elsewhere than it would without racks. Default 1. */
  readonly rackAwareAssignmentNonOverlapCost?: number
  /** Decides who runs what, instead of the built-in assignment; the same for all instances. */
  readonly taskAssignor?: TaskAssignor
  /** Told how stores catch up, and standby copies too. */
  readonly restoreListener?: RestoreListener & StandbyUpdateListener
  /** What becomes of records that fail; every handler fails loudly unless given. */
  readonly handlers?: Partial<FailureHandlers>
  /** See `TaskConfig`. */
  readonly maxTaskIdleMs?: number
  readonly retryDelayMs?: number
  /**
   * One topic for the dead letters of all inputs, `errors.dead.letter.queue.topic.name` in Kafka Streams (KIP-1034);
   * `<topic>.dlq` of each unless given. A record goes there where a handler says `deadLetter`.
   */
  readonly deadLetterTopic?: string
  /** Bounds of buffers, waits and retries; see `streamsLimits`. */
  readonly limits?: Partial<StreamsLimits>
  /** Settings of all internal topics, under Kafka's names (`topic.` in Kafka Streams). */
  readonly internalTopicConfig?: Readonly<Record<string, string>>
  /** How much longer than a window store itself its changelog keeps records. Default a day. */
  readonly windowChangelogExtraMs?: number
  /**
   * What becomes of the application where records are gone that it was still to read, or a topic that its state is made of was
   * created anew: `fail` (the default) ends it with STREAMS_INPUT_LOST or STREAMS_TOPIC_RECREATED; `continue` goes on with the
   * oldest record that is left and publishes the error on `millrace:streams:failure`.
   */
  readonly lostInput?: 'fail' | 'continue'
  /** Whether the figures that cost something per record are taken: `debug` reads the clock for each. Default `info`. */
  readonly metricsLevel?: 'info' | 'debug'
  /**
   * Settings under Kafka Streams' names: `{ 'commit.interval.ms': 100 }`. Options beside it win. What each setting comes to
   * is in the reference (`streams-config.md`); one that nobody knows is warned of, with `process.emitWarning`.
   */
  readonly config?: StreamsConfig
  readonly clock?: Clock
  readonly random?: Random
}

const stateChannel = channel('millrace:streams:state')
const failureChannel = channel('millrace:streams:failure')

/**
 * Runs a topology in this process, as one instance of its application: it joins the group, takes over its share of
 * tasks and works until `close`. Resolves once the state directory is ours; broker and topics are waited for in the
 * background (see `state()` and `finished`).
 *
 * Publishes on the diagnostics channels `millrace:streams:state` (`{ applicationId, instanceId, state, before }`) and
 * `millrace:streams:failure` (`{ applicationId, instanceId, error }`, failures that are survived).
 *
 * @throws STREAMS_STATE_LOCKED, STREAMS_STATE_VERSION, STREAMS_TOPOLOGY_INVALID, CONFIG_INVALID_OPTION,
 *   STREAMS_CONFIG_UNSUPPORTED
 * @example
 * await using streams = await startStreams({ topology: () => spend(), brokers: 'localhost:9092' })
 * await streams.finished
 */
export async function startStreams(given: StartStreamsOptions): Promise<StreamsInstance> {
  const { options, kafka, plan: planned } = withConfig(given)
  check(options)
  if (usesWorkers(options)) checkShareable(options)
  const { applicationId: id } = options
  const application = await loadApplication(options.topology, options.args, {
    ...planned,
    ...(id !== undefined && { applicationId: id }),
  })
  const { plan } = application
  const config = resolveConfig({
    ...options.limits,
    ...defined({
      processingGuarantee: options.processingGuarantee,
      commitIntervalMs: options.commitIntervalMs,
      replicationFactor: options.replicationFactor,
      groupInstanceId: options.groupInstanceId,
      deadLetterTopic: options.deadLetterTopic,
      numStandbyReplicas: options.numStandbyReplicas,
      clientTags: options.clientTags,
      rackAwareAssignmentTags: options.rackAwareAssignmentTags,
      clientRack: options.clientRack,
      rackAwareAssignmentStrategy: options.rackAwareAssignmentStrategy,
      rackAwareAssignmentTrafficCost: options.rackAwareAssignmentTrafficCost,
      rackAwareAssignmentNonOverlapCost: options.rackAwareAssignmentNonOverlapCost,
      internalTopicConfig: options.internalTopicConfig,
      windowChangelogExtraMs: options.windowChangelogExtraMs,
      lostInput: options.lostInput,
    }),
  })
  const state = await openState(options, plan.applicationId)
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const ownClient = options.client
    ? undefined
    : kafkaClient({
        brokers: options.brokers ?? [],
        clientId: `${plan.applicationId}-${state.instanceId}`,
        ...kafka,
        ...(options.security && { transport: secureTransport(options.security) }),
        clock,
        random,
      })
  const { applicationId } = plan
  const { instanceId } = state
  const taskConfig: TaskConfig = {
    ...defaultTaskConfig,
    ...defined({ maxTaskIdleMs: options.maxTaskIdleMs, retryDelayMs: options.retryDelayMs }),
    handlers: { ...failLoudly, ...application.handlers, ...options.handlers },
    ...(options.metricsLevel === 'debug' && { stopwatch: () => performance.now() }),
  }
  const { threads = 1 } = options
  const client = options.client ?? ownClient!
  const parts = { applicationId, instanceId, directory: state.directory, config, taskConfig, plan, client, clock }
  const runtime = new StreamsRuntime({
    client,
    plan,
    createTask: createStreamTask,
    taskConfig,
    config,
    stores: state.stores,
    clock,
    random,
    instanceId,
    applicationServer: options.applicationServer,
    taskAssignor: options.taskAssignor ?? application.taskAssignor,
    restoreListener: options.restoreListener,
    threads,
    threadMemory: state.threadMemory,
    closedStandings: () => (state.directory === 'memory' ? [] : closedStandings(state.directory, plan)),
    startThread: (context) => startThread(context, options, parts),
    uncaught: options.uncaughtHandler,
    yieldNow: () => new Promise(setImmediate),
    onFailure: (error) => failureChannel.publish({ applicationId, instanceId, error }),
    onClosed: async () => {
      await ownClient?.close()
      await state.release()
    },
  })
  runtime.onStateChange((now, before) => stateChannel.publish({ applicationId, instanceId, state: now, before }))
  return runtime
}

/** The only thread works in this event loop; where there are several, and for those that are added, each has a worker. */
function startThread(
  context: ThreadContext,
  options: StartStreamsOptions,
  parts: InstanceParts & Pick<WorkerThreadOptions, 'plan' | 'client' | 'clock'>,
): ThreadHandle | undefined {
  if (!usesWorkers(options) && context.index === 1) return undefined
  const released = (): void => {
    if (parts.directory !== 'memory') LmdbStateStores.releaseClaims(parts.directory, String(context.index))
  }
  return workerThread({ ...parts, seed: instanceSeed(options, parts), context, released })
}

function usesWorkers({ threads = 1, workers = false }: StartStreamsOptions): boolean {
  return threads > 1 || workers
}

interface OpenState {
  readonly stores: StateStores
  /** `memory`, or the directory of the application. */
  readonly directory: string
  readonly instanceId: string
  readonly threadMemory?: ThreadMemory
  release(): Promise<void>
}

async function openState(options: StartStreamsOptions, applicationId: string): Promise<OpenState> {
  const newId = (): string => options.instanceId ?? randomUUID()
  if (options.stateDir === 'memory') {
    return {
      stores: new MemoryStateStores(),
      directory: 'memory',
      instanceId: newId(),
      release: () => Promise.resolve(),
    }
  }
  const directory = await StateDirectory.open(options.stateDir ?? '.millrace/state', applicationId, newId)
  // The directory is ours alone: whoever claimed tasks in it is dead.
  LmdbStateStores.releaseClaims(directory.path)
  return {
    stores: new LmdbStateStores(directory.path),
    directory: directory.path,
    instanceId: options.instanceId ?? directory.instanceId,
    threadMemory: directory,
    release: () => directory.close(),
  }
}

function check(options: StartStreamsOptions): void {
  checkOptions(
    'startStreams',
    options,
    {
      topology: ['object', 'function', 'string'],
      args: 'any',
      threads: { min: 1, max: 1_000, integer: true },
      workers: 'boolean',
      workerNiceness: { min: 0, max: 19, integer: true },
      uncaughtHandler: 'function',
      brokers: ['string', 'array'],
      client: 'object',
      security: 'object',
      applicationId: 'string',
      instanceId: 'string',
      stateDir: 'string',
      applicationServer: 'string',
      processingGuarantee: { oneOf: ['exactly_once', 'at_least_once'] },
      commitIntervalMs: { min: 1 },
      replicationFactor: { min: -1, integer: true },
      groupInstanceId: 'string',
      deadLetterTopic: 'string',
      numStandbyReplicas: { min: 0, integer: true },
      clientTags: 'object',
      rackAwareAssignmentTags: 'array',
      clientRack: 'string',
      rackAwareAssignmentStrategy: { oneOf: ['none', 'min_traffic', 'balance_subtopology'] },
      rackAwareAssignmentTrafficCost: { min: 0, integer: true },
      rackAwareAssignmentNonOverlapCost: { min: 0, integer: true },
      taskAssignor: 'function',
      restoreListener: 'object',
      handlers: 'object',
      maxTaskIdleMs: { min: -1 },
      retryDelayMs: { min: 0 },
      limits: 'object',
      internalTopicConfig: 'object',
      windowChangelogExtraMs: { min: 0, integer: true },
      lostInput: { oneOf: ['fail', 'continue'] },
      metricsLevel: { oneOf: ['info', 'debug'] },
      config: 'object',
      clock: 'object',
      random: 'object',
    },
    { required: options.client ? ['topology'] : ['topology', 'brokers'] },
  )
}

interface Configured extends Pick<ConfigReading, 'kafka' | 'plan'> {
  readonly options: StartStreamsOptions
}

/** Adds what settings under Kafka's names come to, below what options say. */
function withConfig(given: StartStreamsOptions): Configured {
  if (given.config === undefined) return { options: given, kafka: {}, plan: {} }
  const { options, kafka, plan, warnings } = readConfig(given.config)
  const { brokers, ...rest } = options
  const ofClient = given.client === undefined ? [] : Object.keys({ ...kafka, ...(brokers && { brokers }) })
  const idle = ofClient.map((name) => `the setting for \`${name}\` has no effect: a client is given`)
  for (const warning of [...warnings, ...idle]) process.emitWarning(warning, 'StreamsConfigWarning')
  return {
    options: {
      ...rest,
      ...(given.client === undefined && brokers !== undefined && { brokers }),
      ...defined(given),
      ...(options.limits && { limits: { ...options.limits, ...given.limits } }),
      ...(options.handlers && { handlers: { ...options.handlers, ...given.handlers } }),
    } as StartStreamsOptions,
    kafka,
    plan,
  }
}

/** Without what is undefined, so that it does not hide a default. */
function defined<T extends object>(values: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>
  }
}
