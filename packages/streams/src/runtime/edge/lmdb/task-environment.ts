import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { streamsError } from '../../../errors.ts'
import { bootId } from './boot-id.ts'
import { DiskRoom, prepareLockFile } from './disk-room.ts'
import { LmdbTable } from './lmdb-table.ts'
import { isStoreFile } from './store-file.ts'

/** Raised when the layout of tables, keys or checkpoints changes; newer is refused, older is rebuilt from the changelog. */
export const storeFormatVersion = 2

/** Named databases per environment: stores, segments of windowed stores and one for bookkeeping. */
export const maxTables = 512

/**
 * A store that was not written for so long is restored from the beginning of its changelog. Compaction drops tombstones a
 * day after it has first seen them (`delete.retention.ms`): whoever continued from an older checkpoint would miss
 * deletions that another instance made meanwhile, and the rows would be back. Half of that leaves time to restore in.
 */
export const storeAgeMaxMs = 12 * 60 * 60 * 1000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The LMDB environment of one task, `<directory>/store.mdb`.
 *
 * Durability: commits are not synced. A killed process loses nothing, since every page it wrote is in the page cache and
 * LMDB's last commit is whole. Loss of power may tear the file, so `opened` names the boot under which unsynced
 * writes happened: another boot finds it, throws the store away and restores it from the changelog, which is the truth.
 * A clean close syncs and removes it. Where the system does not tell its boots apart, every commit is synced.
 */
export class TaskEnvironment {
  readonly directory: string
  readonly #root: RootDatabase
  readonly #room: DiskRoom
  readonly #meta: LmdbTable
  readonly #tables = new Map<string, LmdbTable>()
  /** A handle of its own, whose reads see nothing of what is being written through the other. */
  #before: RootDatabase | undefined
  #inTurns = false
  #closed = false

  private constructor(directory: string, root: RootDatabase) {
    this.directory = directory
    this.#root = root
    this.#room = new DiskRoom(root, storeFile(directory))
    this.#meta = this.table('meta')
  }

  /**
   * Opens or creates; what is torn, unreadable or older than `storeAgeMaxMs` is removed and starts empty.
   *
   * @throws STREAMS_STATE_VERSION when a newer release wrote the store
   */
  static open(directory: string, boot: string | undefined = bootId()): TaskEnvironment {
    mkdirSync(directory, { recursive: true })
    if (!isKept(directory, boot)) wipe(directory)
    markOpened(directory, boot)
    try {
      return TaskEnvironment.#attach(directory, boot)
    } catch (error) {
      if (isVersionError(error)) throw error
      wipe(directory)
      markOpened(directory, boot)
      return TaskEnvironment.#attach(directory, boot)
    }
  }

  static #attach(directory: string, boot: string | undefined): TaskEnvironment {
    prepareLockFile(storeFile(directory))
    const root = open({
      path: storeFile(directory),
      maxDbs: maxTables,
      noSync: boot !== undefined,
      overlappingSync: false,
      // Rows are looked up in any order: where they outgrow memory, reading 128 KiB for each pushes out what is needed.
      // The library's types lack it.
      ...({ noReadAhead: true } as object),
    })
    try {
      const environment = new TaskEnvironment(directory, root)
      environment.#checkVersion()
      return environment
    } catch (error) {
      void root.close()
      throw error
    }
  }

  table(name: string): LmdbTable {
    const known = this.#tables.get(name)
    if (known) return known
    this.#beginRoom()
    const table = new LmdbTable(this.#root, name, this.#room)
    this.#tables.set(name, table)
    return table
  }

  getNote(name: string): string | undefined {
    const bytes = this.#meta.get(encoder.encode(name))
    return bytes && decoder.decode(bytes)
  }

  /** Legal inside `transaction` only. */
  setNote(name: string, text: string | undefined): void {
    this.#meta.set(encoder.encode(name), text === undefined ? undefined : encoder.encode(text))
  }

  /** All or nothing. A throwing `work` leaves no trace. */
  transaction(work: () => void): void {
    this.#root.transactionSync(() => {
      this.#beginRoom()
      work()
    })
  }

  /** As `transaction`, for work that takes its time: until it is done, others read what was there before. */
  async transactionInTurns(work: () => Promise<void>): Promise<void> {
    this.#before ??= open({ path: storeFile(this.directory), maxDbs: maxTables, readOnly: true })
    for (const table of this.#tables.values()) table.readThrough(this.#before)
    this.#before.resetReadTxn()
    try {
      await this.#root.transactionSync(async () => {
        this.#beginRoom()
        this.#inTurns = true
        await work()
      })
    } finally {
      this.#inTurns = false
      for (const table of this.#tables.values()) table.readThrough(undefined)
    }
  }

  /** A transaction within another takes room of the same commit. */
  #beginRoom(): void {
    if (!this.#inTurns) this.#room.begin()
  }

  get isClosed(): boolean {
    return this.#closed
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#before?.close()
    await this.#root.close()
    // Much may not have been written out: other tasks of the thread go on meanwhile.
    const file = await openFile(storeFile(this.directory), 'r')
    await file.sync().finally(() => file.close())
    rmSync(markerFile(this.directory), { force: true })
  }

  #checkVersion(): void {
    const found = this.getNote('format')
    if (found === undefined) this.transaction(() => this.setNote('format', String(storeFormatVersion)))
    else if (Number(found) < storeFormatVersion) throw new Error(`store format ${found} is rebuilt`)
    if (Number(found ?? 0) > storeFormatVersion)
      throw streamsError(
        'STREAMS_STATE_VERSION',
        `${this.directory} has store format ${found}, this release reads up to ${storeFormatVersion}`,
        {
          directory: this.directory,
          found: Number(found),
          supported: storeFormatVersion,
        },
      )
  }
}

const storeFile = (directory: string): string => join(directory, 'store.mdb')
const markerFile = (directory: string): string => join(directory, 'opened')

/** Whether the state that lies there is gone on from. */
export function isKept(directory: string, boot: string | undefined = bootId()): boolean {
  return !isTorn(directory, boot) && !isOutdated(directory) && isStoreFile(storeFile(directory))
}

function isTorn(directory: string, boot: string | undefined): boolean {
  if (!existsSync(storeFile(directory)) || !existsSync(markerFile(directory))) return false
  return boot !== undefined && readFileSync(markerFile(directory), 'utf8').trim() !== boot
}

/** By the file's last write: an instance that wrongly takes a task for its own may close its store late, but writes nothing. */
function isOutdated(directory: string): boolean {
  const path = storeFile(directory)
  return existsSync(path) && Date.now() - statSync(path).mtimeMs > storeAgeMaxMs
}

/** On disk before the first unsynced write: a marker that is lost with the power would let a torn store pass. */
function markOpened(directory: string, boot: string | undefined): void {
  if (boot === undefined) return
  const file = openSync(markerFile(directory), 'w')
  writeSync(file, `${boot}\n`)
  fsyncSync(file)
  closeSync(file)
  syncFile(directory)
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}

function wipe(directory: string): void {
  for (const name of ['store.mdb', 'store.mdb-lock']) rmSync(join(directory, name), { force: true })
}

function isVersionError(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'STREAMS_STATE_VERSION'
}
