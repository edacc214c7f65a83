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
  #committing: Promise<void> | undefined
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
        // Beside the loop, which has to keep polling also while a broker that is away keeps the commit waiting.
        if (!this.#committing) this.#commit([...this.#workers.values()]).catch((error: unknown) => this.#fail(error))
        commitDueMs = clock.now() + limits.commitIntervalMs
      }
      if (clock.now() >= housekeepingDueMs) {
        // A database that is away is the messages' matter; old rows can wait.
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
    const deadlineMs = this.#options.clock.now() + this.#options.limits.stopTimeoutMs
    await this.#stopWorkers(released, deadlineMs)
    if (then === 'commit') await this.#before(deadlineMs, this.#commit(released))
  }

  /** Waits for messages in flight, for as long as the limit allows. */
  async #stopWorkers(workers: readonly PartitionWorker[], deadlineMs: number): Promise<void> {
    const { topic, groupId } = this.#options
    const isInTime = await this.#before(deadlineMs, Promise.all(workers.map((worker) => worker.stop())))
    if (isInTime) return
    const error = handlerError('HANDLER_STOP_TIMEOUT', `a message of ${topic} was in flight for longer than the limit`)
    publish('failed', { groupId, topic, error })
  }

  /** Waits for `work`, but not beyond a moment; false when it was not over by then. */
  async #before(deadlineMs: number, work: Promise<unknown>): Promise<boolean> {
    const { clock } = this.#options
    const over = new AbortController()
    const limit = sleep(clock, Math.max(0, deadlineMs - clock.now()), over.signal).then(
      () => false,
      () => true,
    )
    try {
      return await Promise.race([work.then(() => true), limit])
    } finally {
      over.abort()
    }
  }

  /** Commits what was finished since the last time. What fails is part of the next commit, or is handled again. */
  #commit(workers: readonly PartitionWorker[]): Promise<void> {
    // One after the other: an older commit that is repeated must not arrive after a newer one.
    const committing = (this.#committing ?? Promise.resolve()).catch(() => {}).then(() => this.#commitNow(workers))
    const done = committing.finally(() => {
      if (this.#committing === done) this.#committing = undefined
    })
    this.#committing = done
    return done
  }

  async #commitNow(workers: readonly PartitionWorker[]): Promise<void> {
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
    const { clock, limits, consumer, onStopped } = this.#options
    const deadlineMs = clock.now() + limits.stopTimeoutMs
    const workers = [...this.#workers.values()]
    await this.#stopWorkers(workers, deadlineMs)
    // What was finished before a failure is committed too: the next start begins with the message that failed.
    await this.#before(deadlineMs, this.#commit(workers)).catch((error: unknown) => this.#fail(error))
    // A broker that is away would keep this waiting; the group notices on its own that the member is gone.
    await this.#before(deadlineMs, consumer.close({ group: 'leave' })).catch(() => {})
    await this.#before(deadlineMs, onStopped()).catch(() => {})
    if (this.#failure) {
      this.#stopped.reject(this.#failure.error)
    } else {
      this.#state = 'stopped'
      this.#stopped.resolve()
    }
  }
}
