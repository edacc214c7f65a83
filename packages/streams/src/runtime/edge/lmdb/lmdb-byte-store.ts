import type { Pace } from '../../../core/pace.ts'
import type { ByteStore, ByteWrite } from '../../../core/stores/byte-store.ts'
import { inTurns } from '../../in-turns.ts'
import type { KeyValueBytes, LmdbTable, RangeBounds } from './lmdb-table.ts'
import type { TaskEnvironment } from './task-environment.ts'

/** A key-value store: one table, and its checkpoint among the environment's notes. */
export class LmdbByteStore implements ByteStore {
  readonly #environment: TaskEnvironment
  readonly #name: string
  readonly #table: LmdbTable

  constructor(environment: TaskEnvironment, name: string) {
    this.#environment = environment
    this.#name = name
    this.#table = environment.table(`s:${name}`)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#table.get(key)
  }

  range(bounds: RangeBounds): Iterable<KeyValueBytes> {
    return this.#table.range(bounds)
  }

  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void {
    this.#environment.transaction(() => {
      for (const { key, value } of writes) this.#table.set(key, value)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
  }

  applyInTurns(writes: Iterable<ByteWrite>, checkpoint: number | undefined, pace: Pace): Promise<void> {
    return this.#environment.transactionInTurns(async () => {
      await inTurns(writes, ({ key, value }) => this.#table.set(key, value), pace)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
  }

  checkpoint(): number | undefined {
    return checkpointOf(this.#environment, this.#name)
  }

  /** Empties the store and forgets its checkpoint, for a restore from the beginning of the changelog. */
  wipe(): void {
    this.#environment.transaction(() => {
      this.#table.clear()
      this.#environment.setNote(`checkpoint:${this.#name}`, undefined)
    })
  }

  /** The environment belongs to the provider; nothing is held here. */
  close(): void {}
}

export function checkpointOf(environment: TaskEnvironment, store: string): number | undefined {
  const text = environment.getNote(`checkpoint:${store}`)
  return text === undefined ? undefined : Number(text)
}

/** In the same transaction as the writes it covers; undefined leaves it. */
export function setCheckpoint(environment: TaskEnvironment, store: string, checkpoint: number | undefined): void {
  if (checkpoint !== undefined) environment.setNote(`checkpoint:${store}`, String(checkpoint))
}
