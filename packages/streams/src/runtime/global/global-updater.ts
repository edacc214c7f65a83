import { type Clock, isMillraceError, type Random, sleep } from '@millrace/base'
import { backoffMs } from '@millrace/base/internal'
import { isNotReady } from '@millrace/contracts/internal'
import type { Consumer, KafkaClient } from '@millrace/kafka'
import { GlobalTables } from '../../core/global-tables.ts'
import type { TaskConfig } from '../../core/task.ts'
import type { TopologyPlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { orAborted } from '../abortable.ts'
import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { RuntimeConfig } from '../config.ts'
import { classifyFailure } from '../failures.ts'
import type { StateStores } from '../state-stores.ts'
import { checkStoreKinds } from '../store-kinds.ts'

export interface GlobalUpdaterOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly taskConfig: TaskConfig
  readonly config: RuntimeConfig
  readonly stores: StateStores
  readonly clock: Clock
  readonly random: Random
  readonly partitionsOf: (topic: string) => number
  readonly onFailure: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Keeps the global tables of an instance: `load` reads all partitions of their topics to the ends that they have at
 * that moment, and `follow` goes on from there. Nothing of it belongs to a group or a transaction. Committed records
 * alone are read. What a broker or a network causes is survived, and a disk that refuses writes for a while.
 */
export class GlobalUpdater {
  readonly tables: GlobalTables
  readonly #options: GlobalUpdaterOptions
  readonly #consumer: Consumer
  readonly #partitions: readonly TopicPartition[]
  #failures = 0
  #diskFailures = 0

  /** undefined where the topology has no global table. */
  static of(options: GlobalUpdaterOptions): GlobalUpdater | undefined {
    return options.plan.globalStores.length === 0 ? undefined : new GlobalUpdater(options)
  }

  private constructor(options: GlobalUpdaterOptions) {
    const { plan, clock, stores, taskConfig, client, partitionsOf } = options
    const { handlers, strict } = taskConfig
    for (const { store } of plan.globalStores) {
      checkStoreKinds(stores, { subtopology: store.subtopology, partition: -1 }, [store])
    }
    this.#options = options
    this.tables = new GlobalTables({ plan, clock, stores, handlers, strict })
    this.#consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
    this.#partitions = this.tables.topics.flatMap((topic) =>
      Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
    )
  }

  /** Resolves when every table holds what its topic held when it was asked: no record of a stream before that. */
  async load(): Promise<void> {
    const ends = await this.#surviving(() => this.#begin())
    const isBehind = (): boolean =>
      this.#partitions.some((at) => (this.#consumer.position(at) ?? -1) < (ends.get(partitionText(at)) ?? 0))
    while (isBehind()) await this.#surviving(() => this.#step())
  }

  /** Ends when the signal does; rejects with what it could not survive. */
  async follow(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) await this.#surviving(() => this.#step())
  }

  async close(): Promise<void> {
    await this.#consumer.close()
    this.tables.close()
  }

  /** Finds out where each partition goes on; returns their ends. */
  async #begin(): Promise<ReadonlyMap<string, number>> {
    const { signal } = this.#options
    const offsets = async (asked: Promise<readonly (TopicPartition & { offset: number })[]>) =>
      new Map((await orAborted(asked, signal)).map((at) => [partitionText(at), at.offset]))
    const begins = await offsets(this.#consumer.beginningOffsets(this.#partitions))
    const ends = await offsets(this.#consumer.endOffsets(this.#partitions))
    for (const topic of this.tables.topics) {
      const own = this.#partitions.filter((at) => at.topic === topic)
      // Rows may have been deleted in what is gone, or the topic may be another one: the table begins anew.
      const continues = own.every((at) => {
        const position = this.tables.position(at)
        const name = partitionText(at)
        return position === undefined || (position >= (begins.get(name) ?? 0) && position <= (ends.get(name) ?? 0))
      })
      if (!continues) this.tables.forget(topic)
    }
    this.#consumer.assign(this.#partitions)
    for (const at of this.#partitions) {
      this.#consumer.seek({ ...at, offset: this.tables.position(at) ?? begins.get(partitionText(at)) ?? 0 })
    }
    return ends
  }

  async #step(): Promise<void> {
    const { config, clock, signal } = this.#options
    const failed = new Set<string>()
    for (const fetched of await this.#consumer.poll({ timeoutMs: config.pollTimeoutMs, signal })) {
      const { topic, partition, batches, firstOffset, nextOffset, lastStableOffset: endOffset } = fetched
      // What comes behind records that could not be written waits for them.
      if (failed.has(partitionText(fetched))) continue
      try {
        this.tables.apply({ topic, partition, batches, firstOffset, nextOffset, endOffset })
        this.#diskFailures = 0
      } catch (error) {
        this.#surviveDisk(topic, error)
        failed.add(partitionText(fetched))
        this.#consumer.seek({ topic, partition, offset: firstOffset })
      }
    }
    if (failed.size > 0) await sleep(clock, config.retryDelayMsMin, signal)
  }

  /** What is no mistake of the program's comes from the disk: written again later, and given up when that never helps. */
  #surviveDisk(topic: string, error: unknown): void {
    const { config, onFailure } = this.#options
    // A schema is on its way: the records are read again when it has come.
    if (isNotReady(error)) return
    if (isMillraceError(error)) throw error
    this.#diskFailures++
    if (this.#diskFailures >= config.restoreFailuresMax) {
      throw streamsError('STREAMS_STATE_FAILED', `the global table of ${topic} cannot be written`, { topic }, error)
    }
    onFailure(error)
  }

  async #surviving<T>(work: () => Promise<T>): Promise<T> {
    const { signal, onFailure, clock, random, config } = this.#options
    for (;;) {
      signal.throwIfAborted()
      try {
        const result = await work()
        this.#failures = 0
        return result
      } catch (error) {
        if (signal.aborted || classifyFailure(error) === 'fatal') throw error
        onFailure(error)
        const backoff = { delayMsMin: config.retryDelayMsMin, delayMsMax: config.retryDelayMsMax }
        await sleep(clock, backoffMs(++this.#failures, backoff, random), signal)
      }
    }
  }
}

/** Runs the threads of an instance while its global tables are kept up to date; what ends one ends the other. */
export async function runBeside(
  updater: GlobalUpdater | undefined,
  threads: { run(): Promise<void>; stop(): void },
  signal: AbortSignal,
): Promise<void> {
  if (updater === undefined) return threads.run()
  let failure: { readonly error: unknown } | undefined
  const following = updater.follow().catch((error: unknown) => {
    if (signal.aborted) return
    failure = { error }
    threads.stop()
  })
  await threads.run()
  if (signal.aborted || failure !== undefined) await following
  if (failure !== undefined) throw failure.error
}
