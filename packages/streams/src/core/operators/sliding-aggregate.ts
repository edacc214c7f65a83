import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, type ProcessorSetup, settled } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { Span, SpanStore } from '../stores/span-store.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import { type EmitStrategy, FinalResults } from './final-results.ts'
import { type Aggregation, fold } from './stream-aggregate.ts'

/**
 * One aggregate a key and window, windows being made as records come: one that ends with the record (its left window), and
 * one that begins right after it for those that follow (its right window). A window's time is that of the latest record
 * in it, which tells where the record before this one lies.
 */
export function slidingAggregateOperator(
  aggregation: Aggregation,
  windows: SlidingWindows,
  storeName: string,
  sendOldValues: boolean,
  emit: EmitStrategy,
): CreateProcessor {
  return (setup) => {
    const { drop, observedTime } = setup
    const state = openWindows(setup, windows, storeName, sendOldValues, emit)
    const finals = emit === 'onClose' ? finalResults(setup, storeName, state) : undefined
    const time = observedTime()
    const record = new SlidingRecord(setup, aggregation, windows, state, finals)
    return {
      process(given) {
        if (!given.hasKey) return drop('null-key')
        if (!given.hasValue) return drop('null-value')
        const { key, timestamp } = given
        const value = aggregation.readsValue ? given.value : undefined
        if (timestamp > time.value) time.value = timestamp
        const closeTime = time.value - windows.graceMs
        if (timestamp + windows.differenceMs < closeTime) return drop('late')
        record.begin(key, value, timestamp, closeTime)
        // As in Kafka Streams, the first records make no final results.
        if (timestamp < windows.differenceMs) return record.early()
        record.place()
        finals?.emit(closeTime)
      },
    }
  }
}

/** A record on its way into its windows. */
class SlidingRecord {
  readonly #setup: ProcessorSetup
  readonly #aggregation: Aggregation
  readonly #difference: number
  readonly #state: SpanStore
  readonly #finals: FinalResults | undefined
  #key: unknown
  #value: unknown
  #timestamp = -1
  #closeTime = -1

  constructor(
    setup: ProcessorSetup,
    aggregation: Aggregation,
    windows: SlidingWindows,
    state: SpanStore,
    finals: FinalResults | undefined,
  ) {
    this.#setup = setup
    this.#aggregation = aggregation
    this.#difference = windows.differenceMs
    this.#state = state
    this.#finals = finals
  }

  begin(key: unknown, value: unknown, timestamp: number, closeTime: number): void {
    this.#key = key
    this.#value = value
    this.#timestamp = timestamp
    this.#closeTime = closeTime
  }

  /** Puts it into the windows that it lies in, and makes those that follow from it. */
  place(): void {
    const timestamp = this.#timestamp
    const found = this.#state.find(this.#key, timestamp - 2 * this.#difference, timestamp + 1)
    let left: Span | undefined
    let right: Span | undefined
    let hasLeft = false
    let hasRight = false
    let previous: number | undefined
    let at = found.length - 1
    for (; at >= 0; at--) {
      const window = found[at]!
      const end = window.start + this.#difference
      if (window.start === timestamp + 1) hasRight = true
      else if (end > timestamp) {
        right ??= window
        this.#update(window.start, window)
      } else if (end === timestamp) {
        hasLeft = true
        this.#update(window.start, window)
        // A record of the same time has made all that this one would make.
        if (window.timestamp >= timestamp) return
        previous = window.timestamp
      } else {
        left = window
        previous = window.timestamp
        break
      }
    }
    const hasStart = (start: number): boolean => found.some((window, index) => index >= at && window.start === start)
    if (previous !== undefined && previous + 1 + this.#difference >= timestamp && !hasStart(previous + 1)) {
      this.#update(previous + 1, undefined)
    }
    if (!hasLeft) {
      const isShared = previous !== undefined && timestamp - this.#difference <= previous
      this.#create(timestamp - this.#difference, isShared ? left!.value : null)
    }
    if (!hasRight) this.#makeRight(right)
  }

  /** Records too early for a window of their own to begin at 0 or later share the one that does. */
  early(): void {
    const timestamp = this.#timestamp
    const found = this.#state.find(this.#key, 0, timestamp + 1)
    let shared: Span | undefined
    let right: Span | undefined
    let hasRight = false
    let previous: number | undefined
    for (const window of found) {
      if (window.start === 0) {
        shared = window
        if (window.timestamp < timestamp) previous = window.timestamp
      } else if (window.start <= timestamp) {
        right = window
        this.#update(window.start, window)
      } else hasRight = true
    }
    // Where only later records lie in the shared window, what it holds is this record's right window.
    right ??= shared
    if (!hasRight) this.#makeRight(right)
    if (previous !== undefined && !found.some(({ start }) => start === previous + 1)) {
      this.#update(previous + 1, undefined)
    }
    this.#update(0, shared)
  }

  /** The window for what comes after this record already has records if one that reaches further has later ones. */
  #makeRight(right: Span | undefined): void {
    if (right === undefined || right.timestamp <= this.#timestamp) return
    this.#put(this.#timestamp + 1, right.value, null, right.timestamp, true)
  }

  #update(start: number, window: Span | undefined): void {
    if (window === undefined) this.#create(start, null)
    else if (this.#isClosed(start)) this.#setup.drop('late')
    else this.#put(start, this.#folded(window.value), window.value, Math.max(window.timestamp, this.#timestamp), false)
  }

  #create(start: number, from: unknown): void {
    if (this.#isClosed(start)) this.#setup.drop('late')
    else this.#put(start, this.#folded(from), null, this.#timestamp, true)
  }

  #isClosed(start: number): boolean {
    return start + this.#difference < this.#closeTime
  }

  #folded(from: unknown): unknown {
    const { initial, add } = this.#aggregation
    const next = fold(from, initial, this.#value, add, this.#key, this.#setup.context)
    return settled(next, this.#setup.node) ?? null
  }

  #put(start: number, value: unknown, oldValue: unknown, timestamp: number, isNew: boolean): void {
    const end = start + this.#difference
    this.#state.put(this.#key, start, end, value, oldValue, timestamp)
    if (isNew) this.#finals?.opened(this.#key, start, end)
  }
}

/** Opens the windows that an operator owns and, unless results wait for the close, hands their updates on. */
function openWindows(
  { store, forward }: ProcessorSetup,
  windows: SlidingWindows,
  name: string,
  sendOldValues: boolean,
  emit: EmitStrategy,
): SpanStore {
  const state = store<SpanStore>(name)
  if (emit === 'onClose') return state
  const out = new FlowRecord()
  state.sendOldValues = sendOldValues
  state.onUpdate = ({ key, windowStart: start, value, oldValue, timestamp, valueBytes }) => {
    out.setKey({ key, window: { start, end: windows.endOf(start) } })
    out.setValueWithBytes(value, valueBytes === null ? null : asBuffer(valueBytes), state.valueSerde)
    out.oldValue = oldValue
    out.timestamp = timestamp
    forward(out)
  }
  return state
}

function finalResults(setup: ProcessorSetup, storeName: string, state: SpanStore): FinalResults {
  return new FinalResults(setup, {
    store: state,
    storeName,
    layout: state.layout,
    endIsInclusive: true,
    read: (key, start, end) => state.getKept(key, start, end),
    timeOf: (row) => row.timestamp,
  })
}
