import type { MetricSample } from '@millrace/base'
import { redrivenForAnother } from '@millrace/base/internal'
import type { RecordCursor } from '@millrace/protocol'
import { streamsError } from '../errors.ts'
import { sample } from './metrics/metric-table.ts'
import { StoreMetrics } from './metrics/store-metrics.ts'
import type { Pace } from './pace.ts'
import type { DropReason } from './processor.ts'
import type { TaskRecordContext } from './record-context.ts'
import { OutputFailure } from './stage-failure.ts'
import type { ByteStore, ByteStoreOptions, ByteStoreProvider } from './stores/byte-store.ts'
import { MemoryByteStore } from './stores/memory-store.ts'
import { openStore } from './stores/open-store.ts'
import { ForeignKey } from './stores/restore.ts'
import type { ChangelogWriter } from './stores/store-bytes.ts'
import type { HeldFigures, Isolation, RestoreOptions, StoreWriting, TaskStore } from './stores/task-store.ts'
import { loggingHeaders } from './stores/value-headers.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import { deepFreeze, roundTripped } from './strict.ts'
import type { StreamTask, StreamTaskOptions, TaskChangelog, TaskOffset } from './task.ts'
import type { StorePlan, SubtopologyPlan } from './topology/plan.ts'
import { layoutOf, type StoreStorage } from './topology/store-kinds.ts'

export interface TaskStoresOptions extends StreamTaskOptions {
  readonly subtopology: SubtopologyPlan
  readonly context: TaskRecordContext
  readonly onPut: () => void
  readonly onFlushFailure: (error: unknown) => void
  /** See `StoreEnvironment.onLeftOut`; told of the topic. */
  readonly onLeftOut?: (topic: string, reason: DropReason) => void
}

interface CommittedOffsets {
  /** By store: the next one of its changelog. */
  readonly logged: ReadonlyMap<string, number>
  /** How far topics were read that stores are restored from. */
  readonly consumed: readonly TaskOffset[]
}

/** The state stores of one task, in the order of the topology: upstream ones first. */
export class TaskStores {
  readonly byName = new Map<string, TaskStore>()
  readonly #metrics = new Map<string, StoreMetrics>()
  readonly #plans = new Map<string, StorePlan>()
  readonly #partition: number
  readonly #clock: TaskStoresOptions['clock']
  readonly #partitionsOf: (topic: string) => number

  constructor(options: TaskStoresOptions) {
    this.#partition = options.taskId.partition
    this.#clock = options.clock
    this.#partitionsOf = options.partitionsOf
    for (const plan of options.subtopology.stores) {
      this.#plans.set(plan.name, plan)
      const store = open(plan, options)
      this.byName.set(plan.name, store)
      const { clock, context, config } = options
      const { stopwatch } = config
      if (stopwatch) this.#metrics.set(plan.name, new StoreMetrics(store, { clock, stopwatch, context }))
    }
  }

  /** Estimated bytes of what the record caches hold. */
  get cacheBytes(): number {
    let sum = 0
    for (const { cache } of this.byName.values()) sum += cache?.sizeBytes ?? 0
    return sum
  }

  *samples(labels: Readonly<Record<string, string>>): Generator<MetricSample> {
    const nowMs = this.#clock.now()
    for (const [name, { cache, held, uncommittedBytes }] of this.byName) {
      const named = { ...labels, store: name }
      yield sample('millrace_streams_store_uncommitted_bytes', named, uncommittedBytes)
      if (cache !== undefined) {
        yield sample('millrace_streams_cache_hits_total', named, cache.hits)
        yield sample('millrace_streams_cache_misses_total', named, cache.misses)
        yield sample('millrace_streams_cache_bytes', named, cache.sizeBytes)
      }
      if (held !== undefined) yield* heldSamples(held, named, nowMs)
      const metrics = this.#metrics.get(name)
      if (metrics !== undefined) yield* metrics.samples(named)
    }
  }

  get uncommittedBytes(): number {
    let sum = 0
    for (const store of this.byName.values()) sum += store.uncommittedBytes
    return sum
  }

  changelogs(): TaskChangelog[] {
    const found: TaskChangelog[] = []
    for (const [store, { changelogTopic, restoresFrom }] of this.#plans) {
      const topic = restoresFrom ?? changelogTopic
      if (topic === undefined) continue
      const isSource = restoresFrom !== undefined
      // Topics that are read side by side may have different numbers of partitions.
      if (isSource && this.#partitionsOf(topic) <= this.#partition) continue
      const checkpoint = this.byName.get(store)!.checkpoint()
      found.push({ store, topic, partition: this.#partition, checkpoint, ...(isSource && { isSource }) })
    }
    return found
  }

  /** Writing one cache down may fill those downstream of it, which come later in the order. */
  flush(pace?: Pick<Pace, 'isOver'>): boolean {
    for (const store of this.byName.values()) if (!store.flush(pace)) return false
    return true
  }

  *writings(offsets: CommittedOffsets): Generator<StoreWriting> {
    for (const [name, store] of this.byName) {
      const writing = store.writing?.(this.#checkpointOf(name, offsets))
      if (writing !== undefined) yield writing
    }
  }

  commit(offsets: CommittedOffsets): void {
    for (const [name, store] of this.byName) store.commit(this.#checkpointOf(name, offsets))
  }

  #checkpointOf(name: string, { logged, consumed }: CommittedOffsets): number | undefined {
    const source = this.#plans.get(name)!.restoresFrom
    return source === undefined ? logged.get(name) : consumed.find(({ topic }) => topic === source)?.offset
  }

  /** See `StreamTask.latestTimes`. */
  latestTimes(): ReadonlyMap<string, number> {
    const times = new Map<string, number>()
    for (const [name, { latestTime }] of this.byName) if (latestTime !== undefined) times.set(name, latestTime)
    return times
  }

  discard(): void {
    for (const store of this.byName.values()) store.discard()
  }

  restore(name: string, batches: Parameters<StreamTask['restore']>[1], options: RestoreOptions): number {
    try {
      return this.#store(name).restore(batches, options)
    } catch (cause) {
      if (!(cause instanceof ForeignKey)) throw cause
      throw streamsError('STREAMS_STORE_CHANGED', `changelog of store '${name}': ${cause.message}`, { store: name })
    }
  }

  view(name: string, isolation: Isolation): ReadOnlyStore {
    return this.#store(name).view(isolation)
  }

  close(): void {
    for (const store of this.byName.values()) store.close()
  }

  #store(name: string): TaskStore {
    const store = this.byName.get(name)
    if (store) return store
    throw streamsError('STREAMS_STORE_UNKNOWN', `there is no store '${name}' here`, { store: name })
  }
}

function* heldSamples(
  { records, bytes, recordsPeak, bytesPeak }: HeldFigures,
  labels: Readonly<Record<string, string>>,
  nowMs: number,
): Generator<MetricSample> {
  yield sample('millrace_streams_store_held_records', labels, records)
  yield sample('millrace_streams_store_held_records_max', labels, recordsPeak.recentMax(records, nowMs))
  if (bytes === undefined) return
  yield sample('millrace_streams_store_held_bytes', labels, bytes)
  yield sample('millrace_streams_store_held_bytes_max', labels, bytesPeak.recentMax(bytes, nowMs))
}

function open(plan: StorePlan, options: TaskStoresOptions): TaskStore {
  const { taskId, stores, cache, context, config } = options
  const { name, restoresFrom } = plan
  return openStore(plan, {
    committed: openBytes(plan.storage, stores, { taskId, store: name, ...layoutOf(plan) }),
    changelog: changelogOf(plan, options),
    cache: plan.cached && cache.maxBytes > 0 ? cache : undefined,
    context,
    onPut: options.onPut,
    onFlushFailure: options.onFlushFailure,
    ...(restoresFrom !== undefined && {
      isForAnother: forAnother(options.plan.applicationId, restoresFrom),
      onLeftOut: (reason: DropReason) => options.onLeftOut?.(restoresFrom, reason),
    }),
    strict: config.strict ? { put: roundTripped, read: deepFreeze } : undefined,
  })
}

function forAnother(applicationId: string, topic: string): (record: RecordCursor) => boolean {
  const isForAnother = redrivenForAnother(applicationId)
  return (record) => isForAnother(record, topic)
}

/** A store in memory is a new one each time: it says that it has seen nothing of its changelog, and is restored. */
function openBytes(storage: StoreStorage | undefined, stores: ByteStoreProvider, options: ByteStoreOptions): ByteStore {
  if (typeof storage === 'function') return storage(options)
  return storage === 'memory' ? new MemoryByteStore(options) : stores.open(options)
}

function changelogOf(
  { changelogTopic, hasHeaders }: StorePlan,
  options: TaskStoresOptions,
): ChangelogWriter | undefined {
  if (changelogTopic === undefined) return undefined
  const log = changelogWriter(changelogTopic, options)
  return hasHeaders ? loggingHeaders(log, options.context) : log
}

function changelogWriter(topic: string, { output, taskId: { partition } }: TaskStoresOptions): ChangelogWriter {
  return (timestamp, key, value, headers) => {
    try {
      output.changelog(topic, partition, timestamp, key, value, headers)
    } catch (cause) {
      throw new OutputFailure(cause)
    }
  }
}
