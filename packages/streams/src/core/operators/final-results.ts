import { FlowRecord } from '../flow-record.ts'
import type { ObservedTime, ProcessorSetup } from '../processor.ts'
import { asBuffer, bytesText, textBytes } from '../stores/bytes.ts'
import type { SpanLayout } from '../stores/span-layout.ts'
import { TimeHeap } from '../stores/time-heap.ts'
import type { Timestamped } from '../stores/views.ts'
import type { AnySerde } from '../topology/physical.ts'

/** When results of windows are handed on: with every update, or once, when the window closes (KIP-825). */
export type EmitStrategy = 'onUpdate' | 'onClose'

/** A store of windows, as final results are read from it. */
interface ClosingStore {
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  /** Counts how often the contents were replaced: by a restart, an aborted transaction. */
  readonly generation: number
  storedKeys(): Iterable<Uint8Array>
  /** Asks the handler about a result that cannot be handed on; throws where that fails the task. */
  failed(error: unknown): void
}

export interface FinalResultsOptions {
  readonly store: ClosingStore
  readonly storeName: string
  readonly layout: SpanLayout
  /** Whether a window is still open at the time of its end (sessions, sliding windows: the end is theirs). */
  readonly endIsInclusive: boolean
  readonly read: (key: unknown, start: number, end: number) => Timestamped<unknown> | undefined
  /** The time of a result. */
  readonly timeOf: (row: Timestamped<unknown>, end: number) => number
}

/** Windows with one end. */
interface Ending {
  readonly time: number
  readonly keyText: string
  /** Keys as stored. */
  readonly open: Set<string>
}

/**
 * Hands on one result a window, when stream time has closed it. Which windows are open is kept in memory, by their ends,
 * and found out anew after a restart or an abort; how far results were handed on is committed with the offsets.
 *
 * Kafka Streams searches its store for what has closed, once a second, and finds nothing any more of windows that expired
 * in the meantime, as when time jumps. Here a record that closes windows hands on their results at once, and all of them.
 */
export class FinalResults {
  readonly #options: FinalResultsOptions
  readonly #setup: ProcessorSetup
  /** Close time of the last results; -1 before the first. */
  readonly #emittedUpTo: ObservedTime
  readonly #endings = new Map<number, Ending>()
  readonly #order = new TimeHeap<Ending>()
  readonly #out = new FlowRecord()
  #generation = -1

  constructor(setup: ProcessorSetup, options: FinalResultsOptions) {
    this.#setup = setup
    this.#options = options
    // Under the name of the store, as Kafka Streams' ProcessorMetadata has it.
    this.#emittedUpTo = setup.observedTime(options.storeName)
  }

  /** There is a result for the window now. */
  opened(key: unknown, start: number, end: number): void {
    this.#settle()
    this.#add(this.#keyText(key, start, end), end)
  }

  /** The session has become part of another. */
  gone(key: unknown, start: number, end: number): void {
    this.#settle()
    this.#endings.get(end)?.open.delete(this.#keyText(key, start, end))
  }

  /** Hands on what has closed. To be called with every record that may have moved stream time. */
  emit(closeTime: number): void {
    this.#settle()
    const order = this.#order
    if (order.first === undefined || !this.#isClosed(order.first.time, closeTime)) return
    for (let ending = order.first; ending && this.#isClosed(ending.time, closeTime); ending = order.first) {
      order.shift()
      this.#endings.delete(ending.time)
      for (const stored of this.#inOrder(ending.open)) this.#tryToEmit(stored, ending.time)
    }
    this.#emittedUpTo.value = closeTime
  }

  /** One that fails does not keep the others back. */
  #tryToEmit(stored: Buffer, end: number): void {
    try {
      this.#emit(stored, end)
    } catch (error) {
      this.#options.store.failed(error)
    }
  }

  #emit(stored: Buffer, end: number): void {
    const { layout, read, timeOf, store } = this.#options
    const key = store.keySerde.deserialize(layout.keyOf(stored))
    const start = layout.startOf(stored)
    const row = read(key, start, end)
    if (row === undefined) return
    const out = this.#out
    out.setKey({ key, window: { start, end } })
    out.setValue(row.value)
    out.oldValue = null
    out.timestamp = timeOf(row, end)
    this.#setup.forwardAt(out)
  }

  /** By start, then by key. */
  #inOrder(texts: ReadonlySet<string>): Buffer[] {
    const { startOf } = this.#options.layout
    return [...texts].map(textBytes).sort((a, b) => startOf(a) - startOf(b) || Buffer.compare(a, b))
  }

  #isClosed(end: number, closeTime: number): boolean {
    return this.#options.endIsInclusive ? end < closeTime : end <= closeTime
  }

  #settle(): void {
    const { store, layout } = this.#options
    if (this.#generation === store.generation) return
    this.#generation = store.generation
    this.#endings.clear()
    this.#order.clear()
    const { value: emittedUpTo } = this.#emittedUpTo
    for (const stored of store.storedKeys()) {
      const end = layout.endOf(stored)
      if (emittedUpTo === -1 || !this.#isClosed(end, emittedUpTo)) this.#add(bytesText(stored), end)
    }
  }

  #add(text: string, end: number): void {
    let ending = this.#endings.get(end)
    if (ending === undefined) {
      ending = { time: end, keyText: '', open: new Set() }
      this.#endings.set(end, ending)
      this.#order.push(ending)
    }
    ending.open.add(text)
  }

  #keyText(key: unknown, start: number, end: number): string {
    const { store, layout } = this.#options
    return bytesText(asBuffer(layout.keyBytes(store.keySerde.serialize(key), start, end)))
  }
}
