import type { Header, RecordBatchView, RecordCursor } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'
import type { FlowRecord } from '../flow-record.ts'
import { Peak } from '../metrics/measured.ts'
import type { RecordContext } from '../record-context.ts'
import { StageFailure } from '../stage-failure.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import {
  bufferedSize,
  bufferVersion,
  bufferVersionHeader,
  decodeBufferValue,
  encodeBufferValue,
} from './buffer-value.ts'
import type { ByteWrite } from './byte-store.ts'
import { asBuffer, bytesText, textBytes, timestampBytes, writeMillis } from './bytes.ts'
import { StoreBytes } from './store-bytes.ts'
import type { HeldFigures, StoreEnvironment, TaskStore } from './task-store.ts'
import { TimeHeap } from './time-heap.ts'
import type { ReadOnlyKeyValueStore, StoreEntry } from './views.ts'

type Values = SpecOf<'buffer'>['valueSerde']

/** A value whose other form, object or bytes, is made when somebody asks. */
class HeldValue {
  readonly #serde: Values
  #value: unknown
  #bytes: Uint8Array | null | undefined
  #isParsed: boolean

  constructor(serde: Values, form: { value: unknown } | { bytes: Uint8Array | null }) {
    this.#serde = serde
    this.#isParsed = 'value' in form
    if ('value' in form) this.#value = form.value
    else this.#bytes = form.bytes
  }

  get value(): unknown {
    if (!this.#isParsed) {
      this.#value = this.#bytes === null ? null : this.#serde.deserialize(this.#bytes!)
      this.#isParsed = true
    }
    return this.#value
  }

  get bytes(): Uint8Array | null {
    if (this.#bytes === undefined) this.#bytes = this.#value === null ? null : serialized(this.#serde, this.#value)
    return this.#bytes
  }
}

function serialized(serde: Values, value: unknown): Uint8Array {
  try {
    return serde.serialize(value)
  } catch (cause) {
    throw new StageFailure('produce', cause)
  }
}

/** A change of a row that is held back. */
export interface HeldChange {
  readonly key: unknown
  readonly value: unknown
  readonly oldValue: unknown
  readonly context: RecordContext
}

class Held implements HeldChange {
  readonly keyText: string
  readonly time: number
  readonly prior: HeldValue
  key: unknown
  next: HeldValue
  old: HeldValue
  context: RecordContext
  sizeBytes = 0

  constructor(
    keyText: string,
    key: unknown,
    time: number,
    prior: HeldValue,
    old: HeldValue,
    next: HeldValue,
    context: RecordContext,
  ) {
    this.keyText = keyText
    this.key = key
    this.time = time
    this.prior = prior
    this.old = old
    this.next = next
    this.context = context
  }

  get value(): unknown {
    return this.next.value
  }

  get oldValue(): unknown {
    return this.old.value
  }
}

/**
 * Changes of a table that are held back, one a key, in the order of the time that they wait for; a later change of a key
 * takes the place of the one before. It lies in memory, as Kafka Streams' InMemoryTimeOrderedKeyValueChangeBuffer; what
 * has changed goes to the changelog and the store at a flush, and is read back from there after a restart or an abort.
 */
export class ChangeBuffer {
  readonly bytes: StoreBytes
  readonly #spec: SpecOf<'buffer'>
  readonly #environment: StoreEnvironment
  readonly #heap = new TimeHeap<Held>()
  readonly #byKey = new Map<string, Held>()
  readonly #dirty = new Set<string>()
  readonly #recordsPeak = new Peak()
  readonly #bytesPeak = new Peak()
  #isLoaded = false
  #sizeBytes = 0

  constructor(spec: SpecOf<'buffer'>, bytes: StoreBytes, environment: StoreEnvironment) {
    this.#spec = spec
    this.bytes = bytes
    this.#environment = environment
  }

  get count(): number {
    this.#load()
    return this.#byKey.size
  }

  /** As Kafka Streams counts it; 0 where the bounds do not ask for it, since values are not serialised for it then. */
  get sizeBytes(): number {
    this.#load()
    return this.#sizeBytes
  }

  /** Of the changes that are held now. */
  get figures(): HeldFigures {
    const [records, size] = [(): number => this.#byKey.size, (): number => this.#sizeBytes]
    const { countsBytes } = this.#spec
    return {
      get records() {
        return records()
      },
      get bytes() {
        return countsBytes ? size() : undefined
      },
      recordsPeak: this.#recordsPeak,
      bytesPeak: this.#bytesPeak,
    }
  }

  /** The earliest time that a change waits for; infinite where there is none. */
  get minTime(): number {
    this.#load()
    return this.#heap.first?.time ?? Number.POSITIVE_INFINITY
  }

  /** Takes the record's change in. `time` counts for the first change of a key that is held, later ones wait with it. */
  put(time: number, record: FlowRecord, context: RecordContext): void {
    this.#load()
    this.#environment.onPut()
    const { valueSerde, keySerde, countsBytes } = this.#spec
    const keyText = bytesText(asBuffer(record.keyBytesUnder(keySerde) ?? keySerde.serialize(record.key)))
    const known = record.valueBytesUnder(valueSerde)
    const next = new HeldValue(
      valueSerde,
      known === undefined ? { value: this.#checked(record.value) } : { bytes: known && Buffer.from(known) },
    )
    const old = new HeldValue(valueSerde, { value: kept(record.oldValue) })
    const { topic, partition, offset, headers } = context
    const origin = { topic, partition, offset, headers, timestamp: record.timestamp }
    let held = this.#byKey.get(keyText)
    if (held === undefined) {
      held = new Held(keyText, kept(record.key), time, old, old, next, origin)
      this.#byKey.set(keyText, held)
      this.#heap.push(held)
    } else {
      held.next = next
      held.old = old
      held.context = origin
    }
    this.#recordsPeak.note(this.#byKey.size)
    if (countsBytes) {
      this.#count(held)
      this.#bytesPeak.note(this.#sizeBytes)
    }
    this.#dirty.add(keyText)
  }

  /**
   * Forgets changes, the earliest first, as long as `goesOn` says so, and hands each on, as the record that made it. One
   * that cannot be handed on is a matter of its own, as with caches: the record that time moved on with is not to blame.
   */
  emitWhile(goesOn: () => boolean, emit: (change: HeldChange) => void): void {
    this.#load()
    const { context, onFlushFailure } = this.#environment
    const origin = context.snapshot()
    for (let first = this.#heap.first; first !== undefined && goesOn(); first = this.#heap.first) {
      this.#heap.shift()
      this.#byKey.delete(first.keyText)
      this.#dirty.add(first.keyText)
      this.#sizeBytes -= first.sizeBytes
      context.assume(first.context)
      try {
        emit(first)
      } catch (error) {
        context.assume(first.context)
        onFlushFailure(error)
      }
    }
    context.assume(origin)
  }

  /** What downstream knows of a key that is held back: null for no row; undefined: the key is not held back. */
  priorOf(key: unknown): unknown {
    this.#load()
    if (this.#byKey.size === 0) return undefined
    return this.#byKey.get(bytesText(asBuffer(this.#spec.keySerde.serialize(key))))?.prior.value
  }

  /** Writes down what has changed. */
  flush(): void {
    if (this.#dirty.size === 0) return
    const { timestamp } = this.#environment.context
    for (const keyText of this.#dirty) {
      const held = this.#byKey.get(keyText)
      this.bytes.put(textBytes(keyText), held === undefined ? null : this.#encoded(held), timestamp)
    }
    this.#dirty.clear()
  }

  /** What is in memory is no longer what the store holds: it is read from there at the next use. */
  forget(): void {
    this.#isLoaded = false
    this.#heap.clear()
    this.#byKey.clear()
    this.#dirty.clear()
    this.#sizeBytes = 0
  }

  /** In the test driver: what its serde loses is found before it is written down. */
  #checked(value: unknown): unknown {
    const { strict } = this.#environment
    if (strict === undefined || value === null) return kept(value)
    return strict.put(value, this.#spec.valueSerde, this.#spec.name)
  }

  #load(): void {
    if (this.#isLoaded) return
    this.#isLoaded = true
    const { valueSerde, keySerde, countsBytes } = this.#spec
    for (const [key, stored] of this.bytes.range({})) {
      const { context, prior, old, value, time } = decodeBufferValue(Buffer.from(stored.subarray(timestampBytes)))
      const keyText = bytesText(key)
      const [first, last, next] = [prior, old, value].map((bytes) => new HeldValue(valueSerde, { bytes }))
      const held = new Held(keyText, keySerde.deserialize(Buffer.from(key)), time, first!, last!, next!, context)
      this.#byKey.set(keyText, held)
      this.#heap.push(held)
      if (countsBytes) this.#count(held)
    }
  }

  #count(held: Held): void {
    const { context, prior, old, next, keyText } = held
    const sizeBytes = bufferedSize(keyText.length, { context, prior: prior.bytes, old: old.bytes, value: next.bytes })
    this.#sizeBytes += sizeBytes - held.sizeBytes
    held.sizeBytes = sizeBytes
  }

  #encoded({ context, prior, old, next, time }: Held): Buffer {
    return encodeBufferValue({ context, prior: prior.bytes, old: old.bytes, value: next.bytes, time })
  }
}

const versionHeaders: readonly Header[] = [{ key: bufferVersionHeader, value: Buffer.of(bufferVersion) }]

/** Opens the buffer of held-back changes. */
export function openChangeBuffer(spec: SpecOf<'buffer'>, environment: StoreEnvironment): TaskStore<ChangeBuffer> {
  const { committed, changelog } = environment
  const log: typeof changelog =
    changelog && ((timestamp, key, value) => changelog(timestamp, key, value, value === null ? [] : versionHeaders))
  const bytes = new StoreBytes(committed, log)
  const buffer = new ChangeBuffer(spec, bytes, environment)
  return {
    access: buffer,
    held: buffer.figures,
    get uncommittedBytes() {
      return bytes.uncommittedBytes
    },
    checkpoint: () => committed.checkpoint(),
    flush() {
      buffer.flush()
      return true
    },
    commit: (nextOffset) => bytes.commit(nextOffset),
    discard() {
      buffer.forget()
      bytes.discard()
    },
    restore(batches, { firstOffset, nextOffset }) {
      const progress = { records: 0 }
      committed.apply(restoredChanges(batches, firstOffset, spec.name, progress), nextOffset)
      buffer.forget()
      return progress.records
    },
    view: (isolation) => bufferView(spec, bytes, isolation === 'committed'),
    close: () => committed.close(),
  }
}

function* restoredChanges(
  batches: Iterable<RecordBatchView>,
  firstOffset: number,
  store: string,
  progress: { records: number },
): Generator<ByteWrite> {
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      const key = cursor.keyBytes()
      if (cursor.offset < firstOffset || key === null) continue
      progress.records++
      const value = cursor.valueBytes()
      if (value === null) {
        yield { key, value: undefined }
        continue
      }
      mustBeKnown(cursor, store)
      const stored = Buffer.allocUnsafe(timestampBytes + value.length)
      writeMillis(stored, cursor.timestamp, 0)
      stored.set(value, timestampBytes)
      yield { key, value: stored }
    }
  }
}

/** Layouts of Kafka Streams before 2.6 are not read. */
function mustBeKnown(cursor: RecordCursor, store: string): void {
  const version = cursor.headers().findLast(({ key }) => key === bufferVersionHeader)?.value?.[0]
  if (version === bufferVersion) return
  const message = `the changelog of '${store}' has a record of layout ${version ?? 'unknown'} at offset ${cursor.offset}`
  throw streamsError('STREAMS_CHANGELOG_FORMAT', message, { store })
}

/** What is held back, by key: the value that would be handed on. Deletions that wait are left out. */
function bufferView(spec: SpecOf<'buffer'>, bytes: StoreBytes, isCommitted: boolean): ReadOnlyKeyValueStore {
  const source = isCommitted ? bytes.committed : bytes
  function* all(): Generator<StoreEntry<unknown, unknown>> {
    for (const [key, stored] of source.range({})) {
      const { value, context } = decodeBufferValue(stored.subarray(timestampBytes))
      if (value === null) continue
      yield {
        key: spec.keySerde.deserialize(key),
        value: spec.valueSerde.deserialize(value),
        timestamp: context.timestamp,
      }
    }
  }
  return {
    kind: 'keyValue',
    get(key) {
      const stored = source.get(spec.keySerde.serialize(key))
      const found = stored && decodeBufferValue(stored.subarray(timestampBytes))
      if (!found || found.value === null) return undefined
      return { value: spec.valueSerde.deserialize(found.value), timestamp: found.context.timestamp }
    },
    range: all,
    all,
  } as ReadOnlyKeyValueStore
}

/** Bytes are views of the batch they came in: a copy outlives it. */
function kept(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
