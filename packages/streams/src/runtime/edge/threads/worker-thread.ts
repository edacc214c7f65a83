import { Worker } from 'node:worker_threads'
import type { Clock, MetricSample } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { JoinMiss } from '../../../core/metrics/join-misses.ts'
import { type StorePlan, type TopologyPlan, taskIdText } from '../../../core/topology/plan.ts'
import { streamsError } from '../../../errors.ts'
import { type HostMap, nothingAssigned } from '../../assignment/user-data.ts'
import type { PartitionResult } from '../../queries/partition-query.ts'
import type { FoundCopy } from '../../queries/state-copy.ts'
import type { CopyStanding } from '../../queries/store-lags.ts'
import { fromPortable } from '../../threads/portable-error.ts'
import type { ThreadContext, ThreadHandle } from '../../threads/thread-handle.ts'
import type { FromThread, ThreadSeed, ThreadTasks, ToThread } from '../../threads/thread-messages.ts'
import { ThreadStanding } from '../../threads/thread-standing.ts'
import { CommittedCopies } from './committed-copies.ts'
import type { InstanceSeed } from './thread-seed.ts'

/**
 * Node lets it grow to 192 MB, where a task that works through a backlog fills it between two collections, with objects
 * that live for one record. A quarter of that costs no more time.
 */
const youngGenerationMb = 48

export interface WorkerThreadOptions {
  readonly seed: InstanceSeed
  readonly context: ThreadContext
  readonly plan: TopologyPlan
  readonly client: KafkaClient
  readonly clock: Clock
  /** Called when it has gone, however. */
  readonly released: () => void
}

/**
 * A thread of the instance in a worker of its own: it loads the application's module, connects by itself and runs its
 * tasks. What it has is known here. What it has committed on disk is read here, copies included; other state is asked for by message.
 */
export function workerThread(options: WorkerThreadOptions): ThreadHandle {
  return new WorkerThread(options)
}

class WorkerThread implements ThreadHandle {
  readonly index: number
  readonly #seed: ThreadSeed
  readonly #context: ThreadContext
  readonly #released: () => void
  readonly #asked = new Map<number, (result: PartitionResult<unknown>) => void>()
  readonly #askedStandings = new Map<number, (standings: readonly CopyStanding[]) => void>()
  #worker: Worker | undefined
  #abandoned = false
  #calls = 0
  #samples: readonly MetricSample[] = []
  #misses: readonly JoinMiss[] = []
  #tasks: ThreadTasks = { active: [], standby: [] }
  isReady = false
  hosts: HostMap = nothingAssigned

  readonly #copies: CommittedCopies | undefined

  constructor({ seed, context, plan, client, clock, released }: WorkerThreadOptions) {
    const { index, endsApplication, counts, onFailure } = context
    const { directory } = seed
    const standing = new ThreadStanding()
    this.index = index
    this.#context = context
    this.#released = released
    this.#seed = {
      ...seed,
      index,
      endsApplication,
      counts,
      isPaused: context.isPaused(),
      standing: standing.buffer,
    }
    const partitionsOf = (topic: string): number => counts.get(topic) ?? 1
    const copies = { directory, plan, client, partitionsOf, clock, standing, onFailure }
    this.#copies = directory === 'memory' ? undefined : new CommittedCopies(copies)
  }

  run(): Promise<void> {
    const worker = new Worker(new URL(import.meta.resolve('#thread-worker')), {
      workerData: this.#seed,
      name: `${this.#seed.applicationId}-${this.index}`,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    })
    this.#worker = worker
    return new Promise((resolve, reject) => {
      let ended: { readonly failure: Error | undefined } | undefined
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'ended') ended = { failure: message.failure && fromPortable(message.failure) }
        else this.#take(message)
      })
      // What nobody caught there.
      worker.on('error', (error: unknown) => {
        ended ??= { failure: error instanceof Error ? error : new Error(String(error)) }
      })
      worker.on('exit', (code) => {
        this.#gone()
        if (ended?.failure) reject(ended.failure)
        else if (ended || this.#abandoned) resolve()
        else reject(new Error(`thread ${this.index} ended with exit status ${code}`))
      })
    })
  }

  stop(leaving: Parameters<ThreadHandle['stop']>[0]): void {
    this.#tell({ kind: 'stop', leaving })
  }

  abandon(): void {
    this.#abandoned = true
    void this.#worker?.terminate()
  }

  setPaused(isPaused: boolean): void {
    this.#tell({ kind: 'pause', isPaused })
  }

  askForShutdown(): void {
    this.#tell({ kind: 'endApplication' })
  }

  find(store: StorePlan, partition: number): FoundCopy {
    return this.#copies?.find(store, partition)
  }

  ask: ThreadHandle['ask'] = (store, partition, query, options) => {
    if (!this.has(taskIdText({ subtopology: store.subtopology, partition }))) return undefined
    const call = ++this.#calls
    return new Promise((resolve) => {
      this.#asked.set(call, resolve)
      this.#tell({ kind: 'ask', call, store: store.name, partition, query, options })
    })
  }

  standings: ThreadHandle['standings'] = () => {
    if (this.#worker === undefined) return []
    const call = ++this.#calls
    return new Promise((resolve) => {
      this.#askedStandings.set(call, resolve)
      this.#tell({ kind: 'tellStandings', call })
    })
  }

  metrics(): Iterable<MetricSample> {
    return this.#samples
  }

  joinMisses(): readonly JoinMiss[] {
    return this.#misses
  }

  has(task: string): 'active' | 'standby' | undefined {
    if (this.#tasks.active.includes(task)) return 'active'
    return this.#tasks.standby.includes(task) ? 'standby' : undefined
  }

  #take(message: Exclude<FromThread, { kind: 'ended' }>): void {
    switch (message.kind) {
      case 'changed':
        this.isReady = message.isReady
        this.hosts = message.hosts
        this.#tasks = message.tasks
        this.#copies?.changed(message.version, message.readable)
        this.#context.onChange()
        return
      case 'written':
        this.#copies?.written(message.states)
        return
      case 'metrics':
        this.#samples = message.samples
        this.#misses = message.misses
        return
      case 'restore':
        this.#context.tell(message.event)
        return
      case 'survived':
        this.#context.onFailure(fromPortable(message.error))
        return
      case 'shutdownRequested':
        this.#context.onShutdownRequested()
        return
      case 'standings':
        this.#askedStandings.get(message.call)?.(message.standings)
        this.#askedStandings.delete(message.call)
        return
      case 'answered':
        this.#answered(message.call, message.answer)
        return
      case 'refused':
        this.#answered(message.call, { ok: false, reason: message.reason, error: fromPortable(message.error) })
    }
  }

  #answered(call: number, result: PartitionResult<unknown>): void {
    this.#asked.get(call)?.(result)
    this.#asked.delete(call)
  }

  #gone(): void {
    this.#worker = undefined
    this.isReady = false
    this.#tasks = { active: [], standby: [] }
    this.#copies?.close()
    this.#released()
    for (const resolve of this.#askedStandings.values()) resolve([])
    this.#askedStandings.clear()
    const error = streamsError('STREAMS_STORE_NOT_READY', `thread ${this.index} has ended`, { thread: this.index })
    for (const call of [...this.#asked.keys()]) this.#answered(call, { ok: false, reason: 'notReady', error })
  }

  #tell(message: ToThread): void {
    this.#worker?.postMessage(message)
  }
}
