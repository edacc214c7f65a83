import type { FlowRecord } from '../flow-record.ts'
import type { ObservedTime } from '../processor.ts'
import { StageFailure } from '../stage-failure.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import type { ByteStore } from './byte-store.ts'
import { asBuffer, justAfter, readMillis, timestampBytes } from './bytes.ts'
import { bytesTaskStore } from './bytes-task-store.ts'
import { StoreBytes } from './store-bytes.ts'
import type { Isolation, StoreEnvironment, TaskStore } from './task-store.ts'
import type { ReadOnlyWindowStore, WindowEntry } from './views.ts'
import { keyOfWindowKey, sequenceMax, windowKey, windowStartOf } from './window-key.ts'

/** Shorter segments would be many: what Kafka Streams' persistent window stores use. */
const segmentMsMin = 60_000

/**
 * The records of one stream that others may still be joined with: a window store whose windows begin at the time of a
 * record, and that keeps all records of a key and time, told apart by a sequence number (WindowKeySchema).
 */
export class WindowListStore {
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  readonly bytes: StoreBytes
  /** Greatest time that was put: records further back than retention are neither kept nor found. Set by the owner. */
  time: ObservedTime = { value: -1 }
  /** Whether sequence numbers may be taken already by records of the same time, from before a restart. */
  mayCollide: boolean
  readonly #retentionMs: number
  readonly #segmentMs: number
  readonly #onPut: () => void
  readonly #context: StoreEnvironment['context']
  readonly #strict: StoreEnvironment['strict']
  readonly #name: string
  #sequence = 0

  constructor(spec: SpecOf<'windowList'>, bytes: StoreBytes, environment: StoreEnvironment) {
    this.#name = spec.name
    this.keySerde = spec.keySerde
    this.valueSerde = spec.valueSerde
    this.bytes = bytes
    this.mayCollide = !isEmpty(environment.committed)
    this.#retentionMs = spec.retentionMs
    this.#segmentMs = Math.max(Math.floor(spec.retentionMs / 2), segmentMsMin)
    this.#onPut = environment.onPut
    this.#context = environment.context
    this.#strict = environment.strict
  }

  /** Earliest time that is still found. */
  get liveFrom(): number {
    return this.time.value - this.#retentionMs + 1
  }

  /**
   * Keeps a record that has a key. False when it is so late that its whole segment is gone: the records that Kafka
   * Streams counts as dropped, while others past retention are left out without a word. Like those, a record without
   * value is logged and not kept.
   */
  put(record: FlowRecord): boolean {
    const { timestamp } = record
    this.#onPut()
    const key = this.#freeKey(this.keyBytes(record), timestamp)
    const { headers } = this.#context
    if (!record.hasValue) {
      this.bytes.logOnly(key, null, timestamp, headers)
      return true
    }
    const value = record.valueBytesUnder(this.valueSerde) ?? this.#valueBytes(record.value)
    if (timestamp > this.time.value) this.time.value = timestamp
    if (timestamp >= this.liveFrom) {
      this.bytes.put(key, value, timestamp, headers)
      return true
    }
    this.bytes.logOnly(key, value, timestamp, headers)
    const liveSegment = Math.floor((this.time.value - this.#retentionMs) / this.#segmentMs)
    return Math.floor(timestamp / this.#segmentMs) >= liveSegment
  }

  keyBytes(record: FlowRecord): Uint8Array {
    const bytes = record.keyBytesUnder(this.keySerde)
    if (bytes) return bytes
    try {
      return this.keySerde.serialize(record.key)
    } catch (cause) {
      throw new StageFailure('produce', cause)
    }
  }

  /** Calls back for the key's records from `from` to `to`, both inclusive, in order of time; returns how many. */
  fetch(keyBytes: Uint8Array, from: number, to: number, visit: (timestamp: number, value: unknown) => void): number {
    const least = Math.max(from, this.liveFrom, 0)
    if (to < least) return 0
    const first = windowKey(keyBytes, least)
    let found = 0
    for (const [key, stored] of this.bytes.range({
      from: first,
      to: justAfter(windowKey(keyBytes, to, sequenceMax)),
    })) {
      // Keys vary in length, so that records of other keys may lie in between.
      if (key.length !== first.length || !keyOfWindowKey(key).equals(keyBytes)) continue
      found++
      visit(windowStartOf(key), this.read(stored))
    }
    return found
  }

  read(stored: Uint8Array): unknown {
    const value = this.valueSerde.deserialize(asBuffer(stored).subarray(timestampBytes))
    this.#strict?.read(value)
    return value
  }

  #freeKey(keyBytes: Uint8Array, timestamp: number): Buffer {
    for (;;) {
      this.#sequence = (this.#sequence + 1) & sequenceMax
      const key = windowKey(keyBytes, timestamp, this.#sequence)
      if (!this.mayCollide || this.bytes.get(key) === undefined) return key
    }
  }

  #valueBytes(value: unknown): Uint8Array {
    const checked = this.#strict === undefined ? value : this.#strict.put(value, this.valueSerde, this.#name)
    try {
      return this.valueSerde.serialize(checked)
    } catch (cause) {
      throw new StageFailure('produce', cause)
    }
  }
}

function isEmpty(store: ByteStore): boolean {
  for (const _ of store.range({})) return false
  return true
}

export function openWindowListStore(
  spec: SpecOf<'windowList'>,
  environment: StoreEnvironment,
): TaskStore<WindowListStore> {
  const bytes = new StoreBytes(environment.committed, environment.changelog)
  const store = new WindowListStore(spec, bytes, environment)
  return bytesTaskStore(store, bytes, environment, {
    layout: 'window',
    time: () => store.time,
    restored(latestStart) {
      store.time.value = Math.max(store.time.value, latestStart)
      store.mayCollide = true
    },
    view: (isolation) => windowListView(store, isolation),
  })
}

/** Windows of the view are the records' times, one millisecond long; `get` finds the first of a time. */
function windowListView(store: WindowListStore, isolation: Isolation): ReadOnlyWindowStore {
  const { bytes, keySerde } = store
  const range: typeof bytes.range = (options) => {
    return (isolation === 'committed' ? bytes.committed.range(options) : bytes.range(options)) as never
  }
  function* entries(from: Uint8Array | undefined, to: Uint8Array | undefined, reverse = false) {
    for (const [found, stored] of range({ from, to, reverse })) {
      const start = windowStartOf(found)
      if (start < store.liveFrom) continue
      const timestamp = readMillis(asBuffer(stored), 0)
      const key = keySerde.deserialize(keyOfWindowKey(found))
      yield { found, entry: { key, start, end: start + 1, value: store.read(stored), timestamp } }
    }
  }
  function* fetch(
    key: unknown,
    query: { fromMs: number; toMs: number; reverse?: boolean },
  ): Generator<WindowEntry<unknown, unknown>> {
    if (query.toMs < 0) return
    const keyBytes = keySerde.serialize(key)
    const from = windowKey(keyBytes, Math.max(0, query.fromMs))
    const to = justAfter(windowKey(keyBytes, query.toMs, sequenceMax))
    for (const { found, entry } of entries(from, to, query.reverse)) {
      if (found.length === from.length && keyOfWindowKey(found).equals(keyBytes)) yield entry
    }
  }
  function* fetchAll(query: { fromMs: number; toMs: number }): Generator<WindowEntry<unknown, unknown>> {
    for (const { entry } of entries(undefined, undefined)) {
      if (entry.start >= query.fromMs && entry.start <= query.toMs) yield entry
    }
  }
  return {
    kind: 'window',
    get(key, startMs) {
      const [entry] = fetch(key, { fromMs: startMs, toMs: startMs })
      return entry
    },
    fetch,
    fetchAll,
    all: () => fetchAll({ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }),
  }
}
