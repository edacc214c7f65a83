import type { ByteRange, ByteStore, ByteStoreOptions, ByteStoreProvider, ByteWrite } from './byte-store.ts'
import { bytesText, textBytes } from './bytes.ts'
import { sessionEndOf } from './session-key.ts'
import { SortedKeys } from './sorted-keys.ts'
import { windowStartOf } from './window-key.ts'

/** A byte store in memory: the test driver's, and the reference that disk stores are compared with. */
export class MemoryByteStore implements ByteStore {
  readonly #values = new Map<string, Buffer>()
  readonly #order = new SortedKeys()
  readonly #retentionMs: number | undefined
  readonly #timeOf: (key: Uint8Array) => number
  #latestStart = Number.NEGATIVE_INFINITY
  #expiredBefore = Number.NEGATIVE_INFINITY
  #checkpoint: number | undefined

  constructor(options: Pick<ByteStoreOptions, 'kind' | 'retentionMs'>) {
    this.#retentionMs = options.kind === 'keyValue' ? undefined : options.retentionMs
    this.#timeOf = options.kind === 'session' ? sessionEndOf : windowStartOf
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(bytesText(key))
  }

  *range({ from, to, reverse }: ByteRange): Generator<readonly [Uint8Array, Uint8Array]> {
    const fromText = from && bytesText(from)
    const toText = to && bytesText(to)
    for (const text of this.#order.range(fromText, toText, reverse ?? false)) {
      yield [textBytes(text), this.#values.get(text)!]
    }
  }

  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void {
    // Read first, write then: an iterator that throws half way leaves the store as it was.
    const copies: [string, Buffer | undefined][] = []
    for (const { key, value } of writes) copies.push([bytesText(key), value && Buffer.from(value)])
    for (const [text, value] of copies) {
      if (value === undefined) this.#delete(text)
      else this.#set(text, value)
    }
    if (checkpoint !== undefined) this.#checkpoint = checkpoint
    this.#expire()
  }

  checkpoint(): number | undefined {
    return this.#checkpoint
  }

  close(): void {}

  #set(text: string, value: Buffer): void {
    if (!this.#values.has(text)) this.#order.add(text)
    this.#values.set(text, value)
    if (this.#retentionMs !== undefined) {
      this.#latestStart = Math.max(this.#latestStart, this.#timeOf(textBytes(text)))
    }
  }

  #delete(text: string): void {
    if (this.#values.delete(text)) this.#order.delete(text)
  }

  /** Forgets what is past retention, a tenth of it at a time: looking at every window after every commit would cost. */
  #expire(): void {
    if (this.#retentionMs === undefined) return
    // As segments on disk, which keep the first moment that is past retention too: some stores still show it.
    const liveFrom = this.#latestStart - this.#retentionMs
    if (liveFrom - this.#expiredBefore < this.#retentionMs / 10) return
    this.#expiredBefore = liveFrom
    for (const text of [...this.#values.keys()]) {
      if (this.#timeOf(textBytes(text)) < liveFrom) this.#delete(text)
    }
  }
}

/** Stores that live as long as the provider: closing and opening one again finds what was committed. */
export function memoryStores(): ByteStoreProvider {
  const stores = new Map<string, MemoryByteStore>()
  return {
    open(options) {
      const name = `${options.taskId.subtopology}_${options.taskId.partition}/${options.store}`
      let store = stores.get(name)
      if (!store) {
        store = new MemoryByteStore(options)
        stores.set(name, store)
      }
      return store
    },
  }
}
