import { streamsError } from '../errors.ts'
import type { TaskRecordContext } from './record-context.ts'
import { OutputFailure } from './stage-failure.ts'
import { restoreWrites } from './stores/restore.ts'
import { StateStore } from './stores/state-store.ts'
import { type Isolation, keyValueView, windowView } from './stores/state-view.ts'
import { StoreBytes } from './stores/store-bytes.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import { deepFreeze, roundTripped } from './strict.ts'
import type { StreamTask, StreamTaskOptions, TaskChangelog } from './task.ts'
import type { StorePlan, SubtopologyPlan } from './topology/plan.ts'

export interface TaskStoresOptions extends StreamTaskOptions {
  readonly subtopology: SubtopologyPlan
  readonly context: TaskRecordContext
  readonly onPut: () => void
  readonly onFlushFailure: (error: unknown) => void
}

/** The state stores of one task, in the order of the topology: upstream ones first. */
export class TaskStores {
  readonly byName = new Map<string, StateStore>()
  readonly #plans = new Map<string, StorePlan>()
  readonly #partition: number

  constructor(options: TaskStoresOptions) {
    this.#partition = options.taskId.partition
    for (const plan of options.subtopology.stores) {
      this.#plans.set(plan.name, plan)
      this.byName.set(plan.name, openStore(plan, options))
    }
  }

  get uncommittedBytes(): number {
    let sum = 0
    for (const store of this.byName.values()) sum += store.bytes.uncommittedBytes
    return sum
  }

  changelogs(): TaskChangelog[] {
    const found: TaskChangelog[] = []
    for (const [store, { changelogTopic }] of this.#plans) {
      if (changelogTopic === undefined) continue
      const checkpoint = this.byName.get(store)!.bytes.committed.checkpoint()
      found.push({ store, topic: changelogTopic, partition: this.#partition, checkpoint })
    }
    return found
  }

  /** Writing one cache down may fill those downstream of it, which come later in the order. */
  flush(): void {
    for (const store of this.byName.values()) store.flush()
  }

  commit(changelogNextOffsets: ReadonlyMap<string, number>): void {
    for (const [name, store] of this.byName) store.bytes.commit(changelogNextOffsets.get(name))
  }

  discard(): void {
    for (const store of this.byName.values()) {
      store.dropCache()
      store.bytes.discard()
    }
  }

  restore(
    name: string,
    batches: Parameters<StreamTask['restore']>[1],
    options: { firstOffset: number; nextOffset: number },
  ): number {
    const store = this.#store(name)
    const progress = { records: 0, latestStart: store.latestStart }
    const writes = restoreWrites(batches, options.firstOffset, store.kind, progress)
    store.bytes.committed.apply(writes, options.nextOffset)
    store.latestStart = progress.latestStart
    return progress.records
  }

  view(name: string, isolation: Isolation): ReadOnlyStore {
    const store = this.#store(name)
    const plan = this.#plans.get(name)!
    if (plan.kind !== 'window') return keyValueView(store, isolation)
    const latestStart = (): number => store.latestStart
    return windowView(store, isolation, { retentionMs: plan.retentionMs!, windowEnd: plan.windowEnd!, latestStart })
  }

  close(): void {
    for (const store of this.byName.values()) store.bytes.committed.close()
  }

  #store(name: string): StateStore {
    const store = this.byName.get(name)
    if (store) return store
    throw streamsError('STREAMS_STORE_UNKNOWN', `there is no store '${name}' here`, { store: name })
  }
}

function openStore(plan: StorePlan, options: TaskStoresOptions): StateStore {
  const { taskId, stores, output, cache, context, config } = options
  const { name, kind, changelogTopic, retentionMs } = plan
  const committed = stores.open({ taskId, store: name, kind, retentionMs })
  const changelog =
    changelogTopic === undefined
      ? undefined
      : (timestamp: number, key: Uint8Array, value: Uint8Array | null): void => {
          try {
            output.changelog(changelogTopic, taskId.partition, timestamp, key, value)
          } catch (cause) {
            throw new OutputFailure(cause)
          }
        }
  return new StateStore({
    name,
    kind: kind === 'window' ? 'window' : 'keyValue',
    keySerde: plan.keySerde,
    valueSerde: plan.valueSerde,
    bytes: new StoreBytes(committed, changelog),
    cache: plan.cached && cache.maxBytes > 0 ? cache : undefined,
    context,
    onPut: options.onPut,
    onFlushFailure: options.onFlushFailure,
    ...(config.strict && { strict: { put: roundTripped, read: deepFreeze } }),
  })
}
