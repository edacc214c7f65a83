import type { ByteWrite } from './byte-store.ts'
import { bytesText, textBytes, timestampBytes, writeMillis } from './bytes.ts'
import { SortedKeys } from './sorted-keys.ts'

const chunkBytesMin = 64 * 1024

/**
 * Writes of the open transaction: in order for the commit, by key for whoever reads in between. They lie in a few
 * large buffers rather than in an object each, and are indexed only once somebody reads: most transactions flush their
 * cache and commit without.
 */
export class UncommittedLayer {
  #chunks: Buffer[] = []
  #chunkUsed = 0
  /** Four numbers a write: chunk, offset, key length, value length (-1: deleted). */
  #writes: number[] = []
  #index = new Map<string, number>()
  #order = new SortedKeys()
  #indexedUpTo = 0
  sizeBytes = 0

  get isEmpty(): boolean {
    return this.#writes.length === 0
  }

  /** Copies a write in; with a timestamp, its eight bytes go before the value. */
  put(key: Uint8Array, value: Uint8Array | null, timestamp: number | undefined): void {
    const prefix = value === null || timestamp === undefined ? 0 : timestampBytes
    const size = key.length + prefix + (value === null ? 0 : value.length)
    let chunk = this.#chunks[this.#chunks.length - 1]
    if (chunk === undefined || this.#chunkUsed + size > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytesMin, size))
      this.#chunks.push(chunk)
      this.#chunkUsed = 0
    }
    const at = this.#chunkUsed
    this.#writes.push(this.#chunks.length - 1, at, key.length, value === null ? -1 : prefix + value.length)
    chunk.set(key, at)
    if (prefix > 0) writeMillis(chunk, timestamp!, at + key.length)
    if (value !== null) chunk.set(value, at + key.length + prefix)
    this.#chunkUsed += size
    this.sizeBytes += size
  }

  /** undefined: not written in this transaction; null: deleted in it. */
  get(key: Uint8Array): Buffer | null | undefined {
    if (this.#writes.length === 0) return undefined
    this.#indexWrites()
    const at = this.#index.get(bytesText(key))
    return at === undefined ? undefined : this.#valueAt(at)
  }

  /** The last write of every key in the range, in order of the keys. */
  *range(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    reverse: boolean,
  ): Generator<[Buffer, Buffer | null]> {
    this.#indexWrites()
    for (const text of this.#order.range(from && bytesText(from), to && bytesText(to), reverse)) {
      yield [textBytes(text), this.#valueAt(this.#index.get(text)!)]
    }
  }

  /** Every write in the order they were made. */
  *writes(): Generator<ByteWrite> {
    for (let at = 0; at < this.#writes.length; at += 4) {
      yield { key: this.#keyAt(at), value: this.#valueAt(at) ?? undefined }
    }
  }

  clear(): void {
    const first = this.#chunks[0]
    this.#chunks = first && first.length === chunkBytesMin ? [first] : []
    this.#chunkUsed = 0
    this.#writes = []
    this.#indexedUpTo = 0
    this.sizeBytes = 0
    if (this.#index.size === 0) return
    this.#index = new Map()
    this.#order = new SortedKeys()
  }

  #indexWrites(): void {
    for (; this.#indexedUpTo < this.#writes.length; this.#indexedUpTo += 4) {
      const text = bytesText(this.#keyAt(this.#indexedUpTo))
      if (!this.#index.has(text)) this.#order.add(text)
      this.#index.set(text, this.#indexedUpTo)
    }
  }

  #keyAt(at: number): Buffer {
    const offset = this.#writes[at + 1]!
    return this.#chunks[this.#writes[at]!]!.subarray(offset, offset + this.#writes[at + 2]!)
  }

  #valueAt(at: number): Buffer | null {
    const length = this.#writes[at + 3]!
    if (length < 0) return null
    const offset = this.#writes[at + 1]! + this.#writes[at + 2]!
    return this.#chunks[this.#writes[at]!]!.subarray(offset, offset + length)
  }
}
