import type { RecordCursor } from '@millrace/protocol'
import type { Pace } from '../core/pace.ts'
import type { ByteStore, ByteWrite } from '../core/stores/byte-store.ts'
import { GatheredWrites, gatheredWritesMax } from '../core/stores/gathered-writes.ts'
import type { RestoreSink } from '../core/stores/restore.ts'

const bytesMax = 128 * 1024 * 1024

type StoreInTurns = ByteStore & Required<Pick<ByteStore, 'applyInTurns'>>

/**
 * Rows of a store that is being restored, on their way to disk: a disk store takes many in the order of their keys for a
 * third of what it takes for them as they come, and of each key only the last. The checkpoint goes with them, so what is lost
 * here with the process is read again.
 */
export class GatheredRows implements RestoreSink {
  readonly #store: StoreInTurns
  readonly #writes = new GatheredWrites()
  #checkpoint: number | undefined

  /** undefined for a store that has no use for it. */
  static of(store: ByteStore): GatheredRows | undefined {
    return store.applyInTurns === undefined ? undefined : new GatheredRows(store as StoreInTurns)
  }

  private constructor(store: StoreInTurns) {
    this.#store = store
  }

  get bytes(): number {
    return this.#writes.bytes
  }

  get count(): number {
    return this.#writes.count
  }

  /** Also where nothing but the checkpoint is to be written. */
  get isPending(): boolean {
    return this.#checkpoint !== undefined
  }

  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void {
    for (const { key, value } of writes) {
      this.#makeWay()
      this.#writes.add(key, value)
    }
    this.#checkpoint = checkpoint ?? this.#checkpoint
  }

  addRecord(record: RecordCursor): void {
    this.#makeWay()
    this.#writes.addRecord(record)
  }

  /** Never so much but where a fetch was compressed a great deal. Rows that are written without a checkpoint are restored again. */
  #makeWay(): void {
    if (this.#writes.count < gatheredWritesMax && this.#writes.bytes < bytesMax) return
    this.#store.apply(this.#writes.inKeyOrder(), undefined)
    this.#writes.clear()
  }

  async settle(pace: Pace): Promise<void> {
    if (this.#checkpoint === undefined) return
    await this.#store.applyInTurns(this.#writes.inKeyOrder(), this.#checkpoint, pace)
    this.#writes.clear()
    this.#checkpoint = undefined
  }
}
