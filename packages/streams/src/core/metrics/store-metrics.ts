import type { Clock, MetricSample } from '@millrace/base'
import type { RecordContext } from '../record-context.ts'
import type { TaskStore } from '../stores/task-store.ts'
import { Measured } from './measured.ts'
import { sample } from './metric-table.ts'

/** What calls of a store are counted as. */
const operations: Readonly<Record<string, string>> = {
  get: 'get',
  look: 'get',
  getFor: 'get',
  lookFor: 'get',
  put: 'put',
  fetch: 'fetch',
  find: 'fetch',
  delete: 'delete',
  remove: 'delete',
}

const iterations: Readonly<Record<string, string>> = { range: 'range', snapshot: 'range' }
const upkeep: Readonly<Record<string, string>> = { flush: 'flush', commit: 'commit', restore: 'restore' }

export interface StoreMetricsOptions {
  readonly clock: Clock
  readonly stopwatch: () => number
  readonly context: RecordContext
}

type Methods = Record<string, unknown>

/**
 * Counts and times the calls of one store, where that is switched on: its methods are hidden by ones that measure, so that
 * nothing is in the way where it is not.
 */
export class StoreMetrics {
  readonly #calls = new Map<string, Measured>()
  readonly #ages = new Measured()
  readonly #options: StoreMetricsOptions

  constructor(store: TaskStore, options: StoreMetricsOptions) {
    this.#options = options
    const access = store.access as Methods
    this.#hide(access, operations)
    if (typeof access.bytes === 'object' && access.bytes !== null) this.#hide(access.bytes as Methods, iterations)
    this.#hide(store as unknown as Methods, upkeep)
  }

  *samples(labels: Readonly<Record<string, string>>): Generator<MetricSample> {
    const nowMs = this.#options.clock.now()
    for (const [operation, calls] of this.#calls) {
      if (calls.count === 0) continue
      const named = { ...labels, operation }
      yield sample('millrace_streams_store_operations_total', named, calls.count)
      yield sample('millrace_streams_store_operation_seconds_total', named, calls.sum / 1_000)
      const max = calls.recentMax(nowMs)
      if (max !== undefined) yield sample('millrace_streams_store_operation_seconds_max', named, max / 1_000)
    }
    if (this.#ages.count === 0) return
    yield sample('millrace_streams_store_record_e2e_latency_seconds_total', labels, this.#ages.sum / 1_000)
    const [min, max] = [this.#ages.recentMin(nowMs), this.#ages.recentMax(nowMs)]
    if (min !== undefined) yield sample('millrace_streams_store_record_e2e_latency_seconds_min', labels, min / 1_000)
    if (max !== undefined) yield sample('millrace_streams_store_record_e2e_latency_seconds_max', labels, max / 1_000)
  }

  #hide(target: Methods, names: Readonly<Record<string, string>>): void {
    for (const [name, operation] of Object.entries(names)) {
      const method = target[name]
      if (typeof method === 'function') target[name] = this.#measured(target, method as () => unknown, operation)
    }
  }

  #measured(target: unknown, method: (...args: never[]) => unknown, operation: string) {
    const { clock, stopwatch, context } = this.#options
    const calls = this.#calls.get(operation) ?? new Measured()
    this.#calls.set(operation, calls)
    return (...args: never[]): unknown => {
      const began = stopwatch()
      try {
        return method.apply(target, args)
      } finally {
        const nowMs = clock.now()
        calls.record(stopwatch() - began, nowMs)
        if (operation === 'put' && context.timestamp >= 0) this.#ages.record(nowMs - context.timestamp, nowMs)
      }
    }
  }
}
