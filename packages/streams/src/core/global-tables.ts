import type { Clock, MetricSample } from '@millrace/base'
import { redrivenForAnother } from '@millrace/base/internal'
import { isNotReady } from '@millrace/contracts/internal'
import type { RecordCursor } from '@millrace/protocol'
import { GlobalProcessor } from './global-processor.ts'
import { type FailedRecord, type FailureHandlers, failLoudly } from './handlers.ts'
import { sample } from './metrics/metric-table.ts'
import type { DropReason } from './processor.ts'
import { TaskRecordContext } from './record-context.ts'
import { failed, failureOf, invalidTimestamp } from './record-failures.ts'
import { StageFailure } from './stage-failure.ts'
import type { ByteStore, ByteStoreProvider } from './stores/byte-store.ts'
import { asBuffer, readMillis, writeMillis } from './stores/bytes.ts'
import { globalView } from './stores/headers-view.ts'
import { openStore } from './stores/open-store.ts'
import type { SpanStore } from './stores/span-store.ts'
import { noWindow, type StateStore } from './stores/state-store.ts'
import type { Isolation, TaskStore } from './stores/task-store.ts'
import { joined } from './stores/value-headers.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import { deepFreeze } from './strict.ts'
import type { TaskInput, TaskTopicPartition } from './task.ts'
import type { GlobalStorePlan, TopologyPlan } from './topology/plan.ts'
import { layoutOf } from './topology/store-kinds.ts'

export interface GlobalTablesOptions {
  readonly plan: TopologyPlan
  readonly clock: Clock
  readonly stores: ByteStoreProvider
  readonly handlers: FailureHandlers
  readonly strict: boolean
}

/** As their processors use stores; rows of a table are put as they were read. */
type GlobalAccess = StateStore | SpanStore

interface GlobalTable {
  readonly plan: GlobalStorePlan
  readonly store: TaskStore<GlobalAccess>
  /** How far each partition was read. Written after the rows: what is read again after a crash in between changes nothing. */
  readonly positions: ByteStore
  readonly processor: GlobalProcessor | undefined
}

/**
 * The tables and stores of which every instance holds all rows of all partitions. They have no changelog, since their topics are
 * one, and no place in any transaction: what is read is applied at once, and seen by every task.
 */
export class GlobalTables {
  readonly #tables = new Map<string, GlobalTable>()
  readonly #handlers: FailureHandlers
  readonly #context = new TaskRecordContext()
  readonly #labels: { readonly application: string }
  readonly #isForAnother: ReturnType<typeof redrivenForAnother>
  readonly #dropped = new Map<string, number>()
  #records = 0

  constructor({ plan, clock, stores, handlers, strict }: GlobalTablesOptions) {
    const { applicationId } = plan
    this.#handlers = handlers
    this.#labels = { application: applicationId }
    this.#isForAnother = redrivenForAnother(applicationId)
    for (const table of plan.globalStores) {
      const { store: spec, topic } = table
      // No partition: it is no task's, and not given back or cleaned up as one.
      const taskId = { subtopology: spec.subtopology, partition: -1 }
      const store = openStore(spec, {
        committed: stores.open({ taskId, store: spec.name, ...layoutOf(spec) }),
        changelog: undefined,
        cache: undefined,
        context: this.#context,
        onPut: () => {},
        onFlushFailure: (error) => {
          throw error
        },
        strict: strict ? { put: (value) => value, read: deepFreeze } : undefined,
      }) as TaskStore<GlobalAccess>
      const positions = stores.open({ taskId, store: `${spec.name}-positions`, kind: 'keyValue' })
      const create = table.process
      const processor =
        create &&
        new GlobalProcessor({
          plan: table,
          create,
          applicationId,
          clock,
          context: this.#context,
          storeOf: (name) => this.stores.get(name),
          globalView: (name) => globalView(plan, this.stores, name),
          drop: (reason) => this.#drop(reason),
        })
      this.#tables.set(topic, { plan: table, store, positions, processor })
    }
    for (const { processor } of this.#tables.values()) processor?.start()
  }

  get topics(): readonly string[] {
    return [...this.#tables.keys()]
  }

  /** By name, as operators and queries use them. */
  get stores(): ReadonlyMap<string, TaskStore> {
    return new Map([...this.#tables.values()].map(({ plan, store }) => [plan.store.name, store]))
  }

  /** Where reading goes on; undefined for a partition that was never read. */
  position({ topic, partition }: TaskTopicPartition): number | undefined {
    const found = this.#tables.get(topic)?.positions.get(positionKey(partition))
    return found && readMillis(asBuffer(found), 0)
  }

  /** The topic no longer continues where the table stands: it begins anew. */
  forget(topic: string): void {
    const { store, positions } = this.#tables.get(topic)!
    const { access } = store
    const { bytes } = access
    for (const [key] of [...bytes.committed.range({})]) bytes.put(Buffer.from(key), null, -1)
    // What is read next may be older than what has gone.
    if ('latestTime' in access) access.latestTime = Number.NEGATIVE_INFINITY
    else access.latestStart = Number.NEGATIVE_INFINITY
    store.commit(undefined)
    const known = [...positions.range({})].map(([key]) => ({ key: Buffer.from(key), value: undefined }))
    positions.apply(known, undefined)
  }

  /** @throws what the deserialize handler does not let pass */
  apply({ topic, partition, batches, firstOffset, nextOffset }: TaskInput): void {
    const table = this.#tables.get(topic)!
    try {
      for (const batch of batches) {
        const cursor = batch.cursor()
        while (cursor.next()) if (cursor.offset >= firstOffset) this.#put(table, partition, cursor)
      }
      table.store.commit(undefined)
    } catch (error) {
      // All of it is read again.
      table.store.discard()
      throw error
    }
    const value = Buffer.alloc(8)
    writeMillis(value, nextOffset, 0)
    table.positions.apply([{ key: positionKey(partition), value }], undefined)
  }

  view(name: string, isolation: Isolation): ReadOnlyStore | undefined {
    return this.stores.get(name)?.view(isolation)
  }

  *metrics(): Generator<MetricSample> {
    if (this.#tables.size === 0) return
    const labels = this.#labels
    yield sample('millrace_streams_global_records_total', labels, this.#records)
    for (const [reason, value] of this.#dropped) {
      const dropped = { ...labels, task: 'global', node: 'global', reason }
      yield sample('millrace_streams_dropped_records_total', dropped, value)
    }
  }

  close(): void {
    for (const { processor } of this.#tables.values()) processor?.stop()
    for (const { store, positions } of this.#tables.values()) {
      store.close()
      positions.close()
    }
  }

  #put({ plan, store: { access }, processor }: GlobalTable, partition: number, cursor: RecordCursor): void {
    this.#records++
    if (this.#isForAnother(cursor, plan.topic)) {
      this.#drop('for-another')
      return
    }
    const keyBytes = cursor.keyBytes()
    if (keyBytes === null && processor === undefined) {
      this.#drop('null-key')
      return
    }
    this.#context.enter(plan.topic, partition, cursor)
    const valueBytes = cursor.valueBytes()
    try {
      if (cursor.timestamp < 0) throw invalidTimestamp(cursor.timestamp)
      if (processor !== undefined || keyBytes === null) {
        processor?.process(cursor)
        return
      }
      const { key, value } = parsed(plan, keyBytes, valueBytes)
      const stored = valueBytes && plan.store.hasHeaders ? joined(cursor.headers(), valueBytes) : valueBytes
      ;(access as StateStore).put(key, noWindow, value, null, cursor.timestamp, stored ?? undefined)
    } catch (error) {
      this.#decide(error, plan, cursor, keyBytes, valueBytes)
    }
  }

  /** There is no transaction that a dead letter could be part of: what is not skipped fails. */
  #decide(
    error: unknown,
    { sourceName }: GlobalStorePlan,
    cursor: RecordCursor,
    key: Uint8Array | null,
    value: Uint8Array | null,
  ): void {
    const failure = failureOf(error)
    if (isNotReady(failure.cause)) throw failure.cause
    const record: FailedRecord = {
      ...this.#context.snapshot(),
      stage: failure.stage,
      node: failure.node ?? sourceName,
      key,
      value,
      headers: cursor.headers(),
      attempt: 1,
    }
    const { [failure.stage]: handler, processGlobal = failLoudly.process } = this.#handlers
    const decide = failure.stage === 'process' ? processGlobal : handler
    if (decide(failure.cause, record) !== 'continue') throw failed(failure, record)
    this.#drop('skipped')
  }

  #drop(reason: DropReason): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1)
  }
}

function parsed(
  { keySerde, valueSerde }: GlobalStorePlan,
  keyBytes: Buffer,
  valueBytes: Buffer | null,
): { key: unknown; value: unknown } {
  try {
    const value = valueBytes === null ? null : valueSerde.deserialize(valueBytes)
    return { key: keySerde.deserialize(keyBytes), value }
  } catch (cause) {
    throw new StageFailure('deserialize', cause)
  }
}

function positionKey(partition: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt32BE(partition)
  return key
}
