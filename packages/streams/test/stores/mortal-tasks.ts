import { VirtualClock } from '@millrace/base/internal'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { runnable } from '../../src/core/dsl/topology.ts'
import { failLoudly } from '../../src/core/handlers.ts'
import type { ByteStoreProvider } from '../../src/core/stores/byte-store.ts'
import { memoryStores } from '../../src/core/stores/memory-store.ts'
import { RecordCache } from '../../src/core/stores/record-cache.ts'
import type { ReadOnlyStore } from '../../src/core/stores/views.ts'
import { createStreamTask } from '../../src/core/stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../../src/core/task.ts'
import { resolvePartitions } from '../../src/core/topology/partitions.ts'
import { type TaskId, type TopologyPlan, taskIdText } from '../../src/core/topology/plan.ts'
import type { Topology } from '../../src/index.ts'

/** A record of a topic. */
export interface Logged {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

/**
 * When a task ends, in the course of a transaction: `aborted` is no end, the task itself begins again.
 *
 * - `processed`, `flushed`: nothing of it is committed;
 * - `committed`: all is, and nothing is written to the disk yet;
 * - `stored`: that is done, too.
 */
export const ends = ['processed', 'flushed', 'aborted', 'committed', 'stored'] as const
export type End = (typeof ends)[number]

export interface Death {
  readonly task: string
  /** Counts the task's transactions, from 0. */
  readonly transaction: number
  readonly end: End
  readonly losesDisk: boolean
}

interface Living {
  readonly id: TaskId
  readonly text: string
  task: StreamTask
  disk: ByteStoreProvider
  transactions: number
  /** By topic: where reading goes on, and what was committed with it. */
  readonly committed: Map<string, { readonly offset: number; readonly metadata: string }>
  /** Of the open transaction. */
  readonly written: { readonly topic: string; readonly record: Logged }[]
}

/**
 * The tasks of a topology over topics with one partition, each transaction of one task after the other. One of them dies
 * once, at a given place, and goes on from what is committed and from its disk.
 */
export class MortalTasks {
  readonly topics = new Map<string, Logged[]>()
  readonly #plan: TopologyPlan
  readonly #living: Living[]
  readonly #death: Death | undefined
  readonly #cacheMaxBytes: number
  readonly #clock = new VirtualClock(0)

  constructor(app: Topology, options: { readonly cacheMaxBytes: number; readonly death?: Death }) {
    this.#plan = runnable(app).plan()
    this.#death = options.death
    this.#cacheMaxBytes = options.cacheMaxBytes
    this.#living = resolvePartitions(this.#plan, () => 1).tasks.map((id) => {
      const disk = memoryStores()
      const written: Living['written'] = []
      const task = this.#open(id, disk, written)
      return { id, text: taskIdText(id), disk, task, transactions: 0, committed: new Map(), written }
    })
  }

  /** How many transactions each task has had. */
  get transactions(): ReadonlyMap<string, number> {
    return new Map(this.#living.map(({ text, transactions }) => [text, transactions]))
  }

  /** Lets records in, and all tasks come to their ends, each with one transaction for all that there is for it. */
  pipe(records: readonly { readonly topic: string; readonly record: Logged }[]): void {
    for (const { topic, record } of records) this.#topic(topic).push(record)
    for (let isBusy = true; isBusy; ) {
      isBusy = false
      for (const living of this.#living) {
        if (!this.#isBehind(living)) continue
        isBusy = true
        this.#transact(living)
      }
    }
  }

  /** What the stores hold, by name; as they are, or as they are when restored from nothing. */
  contents(how: 'asTheyAre' | 'restored'): Record<string, unknown> {
    const found: Record<string, unknown> = {}
    for (const living of this.#living) {
      const { id, task } = living
      const restored = how === 'restored' ? this.#open(id, memoryStores(), []) : task
      if (restored !== task) this.#restore(living, restored)
      for (const { name } of this.#plan.subtopologies[id.subtopology]!.stores) {
        found[name] = contentsOf(restored.query(name, 'committed'))
      }
    }
    return found
  }

  close(): void {
    for (const { task } of this.#living) task.close()
  }

  #transact(living: Living): void {
    const { transactions } = living
    living.transactions++
    const death = this.#death
    const end = death?.task === living.text && death.transaction === transactions ? death.end : undefined
    if (this.#endsBeforeCommit(living, end)) return
    const nextOffsets = this.#commit(living)
    if (end !== 'committed') living.task.commitStores(nextOffsets)
    if (end !== undefined) this.#die(living)
  }

  /** Whether the transaction did not come to its commit. */
  #endsBeforeCommit(living: Living, end: End | undefined): boolean {
    this.#process(living)
    if (end !== 'processed') living.task.flush()
    if (end === 'processed' || end === 'flushed') this.#die(living)
    else if (end === 'aborted') {
      living.written.length = 0
      living.task.discard()
    } else return false
    return true
  }

  #process(living: Living): void {
    for (const { topic } of living.task.inputs) {
      const offset = living.committed.get(topic)?.offset ?? 0
      living.task.addBatches({ topic, partition: 0, ...this.#batches(topic, offset) })
    }
    while (living.task.process({ budgetMs: Number.POSITIVE_INFINITY }) > 0) {
      // Until nothing moves any more.
    }
  }

  /** The transaction: what was written, and the offsets. */
  #commit(living: Living): ReadonlyMap<string, number> {
    for (const { topic, offset, metadata } of living.task.consumedOffsets()) {
      living.committed.set(topic, { offset, metadata })
    }
    const nextOffsets = new Map<string, number>()
    const storeOf = new Map(living.task.changelogs().map(({ topic, store }) => [topic, store]))
    for (const { topic, record } of living.written.splice(0)) {
      const length = this.#topic(topic).push(record)
      const store = storeOf.get(topic)
      if (store !== undefined) nextOffsets.set(store, length)
    }
    return nextOffsets
  }

  #die(living: Living): void {
    living.task.close()
    living.written.length = 0
    if (this.#death!.losesDisk) living.disk = memoryStores()
    living.task = this.#open(living.id, living.disk, living.written)
    this.#restore(living, living.task)
  }

  /** In the order of the runtime: times first, then the changelogs to their ends. */
  #restore({ committed }: Living, task: StreamTask): void {
    for (const [topic, { metadata }] of committed) task.restoreTime({ topic, partition: 0, metadata })
    for (const { store, topic, checkpoint = 0, isSource } of task.changelogs()) {
      const end = isSource ? (committed.get(topic)?.offset ?? 0) : this.#topic(topic).length
      if (checkpoint >= end) continue
      const { batches } = this.#batches(topic, checkpoint)
      task.restore(store, batches, { firstOffset: checkpoint, nextOffset: end, before: end })
    }
  }

  #batches(topic: string, firstOffset: number) {
    const records = this.#topic(topic)
    const builder = new RecordBatchBuilder()
    for (const { timestamp, key, value, headers } of records.slice(firstOffset)) {
      builder.append(timestamp, key, value, headers)
    }
    const isEmpty = records.length <= firstOffset
    const batches = isEmpty ? [] : [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
    return { batches, firstOffset, nextOffset: records.length, endOffset: records.length }
  }

  #isBehind({ task, committed }: Living): boolean {
    return task.inputs.some(({ topic }) => (committed.get(topic)?.offset ?? 0) < this.#topic(topic).length)
  }

  #topic(name: string): Logged[] {
    const found = this.topics.get(name) ?? []
    this.topics.set(name, found)
    return found
  }

  #open(taskId: TaskId, stores: ByteStoreProvider, written: Living['written']): StreamTask {
    const write = (
      topic: string,
      timestamp: number,
      key: Uint8Array | null,
      value: Uint8Array | null,
      headers: readonly Header[],
    ): void => {
      written.push({
        topic,
        record: { timestamp, key: key && Buffer.from(key), value: value && Buffer.from(value), headers },
      })
    }
    return createStreamTask({
      plan: this.#plan,
      taskId,
      stores,
      clock: this.#clock,
      cache: new RecordCache({ maxBytes: this.#cacheMaxBytes }),
      partitionsOf: () => 1,
      config: { ...defaultTaskConfig, handlers: failLoudly, strict: true, maxTaskIdleMs: -1 },
      output: {
        produce: (topic, _partition, timestamp, key, value, headers) => write(topic, timestamp, key, value, headers),
        changelog: (topic, _partition, timestamp, key, value, headers = []) =>
          write(topic, timestamp, key, value, headers),
        deadLetter: () => {},
      },
    })
  }
}

function contentsOf(view: ReadOnlyStore): unknown {
  if (view.kind !== 'versioned') return [...view.all()]
  const keys = Array.from({ length: 10 }, (_, i) => `k${i}`)
  return keys.map((key) => [...view.versions(key, {})])
}
