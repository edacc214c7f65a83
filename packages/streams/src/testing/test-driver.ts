import type { MetricSample } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import type { AnyTopicContract, KeyInput, KeyOf, ValueInput, ValueOf } from '@millrace/contracts'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { runnable } from '../core/dsl/topology.ts'
import type { Topology } from '../core/dsl/types-topology.ts'
import { GlobalTables } from '../core/global-tables.ts'
import { type FailedRecord, type FailureHandlers, failLoudly } from '../core/handlers.ts'
import type { JoinMiss } from '../core/metrics/join-misses.ts'
import type { ByteStoreProvider } from '../core/stores/byte-store.ts'
import { memoryStores } from '../core/stores/memory-store.ts'
import { RecordCache } from '../core/stores/record-cache.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../core/stores/views.ts'
import { createStreamTask } from '../core/stream-task.ts'
import { defaultTaskConfig, type StreamTask, type TaskOutput } from '../core/task.ts'
import { resolvePartitions } from '../core/topology/partitions.ts'
import type { StorePlan, TopologyPlan } from '../core/topology/plan.ts'
import { layoutOf } from '../core/topology/store-kinds.ts'
import { streamsError } from '../errors.ts'

export interface TestDriverOptions {
  /** Application id; the topology's name unless given. */
  readonly applicationId?: string
  /** Where the clock stands at first, in epoch milliseconds; 0 unless given. Records get this time where `pipe` gives none. */
  readonly startMs?: number
  /**
   * Memory of the record cache. 0 (unless given) lets every update through; otherwise updates of a key replace each
   * other until `commit()`.
   */
  readonly cacheMaxBytes?: number
  /** What becomes of records that fail; fails loudly unless given. */
  readonly handlers?: Partial<FailureHandlers>
  /** Stores to start with, to go on where another driver ended; empty ones in memory unless given. */
  readonly stores?: ByteStoreProvider
  /** Freezing values and writing every stored one to bytes and back; true unless turned off. */
  readonly strict?: boolean
}

export interface PipeOptions {
  /** Epoch milliseconds; the driver's clock unless given. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Uint8Array | null>>
}

/** A topic that the topology reads. */
export interface TestInput<K, V> {
  /** Processes a record to the end, through all sub-topologies. `null` is a tombstone, or a record without key. */
  pipe(key: K | null, value: V | null, options?: PipeOptions): void
  /** A record as raw bytes, which need not fit the contract. */
  pipeBytes(key: Uint8Array | null, value: Uint8Array | null, options?: PipeOptions): void
}

export interface TestRecord<K, V> {
  readonly key: K
  readonly value: V | null
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string | null>>
}

/** A topic that the topology writes. Reading takes records away. */
export interface TestOutput<K, V> {
  /** Keys and values in the order they were written. */
  readAll(): [key: K, value: V | null][]
  readRecords(): TestRecord<K, V>[]
}

/** A record that was sent to a dead-letter topic. */
export interface TestDeadLetter extends Omit<FailedRecord, 'headers'> {
  readonly error: unknown
}

/**
 * A topology at work without broker, sockets or timers: records go in, what they cause comes out, at once. Values are
 * frozen and those in stores are written to bytes and back, so that a callback that changes one in place, or makes one
 * that its serde loses, fails here and not in production.
 */
export interface TestDriver extends Disposable {
  input<C extends AnyTopicContract>(contract: C): TestInput<KeyInput<C>, ValueInput<C>>
  /** Any topic that is written to, repartition topics and changelogs included. */
  output<C extends AnyTopicContract>(contract: C): TestOutput<KeyOf<C>, ValueOf<C>>
  /** Names of the topics that hold records which nobody has read yet: outputs, repartition topics and changelogs. */
  producedTopics(): string[]
  /** Reads a key-value store, the open transaction and the cache included. */
  store<K = unknown, V = unknown>(name: string): ReadOnlyKeyValueStore<K, V>
  windowStore<K = unknown, V = unknown>(name: string): ReadOnlyWindowStore<K, V>
  sessionStore<K = unknown, V = unknown>(name: string): ReadOnlySessionStore<K, V>
  versionedStore<K = unknown, V = unknown>(name: string): ReadOnlyVersionedStore<K, V>
  /** Moves the clock forward. */
  advanceTime(byMs: number): void
  /** Writes caches down and commits; happens by itself after every record where there is no cache. */
  commit(): void
  deadLetters(): TestDeadLetter[]
  /** Counts of records that operators left out, by reason (`null-key`, `null-value`, `late`, `skipped`). */
  dropped(): Readonly<Record<string, number>>
  metrics(): MetricSample[]
  /** The last records that found no row of the table that they are joined with, and why. */
  joinMisses(): JoinMiss[]
  describe(): string
  close(): void
}

/**
 * Starts a topology, or what a module's default export makes it from.
 *
 * @example
 * test('adds up what a customer spent', () => {
 *   using driver = testDriver(spendTopology)
 *   driver.input(order).pipe('o-1', { customerId: 'alice', amount: 10 })
 *   assert.deepEqual(driver.output(spend).readAll(), [['alice', 10]])
 * })
 */
export function testDriver(source: Topology | (() => Topology), options: TestDriverOptions = {}): TestDriver {
  return new SynchronousDriver(typeof source === 'function' ? source() : source, options)
}

interface Captured {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

class SynchronousDriver implements TestDriver {
  readonly #plan: TopologyPlan
  readonly #clock: VirtualClock
  readonly #tasks: StreamTask[]
  readonly #globals: GlobalTables
  readonly #isCached: boolean
  readonly #outputs = new Map<string, Captured[]>()
  /** Records on their way into a topic that is read. */
  readonly #pending = new Map<string, Captured[]>()
  readonly #nextOffsets = new Map<string, number>()
  readonly #deadLetters: TestDeadLetter[] = []
  readonly #failures: unknown[] = []
  #isClosed = false

  constructor(topology: Topology, options: TestDriverOptions) {
    const { applicationId, startMs = 0, cacheMaxBytes = 0, strict = true } = options
    this.#plan = runnable(topology).plan(applicationId === undefined ? {} : { applicationId })
    this.#clock = new VirtualClock(startMs)
    this.#isCached = cacheMaxBytes > 0
    const { tasks } = resolvePartitions(this.#plan, () => 1)
    const stores = options.stores ?? memoryStores()
    const cache = new RecordCache({ maxBytes: cacheMaxBytes })
    const handlers = { ...failLoudly, ...options.handlers }
    const config = { ...defaultTaskConfig, handlers, strict, maxTaskIdleMs: -1, retryDelayMs: 0 }
    const output = this.#taskOutput()
    this.#globals = new GlobalTables({ plan: this.#plan, clock: this.#clock, stores, handlers, strict })
    const globalStores = this.#globals.stores
    this.#tasks = tasks.map((taskId) =>
      createStreamTask({
        plan: this.#plan,
        taskId,
        stores,
        output,
        clock: this.#clock,
        cache,
        partitionsOf: () => 1,
        config,
        globalStores,
        onFailure: (error) => this.#failures.push(error),
      }),
    )
    // Processors begin before the first record, as in Kafka Streams' driver.
    this.#run()
  }

  input<C extends AnyTopicContract>(contract: C): TestInput<KeyInput<C>, ValueInput<C>> {
    const { name } = contract
    if (!this.#plan.sourceTopics.includes(name)) {
      throw streamsError('STREAMS_TOPOLOGY_INVALID', `the topology does not read topic '${name}'`, { topic: name })
    }
    const key = contract.key as { serialize(value: unknown): Uint8Array }
    const value = contract.value as { serialize(value: unknown): Uint8Array }
    const pipeBytes: TestInput<unknown, unknown>['pipeBytes'] = (keyBytes, valueBytes, pipeOptions) => {
      this.#pipe(
        name,
        captured(pipeOptions?.timestamp ?? this.#clock.now(), keyBytes, valueBytes, headersOf(pipeOptions)),
      )
    }
    return {
      pipe(k, v, pipeOptions) {
        pipeBytes(k === null ? null : key.serialize(k), v === null ? null : value.serialize(v), pipeOptions)
      },
      pipeBytes,
    }
  }

  output<C extends AnyTopicContract>(contract: C): TestOutput<KeyOf<C>, ValueOf<C>> {
    const readRecords = (): TestRecord<KeyOf<C>, ValueOf<C>>[] => {
      const records = this.#outputs.get(contract.name) ?? []
      this.#outputs.delete(contract.name)
      return records.map(({ timestamp, key, value, headers }) => ({
        key: (key === null ? null : contract.key.deserialize(key)) as KeyOf<C>,
        value: (value === null ? null : contract.value.deserialize(value)) as ValueOf<C> | null,
        timestamp,
        headers: Object.fromEntries(headers.map((header) => [header.key, header.value?.toString() ?? null])),
      }))
    }
    return { readRecords, readAll: () => readRecords().map(({ key, value }) => [key, value]) }
  }

  producedTopics(): string[] {
    return [...this.#outputs.keys()].sort()
  }

  store<K, V>(name: string): ReadOnlyKeyValueStore<K, V> {
    return this.#store(name, 'keyValue') as ReadOnlyKeyValueStore<K, V>
  }

  windowStore<K, V>(name: string): ReadOnlyWindowStore<K, V> {
    return this.#store(name, 'window') as ReadOnlyWindowStore<K, V>
  }

  sessionStore<K, V>(name: string): ReadOnlySessionStore<K, V> {
    return this.#store(name, 'session') as ReadOnlySessionStore<K, V>
  }

  versionedStore<K, V>(name: string): ReadOnlyVersionedStore<K, V> {
    return this.#store(name, 'versioned') as ReadOnlyVersionedStore<K, V>
  }

  advanceTime(byMs: number): void {
    this.#clock.advance(byMs)
    this.#run()
  }

  commit(): void {
    // Writing a cache down may feed other sub-topologies: until nothing moves any more.
    do {
      for (const task of this.#tasks) {
        task.flush()
        task.commitStores(new Map())
      }
    } while (this.#deliver())
  }

  deadLetters(): TestDeadLetter[] {
    return this.#deadLetters.splice(0)
  }

  dropped(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { name, labels, value } of this.metrics()) {
      if (name !== 'millrace_streams_dropped_records_total') continue
      counts[labels.reason!] = (counts[labels.reason!] ?? 0) + value
    }
    return counts
  }

  joinMisses(): JoinMiss[] {
    return this.#tasks.flatMap((task) => [...task.joinMisses()])
  }

  metrics(): MetricSample[] {
    return [this.#globals, ...this.#tasks].flatMap((each) => [...each.metrics()])
  }

  describe(): string {
    return this.#plan.describe()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const task of this.#tasks) task.close()
    this.#globals.close()
    if (this.#failures.length > 0) throw this.#failures[0]
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #store(name: string, kind: 'keyValue' | 'window' | 'session' | 'versioned'): unknown {
    const global = this.#globals.view(name, 'uncommitted')
    if (global?.kind === kind) return global
    const plan = this.#plan.stores.get(name)
    const kindOf = (store: StorePlan): string => (store.kind === 'versioned' ? store.kind : layoutOf(store).kind)
    if (plan === undefined || kindOf(plan) !== kind) {
      const known = [...this.#plan.stores.values()].filter((store) => kindOf(store) === kind).map((store) => store.name)
      const message = `there is no ${kind === 'keyValue' ? 'key-value' : kind} store '${name}', only ${known.join(', ') || 'none'}`
      throw streamsError('STREAMS_STORE_UNKNOWN', message, { store: name })
    }
    return this.#tasks.find((task) => task.id.subtopology === plan.subtopology)!.query(name, 'uncommitted')
  }

  #pipe(topic: string, record: Captured): void {
    if (this.#isClosed) throw new TypeError('the test driver is closed')
    this.#enqueue(topic, record)
    this.#run()
  }

  #run(): void {
    while (this.#deliver()) {
      // Until nothing moves any more.
    }
    if (!this.#isCached) this.commit()
  }

  /** Hands what is pending to the tasks that read it; false when there was nothing. */
  #deliver(): boolean {
    let moved = false
    for (const [topic, records] of this.#pending) {
      this.#pending.delete(topic)
      moved = true
      const input = this.#batch(topic, records)
      if (this.#globals.topics.includes(topic)) this.#globals.apply(input)
      for (const task of this.#tasks) {
        if (task.inputs.some((own) => own.topic === topic)) task.addBatches(input)
      }
    }
    for (const task of this.#tasks) {
      while (task.process({ budgetMs: Number.POSITIVE_INFINITY }) > 0) moved = true
    }
    // What a punctuation hands on is no record of the task that it happens in.
    return moved || this.#pending.size > 0
  }

  #batch(topic: string, records: readonly Captured[]): Parameters<StreamTask['addBatches']>[0] {
    const builder = new RecordBatchBuilder()
    for (const { timestamp, key, value, headers } of records) builder.append(timestamp, key, value, headers)
    const firstOffset = this.#nextOffsets.get(topic) ?? 0
    const nextOffset = firstOffset + records.length
    this.#nextOffsets.set(topic, nextOffset)
    const batch = new RecordBatchView(builder.build({ baseOffset: firstOffset }))
    return { topic, partition: 0, batches: [batch], firstOffset, nextOffset, endOffset: nextOffset }
  }

  #enqueue(topic: string, record: Captured): void {
    const records = this.#pending.get(topic)
    if (records) records.push(record)
    else this.#pending.set(topic, [record])
  }

  #taskOutput(): TaskOutput {
    const isRead = new Set([
      ...this.#plan.subtopologies.flatMap((subtopology) => subtopology.sourceTopics),
      ...this.#plan.globalStores.map(({ topic }) => topic),
    ])
    const capture = (topic: string, record: Captured): void => {
      const records = this.#outputs.get(topic)
      if (records) records.push(record)
      else this.#outputs.set(topic, [record])
    }
    return {
      produce: (topic, _partition, timestamp, key, value, headers) => {
        const record = captured(timestamp, key, value, headers)
        if (isRead.has(topic)) this.#enqueue(topic, record)
        capture(topic, record)
      },
      changelog(topic, _partition, timestamp, key, value, headers = []) {
        capture(topic, captured(timestamp, key, value, headers))
      },
      deadLetter: ({ headers: _, ...record }, error) => {
        const { key, value } = record
        this.#deadLetters.push({ ...record, key: key && Buffer.from(key), value: value && Buffer.from(value), error })
      },
    }
  }
}

function captured(
  timestamp: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly Header[],
): Captured {
  return { timestamp, key: key && Buffer.from(key), value: value && Buffer.from(value), headers: [...headers] }
}

function headersOf(options: PipeOptions | undefined): Header[] {
  return Object.entries(options?.headers ?? {}).map(([key, value]) => ({
    key,
    value: value === null ? null : Buffer.from(value),
  }))
}
