import { getPriority, platform, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock, systemRandom } from '@millrace/base'
import { whenReady } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { type FailureHandlers, failLoudly, failureHandlers } from '../../../core/handlers.ts'
import { createStreamTask } from '../../../core/stream-task.ts'
import type { TopologyPlan } from '../../../core/topology/plan.ts'
import type { ActiveTask } from '../../active-task.ts'
import { GlobalUpdater, runBeside } from '../../global/global-updater.ts'
import { readConfig } from '../../kafka-config/read-config.ts'
import { MemoryStateStores } from '../../memory-state-stores.ts'
import { activeState } from '../../queries/local-copies.ts'
import { askPartition } from '../../queries/partition-query.ts'
import type { QuerySource } from '../../queries/query-source.ts'
import { joinMissesOf, runtimeThreadMetrics } from '../../runtime-metrics.ts'
import type { StateStores } from '../../state-stores.ts'
import { StreamThread } from '../../stream-thread.ts'
import { threadInstanceId } from '../../streams-runtime.ts'
import { transactionalId } from '../../threads/left-transactions.ts'
import { toPortable } from '../../threads/portable-error.ts'
import type { FromThread, StandbyState, ThreadSeed, ToThread } from '../../threads/thread-messages.ts'
import { ThreadStanding } from '../../threads/thread-standing.ts'
import { secureTransport } from '../broker-security.ts'
import { LmdbStateStores } from '../lmdb/lmdb-state-stores.ts'
import { type Application, loadApplication } from './application-module.ts'

const seed = workerData as ThreadSeed
const metricsIntervalMs = 1_000
/** Often enough that what is shared is never close to its end while heartbeats are answered. */
const holdIntervalMs = 50
const followedIntervalMs = 20
const standing = new ThreadStanding(seed.standing)

const tell = (message: FromThread): void => parentPort?.postMessage(message)

/** Runs one thread of an instance; see `worker-thread.ts` for the other side. */
async function work(): Promise<void> {
  stepBack()
  const { applicationId, index, config, counts, instanceId, directory } = seed
  const settings = seed.settings && readConfig(seed.settings as Parameters<typeof readConfig>[0])
  const module = await loadApplication(seed.module, seed.args, { ...settings?.plan, applicationId })
  const client = kafkaClient({
    brokers: seed.brokers,
    clientId: `${applicationId}-${instanceId}-${index}`,
    ...settings?.kafka,
    ...(seed.security && { transport: secureTransport(seed.security) }),
  })
  const stores: StateStores =
    directory === 'memory' ? new MemoryStateStores() : new LmdbStateStores(directory, String(index))
  const stop = new AbortController()
  const common = {
    client,
    plan: module.plan,
    config,
    taskConfig: {
      ...seed.taskConfig,
      handlers: handlersOf(module),
      ...(seed.metricsLevel === 'debug' && { stopwatch: () => performance.now() }),
    },
    clock: systemClock,
    random: systemRandom,
    partitionsOf: (topic: string) => counts.get(topic) ?? 1,
    onFailure: (error: unknown) => tell({ kind: 'survived', error: toPortable(error) }),
  }
  // Workers share no memory: each holds the global tables itself.
  const globals = GlobalUpdater.of({ ...common, stores: new MemoryStateStores(), signal: stop.signal })
  try {
    let { isPaused } = seed
    const thread = new StreamThread({
      ...common,
      stores,
      createTask: createStreamTask,
      globalStores: globals?.tables.stores,
      transactionalId: transactionalId(applicationId, instanceId, index),
      applicationServer: seed.applicationServer,
      processId: instanceId,
      looksAfterDisk: index === 1 || directory === 'memory',
      groupInstanceId: threadInstanceId(config.groupInstanceId, index),
      taskAssignor: module.taskAssignor,
      isPaused: () => isPaused,
      endsApplication: seed.endsApplication,
      tell: (event) => tell({ kind: 'restore', event }),
      onShutdownRequested: () => tell({ kind: 'shutdownRequested' }),
      onChange: () => tellChange(thread),
      onCommitted: (tasks) => tellCommitted(thread, tasks),
      onFollowed: () => tellFollowed(thread),
      // Before it happens: what was told of the store does not hold any more.
      onWiping: () => void standing.changed(),
      yieldNow: () => new Promise(setImmediate),
    })
    parentPort?.on('message', (message: ToThread) => {
      if (message.kind === 'stop') {
        stop.abort()
        thread.stop(message.leaving)
      } else if (message.kind === 'pause') isPaused = message.isPaused
      else if (message.kind === 'endApplication') thread.askForShutdown()
      else if (message.kind === 'tellStandings')
        tell({ kind: 'standings', call: message.call, standings: thread.copies.standings() })
      else void answer(thread, module.plan, client, message)
    })
    await runTasks(thread, globals, stop.signal)
  } finally {
    await globals?.close()
    await stores.close()
    await client.close()
  }
}

async function runTasks(thread: StreamThread, globals: GlobalUpdater | undefined, signal: AbortSignal): Promise<void> {
  const metrics = setInterval(
    () => tell({ kind: 'metrics', samples: [...runtimeThreadMetrics(thread)], misses: joinMissesOf(thread) }),
    metricsIntervalMs,
  )
  const holding = setInterval(() => standing.hold(thread.heldUntilMs), holdIntervalMs)
  try {
    await globals?.load()
    await runBeside(globals, thread, signal)
  } catch (error) {
    // It was told to stop while the global tables were being read.
    if (!signal.aborted || error !== signal.reason) throw error
  } finally {
    clearInterval(metrics)
    clearInterval(holding)
  }
}

/** Linux schedules threads, where other systems know priorities of processes only. */
function stepBack(): void {
  if (seed.niceness === 0 || platform() !== 'linux') return
  try {
    setPriority(getPriority() + seed.niceness)
  } catch (error) {
    tell({ kind: 'survived', error: toPortable(error) })
  }
}

function handlersOf({ handlers }: Application): FailureHandlers {
  if (!seed.handlers) return { ...failLoudly, ...handlers }
  const { deserialize, process, processGlobal, produce } = seed.handlers
  return {
    deserialize: failureHandlers[deserialize],
    process: failureHandlers[process],
    processGlobal: failureHandlers[processGlobal],
    produce: failureHandlers[produce],
  }
}

function tellChange(thread: StreamThread): void {
  const { tasks, hosts, isReady } = thread
  const active = tasks.all.map(({ text }) => text)
  const standby = tasks.standbys.map(({ text }) => text)
  standing.hold(thread.heldUntilMs)
  const version = standing.changed()
  tell({ kind: 'changed', isReady, hosts, tasks: { active, standby }, readable: thread.copies.readable(), version })
}

function tellCommitted(thread: StreamThread, tasks: readonly ActiveTask[]): void {
  standing.hold(thread.heldUntilMs)
  tell({ kind: 'written', states: new Map(tasks.map((active) => [active.text, activeState(active)])) })
}

/** By task: what was told of a standby copy last. */
let toldOf = new Map<string, string>()
let toldMs = 0

/** Many times a second while a copy catches up, so that it is told at intervals. */
function tellFollowed(thread: StreamThread): void {
  const nowMs = systemClock.now()
  if (nowMs - toldMs < followedIntervalMs) return
  const states = new Map<string, StandbyState>()
  const now = new Map<string, string>()
  for (const standby of thread.tasks.standbys) {
    const state = thread.copies.standbyState(standby)
    const text = `${state.lagRecords},${state.changelogs.map(({ reached }) => reached).join()}`
    now.set(standby.text, text)
    if (toldOf.get(standby.text) !== text) states.set(standby.text, state)
  }
  toldOf = now
  if (states.size === 0) return
  toldMs = nowMs
  tell({ kind: 'written', states })
}

async function answer(
  thread: StreamThread,
  plan: TopologyPlan,
  client: QuerySource['client'],
  { call, store, partition, query, options }: ToThread & { kind: 'ask' },
): Promise<void> {
  try {
    const source: QuerySource = {
      plan,
      client,
      clock: systemClock,
      partitionsOf: (topic) => seed.counts.get(topic) ?? 1,
      copyOf: (of, at) => thread.copies.find(of, at),
      acceptableLagRecords: seed.config.acceptableRecoveryLag,
      globalStore: () => undefined,
      standings: () => Promise.resolve([]),
      hostsOf: () => ({ active: undefined, standby: [] }),
    }
    const asked = plan.stores.get(store)!
    const result = await whenReady(() => askPartition(source, asked, partition, query, options))
    if (result.ok) tell({ kind: 'answered', call, answer: result })
    else tell({ kind: 'refused', call, reason: result.reason, error: toPortable(result.error) })
  } catch (error) {
    tell({ kind: 'refused', call, reason: 'storeException', error: toPortable(error) })
  }
}

work().then(
  () => end(undefined),
  (error: unknown) => end(error),
)

function end(error: unknown): void {
  tell({ kind: 'ended', failure: error === undefined ? undefined : toPortable(error) })
  parentPort?.close()
}
