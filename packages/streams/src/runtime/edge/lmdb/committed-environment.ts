import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import type { ByteStore } from '../../../core/stores/byte-store.ts'
import { LmdbTable } from './lmdb-table.ts'
import { maxTables } from './task-environment.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The LMDB environment of a task that another thread of this process has open and writes: what it has committed, and
 * nothing that it has not. The library shares one environment among the threads that open the same file, so that tables
 * which the writer has opened are found and not made.
 */
export class CommittedEnvironment {
  readonly #root: RootDatabase
  readonly #meta: LmdbTable
  readonly #stores = new Map<string, CommittedStore>()

  private constructor(root: RootDatabase) {
    this.#root = root
    this.#meta = new LmdbTable(root, 'meta')
  }

  /** Only while the writer has it open: the tables are its to make. */
  static open(directory: string): CommittedEnvironment {
    const root = open({ path: join(directory, 'store.mdb'), maxDbs: maxTables, readOnly: true })
    try {
      return new CommittedEnvironment(root)
    } catch (error) {
      void root.close()
      throw error
    }
  }

  /** A key-value store. */
  store(name: string): CommittedStore {
    const known = this.#stores.get(name)
    if (known) return known
    const table = new LmdbTable(this.#root, `s:${name}`)
    const store: CommittedStore = { get: (key) => table.get(key), range: (bounds) => table.range(bounds) }
    this.#stores.set(name, store)
    return store
  }

  checkpoint(store: string): number | undefined {
    const bytes = this.#meta.get(encoder.encode(`checkpoint:${store}`))
    return bytes && Number(decoder.decode(bytes))
  }

  /** What is read from now on is no older than the writer's last commit; without it, than the beginning of this turn. */
  refresh(): void {
    // All databases of an environment share the transaction that reads them.
    this.#root.resetReadTxn()
  }

  async close(): Promise<void> {
    await this.#root.close()
  }
}

/** The part of a byte store that reads. */
export type CommittedStore = Pick<ByteStore, 'get' | 'range'>
