import { type Clock, isMillraceError, type MetricSample, type MetricSource, sleep } from '@millrace/base'
import type { Consumer, TopicPartition } from '@millrace/kafka'
import { handlerError } from './errors.ts'
import { publish } from './events.ts'
import type { HandlerLimits } from './limits.ts'
import type { HandlerMetrics } from './metrics.ts'
import { isOutage } from './outage.ts'
import { PartitionWorker } from './partition-worker.ts'
import type { Settle } from './settle.ts'

export type HandlerState = 'running' | 'stopping' | 'stopped' | 'failed'

/** A handler at work. */
export interface RunningHandler extends MetricSource, AsyncDisposable {
  readonly state: HandlerState
  /**
   * Settles when the handler has stopped: resolves after `close`, rejects with what made it fail. Nobody who waits for it
   * means that Node ends the process with that error, which is what a service without its handler should do.
   */
  readonly stopped: Promise<void>
  /** Finishes the messages in flight, commits their offsets, leaves the group. Never rejects. */
  close(): Promise<void>
}

export interface RunOptions {
  readonly topic: string
  readonly groupId: string
  readonly consumer: Consumer
  readonly settle: Settle
  readonly metrics: HandlerMetrics
  readonly limits: HandlerLimits
  readonly clock: Clock
  /** Runs now and then beside the messages. */
  readonly housekeeping: () => Promise<void>
  /** Runs last, also after a failure. */
  readonly onStopped: () => Promise<void>
}

/** How long one poll waits for records. A partition that is resumed meanwhile ends the wait. */
const pollMs = 500
const housekeepingIntervalMs = 60_000

/** The loop that fetches, hands out to a worker per partition, and commits what they finished. */
export class Runner {
  readonly #options: RunOptions
  readonly #workers = new Map<number, PartitionWorker>()
  readonly #paused = new Set<number>()
  readonly #stop = new AbortController()
  readonly #stopped = Promise.withResolvers<void>()
  #state: HandlerState = 'running'
  #failure: { readonly error: unknown } | undefined

  constructor(options: RunOptions) {
    this.#options = options
  }

  get state(): HandlerState {
    return this.#state
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise
  }

  requestStop(): void {
    if (this.#state === 'running') this.#state = 'stopping'
    this.#stop.abort(new Error('the handler was asked to stop'))
  }

  metrics(): Iterable<MetricSample> {
    let lag = 0
    for (const worker of this.#workers.values()) lag += worker.lagRecords
    return this.#options.metrics.samples(lag)
  }

  /** Runs until stopped or failed. Never rejects; `stopped` tells. */
  async run(): Promise<void> {
    try {
      this.#options.consumer.subscribe({
        topics: [this.#options.topic],
        onRevoked: (partitions) => this.#release(partitions, 'commit'),
        onLost: (partitions) => this.#release(partitions, 'forget'),
      })
      await this.#loop()
    } catch (error) {
      this.#fail(error)
    }
    await this.#shutDown()
  }

  async #loop(): Promise<void> {
    const { clock, limits } = this.#options
    let commitDueMs = clock.now() + limits.commitIntervalMs
    let housekeepingDueMs = clock.now()
    while (!this.#stop.signal.aborted) {
      await this.#poll()
      if (clock.now() >= commitDueMs) {
        await this.#commit([...this.#workers.values()])
        commitDueMs = clock.now() + limits.commitIntervalMs
      }
      if (clock.now() >= housekeepingDueMs) {
        // Beside the loop, which has to keep polling. A database that is away is the messages' matter; old rows can wait.
        this.#options.housekeeping().catch(() => {})
        housekeepingDueMs = clock.now() + housekeepingIntervalMs
      }
    }
  }

  async #poll(): Promise<void> {
    const { consumer, clock, topic } = this.#options
    try {
      for (const block of await consumer.poll({ timeoutMs: pollMs, signal: this.#stop.signal })) {
        this.#workerOf(block.partition).push(block)
      }
      this.#balance()
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (!isOutage(error)) throw error
      publish('outage', { groupId: this.#options.groupId, topic, error })
      await sleep(clock, this.#options.limits.retryDelayMsMin, this.#stop.signal).catch(() => {})
    }
  }

  #workerOf(partition: number): PartitionWorker {
    let worker = this.#workers.get(partition)
    if (!worker) {
      const { topic, settle, metrics } = this.#options
      worker = new PartitionWorker(topic, partition, {
        settle,
        metrics,
        onProgress: () => this.#balance(),
        onFailed: (error) => this.#fail(error),
      })
      this.#workers.set(partition, worker)
    }
    return worker
  }

  /** Fetches no more for partitions whose worker is behind. */
  #balance(): void {
    const { consumer, topic, limits } = this.#options
    // During a rebalance a worker may outlive the assignment of its partition.
    const assigned = new Set(consumer.assignment().map(({ partition }) => partition))
    for (const { partition, backlog } of this.#workers.values()) {
      const isFull = backlog >= limits.fetchedAheadMax
      if (isFull === this.#paused.has(partition) || !assigned.has(partition)) continue
      if (isFull) {
        this.#paused.add(partition)
        consumer.pause([{ topic, partition }])
      } else {
        this.#paused.delete(partition)
        consumer.resume([{ topic, partition }])
      }
    }
  }

  /**
   * Ends the workers of partitions that another member takes over. The message in flight is finished first: its offset is
   * then in the commit, so that the next member does not begin with a duplicate.
   */
  async #release(partitions: readonly TopicPartition[], then: 'commit' | 'forget'): Promise<void> {
    const released = partitions.flatMap(({ partition }) => this.#workers.get(partition) ?? [])
    for (const { partition } of released) {
      this.#workers.delete(partition)
      this.#paused.delete(partition)
    }
    await this.#stopWorkers(released)
    if (then === 'commit') await this.#commit(released)
  }

  /** Waits for messages in flight, for as long as the limit allows. */
  async #stopWorkers(workers: readonly PartitionWorker[]): Promise<void> {
    const { clock, limits, topic, groupId } = this.#options
    const finished = new AbortController()
    const all = Promise.all(workers.map((worker) => worker.stop())).then(() => 'finished' as const)
    const limit = sleep(clock, limits.stopTimeoutMs, finished.signal).then(
      () => 'late' as const,
      () => 'finished' as const,
    )
    const outcome = await Promise.race([all, limit])
    finished.abort()
    if (outcome === 'finished') return
    const error = handlerError('HANDLER_STOP_TIMEOUT', `a message of ${topic} was in flight for longer than the limit`)
    publish('failed', { groupId, topic, error })
  }

  /** Commits what was finished since the last time. What fails is part of the next commit, or is handled again. */
  async #commit(workers: readonly PartitionWorker[]): Promise<void> {
    const { consumer, topic, groupId } = this.#options
    const due = workers.flatMap((worker) => {
      const { position, partition } = worker
      return position === undefined || position === worker.committed
        ? []
        : [{ worker, topic, partition, offset: position }]
    })
    if (due.length === 0) return
    try {
      await consumer.commit(due.map(({ worker: _, ...offset }) => offset))
      for (const { worker, offset } of due) worker.committed = offset
    } catch (error) {
      if (isMillraceError(error) && error.code.endsWith('AUTHORIZATION_FAILED')) throw error
      publish('commitFailed', { groupId, topic, error })
    }
  }

  #fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    this.#state = 'failed'
    publish('failed', { groupId: this.#options.groupId, topic: this.#options.topic, error })
    this.#stop.abort(error)
  }

  async #shutDown(): Promise<void> {
    const workers = [...this.#workers.values()]
    await this.#stopWorkers(workers)
    // What was finished before a failure is committed too: the next start begins with the message that failed.
    await this.#commit(workers).catch((error: unknown) => this.#fail(error))
    await this.#options.consumer.close().catch(() => {})
    await this.#options.onStopped().catch(() => {})
    if (this.#failure) {
      this.#stopped.reject(this.#failure.error)
    } else {
      this.#state = 'stopped'
      this.#stopped.resolve()
    }
  }
}
