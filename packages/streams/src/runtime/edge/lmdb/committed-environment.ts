import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import type { ByteStoreOptions } from '../../../core/stores/byte-store.ts'
import { LmdbTable } from './lmdb-table.ts'
import { readSegments, type SegmentReader, segmentLayout, segmentTable } from './segments.ts'
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

  /** A store of the layout that its task writes it in. */
  store(name: string, { kind, retentionMs }: Pick<ByteStoreOptions, 'kind' | 'retentionMs'>): SegmentReader {
    if (kind === 'keyValue' || retentionMs === undefined) return this.#read(`s:${name}`)
    const layout = segmentLayout(kind, retentionMs)
    const tables = Array.from({ length: layout.places }, (_, place) => this.#read(segmentTable(name, place)))
    return readSegments(layout, tables)
  }

  #read(tableName: string): SegmentReader {
    const table = new LmdbTable(this.#root, tableName)
    return { get: (key) => table.get(key), range: (bounds) => table.range(bounds) }
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
