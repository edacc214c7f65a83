import type { Header } from '@millrace/protocol'
import type { ByteRange, ByteStore } from './byte-store.ts'
import { asBuffer } from './bytes.ts'
import type { StoreWriting } from './task-store.ts'
import { UncommittedLayer } from './uncommitted-layer.ts'

/** Where a store's updates are logged; undefined for stores that keep no changelog. */
export type ChangelogWriter = (
  timestampMs: number,
  key: Uint8Array,
  value: Uint8Array | null,
  headers?: readonly Header[],
) => void

/**
 * A store as bytes: the committed layer, the writes of the open transaction over it, and the changelog that every
 * write goes to. Values carry the timestamp of their record in front, as Kafka Streams' timestamped stores; the
 * changelog has the plain value and the record's timestamp.
 */
export class StoreBytes {
  readonly committed: ByteStore
  readonly #layer = new UncommittedLayer()
  readonly #changelog: ChangelogWriter | undefined
  /** What is committed next has been written ahead of it. */
  #isWritten = false

  constructor(committed: ByteStore, changelog: ChangelogWriter | undefined) {
    this.committed = committed
    this.#changelog = changelog
  }

  get uncommittedBytes(): number {
    return this.#layer.sizeBytes
  }

  /** Reads its own writes. */
  get(key: Uint8Array): Buffer | undefined {
    const own = this.#layer.get(key)
    if (own !== undefined) return own ?? undefined
    const value = this.committed.get(key)
    return value && asBuffer(value)
  }

  put(key: Uint8Array, value: Uint8Array | null, timestampMs: number, headers?: readonly Header[]): void {
    this.#layer.put(key, value, timestampMs)
    this.#changelog?.(timestampMs, key, value, headers)
  }

  /** For what Kafka Streams logs although its store does not keep it. */
  logOnly(key: Uint8Array, value: Uint8Array | null, timestampMs: number, headers: readonly Header[]): void {
    this.#changelog?.(timestampMs, key, value, headers)
  }

  /** Both layers in order of the keys. */
  *range(options: ByteRange): Generator<readonly [Uint8Array, Uint8Array]> {
    if (this.#layer.isEmpty) {
      yield* this.committed.range(options)
      return
    }
    const own = this.#layer.range(options.from, options.to, options.reverse ?? false)
    yield* mergeOver(this.committed.range(options), own, options.reverse ?? false)
  }

  /** As `range`, and unmoved by what is written meanwhile: processors change what they iterate. */
  *snapshot(options: ByteRange): Generator<readonly [Uint8Array, Uint8Array]> {
    const own = this.#layer.isEmpty ? [] : [...this.#layer.range(options.from, options.to, options.reverse ?? false)]
    yield* mergeOver(this.committed.range(options), own, options.reverse ?? false)
  }

  /** See `TaskStore.writing`. */
  writing(checkpoint: number | undefined): StoreWriting | undefined {
    const { committed } = this
    if (this.#layer.isEmpty || committed.applyInTurns === undefined) return undefined
    return {
      write: (pace) => committed.applyInTurns!(this.#layer.writes(), checkpoint, pace),
      written: () => {
        this.#layer.clear()
        this.#isWritten = true
      },
    }
  }

  /** The transaction committed. */
  commit(checkpoint: number | undefined): void {
    const isWritten = this.#isWritten
    this.#isWritten = false
    if (this.#layer.isEmpty && (isWritten || checkpoint === undefined)) return
    this.committed.apply(this.#layer.writes(), checkpoint)
    this.#layer.clear()
  }

  /** The transaction aborted. */
  discard(): void {
    this.#isWritten = false
    this.#layer.clear()
  }
}

type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Two ordered iterations as one; where both have a key the upper one counts, and its null hides the lower one's value. */
export function* mergeOver(
  lower: Iterable<Entry>,
  upper: Iterable<readonly [Uint8Array, Uint8Array | null]>,
  reverse: boolean,
): Generator<Entry> {
  const below = lower[Symbol.iterator]()
  let under = below.next()
  for (const [key, value] of upper) {
    for (; !under.done; under = below.next()) {
      const order = Buffer.compare(under.value[0], key) * (reverse ? -1 : 1)
      if (order > 0) break
      if (order === 0) {
        under = below.next()
        break
      }
      yield under.value
    }
    if (value !== null) yield [key, value]
  }
  for (; !under.done; under = below.next()) yield under.value
}
