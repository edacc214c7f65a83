import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fstatSync, linkSync, openSync, rmSync, writeSync } from 'node:fs'
import type { RootDatabase } from 'lmdb'

const zeros = new Uint8Array(256 * 1024)
/** More than the library asks for: 126 readers of 64 bytes behind a header. */
const lockFileBytes = 16_384
/** How much more than needed is reserved at a time: few pages for a small store, and seldom for a large one. */
const stepPagesMin = 32
const stepPagesMax = 4096
/** A row's page and the one that it is split into; its bytes count apart. */
const rowPages = 2
/** What a commit writes beside the rows, roots of tables and the list of freed pages, in a file of few pages. */
const commitPagesMin = 16

/**
 * The room on disk that the next commit may need, written with zeros beforehand, so that a full disk fails a write of
 * ours and not one of LMDB's: the native library describes its own failed write in 100 bytes of heap that are
 * sometimes too few, which ends the process a little later (decision 0408). An error here leaves the transaction to be
 * aborted as any other does.
 *
 * How many pages a transaction takes is known only when it has been committed, so this counts the most that they can be.
 * What it does not need stays reserved for the next; pages of old commits are used again, so a file comes to rest.
 */
export class DiskRoom {
  readonly #root: RootDatabase
  readonly #path: string
  readonly #pageBytes: number
  /** Pages that may still be taken without looking. */
  #left = 0
  /** The commit that this transaction builds on; undefined until it is asked for. */
  #usedPages: number | undefined
  #touchedPages = 0
  #freshPages = 0
  #commitPages = commitPagesMin

  constructor(root: RootDatabase, path: string) {
    this.#root = root
    this.#path = path
    this.#pageBytes = statsOf(root).root.pageSize
  }

  /** At the beginning of each transaction, also one in which the library itself makes or drops a table. */
  begin(): void {
    this.#usedPages = undefined
    this.#touchedPages = 0
    this.#freshPages = 0
    this.#take(0, this.#commitPages)
  }

  /** Before each row that is set (without a value: removed) in the transaction. */
  row(keyBytes: number, valueBytes: number): void {
    const pageBytes = this.#pageBytes
    // Large values have pages of their own. A page of others is split when it is full, which leaves a quarter on either side.
    const ownPages = valueBytes + keyBytes > pageBytes >> 2 ? Math.ceil((valueBytes + 16) / pageBytes) : 0
    this.#take(rowPages, ownPages + (4 * (ownPages > 0 ? keyBytes : keyBytes + valueBytes)) / pageBytes)
  }

  #take(touchedPages: number, freshPages: number): void {
    this.#touchedPages += touchedPages
    this.#freshPages += freshPages
    this.#left -= touchedPages + freshPages
    if (this.#left < 0) this.#look()
  }

  /** Windows has another path for failed writes, and does not share files as easily. */
  #look(): void {
    if (process.platform === 'win32') {
      this.#left = Number.POSITIVE_INFINITY
      return
    }
    this.#usedPages ??= statsOf(this.#root).lastPageNumber + 1
    const used = this.#usedPages
    // No page can be copied twice in a transaction, and each is split only once before new bytes have filled it.
    const touched = Math.min(this.#touchedPages, 2 * used)
    // Branches (of fifty pages and more, or of keys whose bytes were counted) and the list of freed pages grow with the file.
    this.#commitPages = commitPagesMin + (used >> 5)
    const needed = used + Math.ceil(touched + this.#freshPages) + this.#commitPages
    const step = Math.min(Math.max(needed >> 3, stepPagesMin), stepPagesMax)
    this.#left = reserve(this.#path, this.#pageBytes, needed, needed + step) - needed
  }
}

/** Makes the file of `path` at least `needed` pages long, better `wanted`, with every page on disk; how long it is then. */
function reserve(path: string, pageBytes: number, needed: number, wanted: number): number {
  const file = openSync(path, 'r+')
  const pages = (): number => Math.floor(fstatSync(file).size / pageBytes)
  try {
    if (pages() >= needed) return pages()
    writeZeros(file, pages() * pageBytes, wanted * pageBytes)
    return wanted
  } catch (error) {
    if (pages() >= needed) return pages()
    throw error
  } finally {
    closeSync(file)
  }
}

function writeZeros(file: number, from: number, to: number): void {
  for (let at = from; at < to; ) at += writeSync(file, zeros, 0, Math.min(to - at, zeros.length), at)
}

/** Pages as of the last commit. The library does not say what its statistics are. */
function statsOf(root: RootDatabase): {
  readonly lastPageNumber: number
  readonly root: { readonly pageSize: number }
} {
  return root.getStats() as ReturnType<typeof statsOf>
}

/**
 * LMDB makes the file of its locks by setting its length and writes to it as memory, which on a full disk is a signal that
 * ends the process. So it finds one of full length. It comes into place at once: another process may be making it too.
 */
export function prepareLockFile(storeFile: string): void {
  const path = `${storeFile}-lock`
  if (process.platform === 'win32' || existsSync(path)) return
  const draft = `${path}.${randomUUID()}`
  const file = openSync(draft, 'wx')
  try {
    writeZeros(file, 0, lockFileBytes)
    linkSync(draft, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'EPERM' && code !== 'ENOTSUP') throw error
  } finally {
    closeSync(file)
    rmSync(draft, { force: true })
  }
}
