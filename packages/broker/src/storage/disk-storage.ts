import {
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type BrokerStorage, FileRange, type StorageFile } from '../core/storage/storage.ts'

/** Files kept open at once; the one unused for longest is closed and opened again when needed. */
const maxOpenFiles = 512
/** How often a file that is written to is asked whether it still has a name. */
const nameCheckMs = 1_000
/** Files of this size are freed off the thread. */
const largeFileBytes = 4 * 1024 * 1024

/** Storage in a folder of the local file system. */
export function diskStorage(folder: string): BrokerStorage {
  const root = folder
  const opened = new Map<string, DiskFile>()
  const ranged = new Set<DiskFile>()

  const touched = (file: DiskFile): void => {
    opened.delete(file.path)
    opened.set(file.path, file)
    if (opened.size <= maxOpenFiles) return
    for (const other of opened.values()) {
      if (other !== file && !other.busy) {
        other.close()
        return
      }
    }
  }
  const closed = (file: DiskFile): void => {
    opened.delete(file.path)
  }
  const isUnder = (file: DiskFile, path: string): boolean => file.path === path || file.path.startsWith(`${path}/`)
  /** Gives back descriptors when the process has too many; false when there is none to give. */
  const relieve = (): boolean => {
    const idle = [...opened.values()].filter((file) => !file.busy)
    for (const file of idle.slice(0, Math.ceil(idle.length / 2))) file.close()
    return idle.length > 0
  }
  /** Before what is at a path goes away: ranges that are being sent keep their file open. */
  const closeUnder = (path: string): void => {
    for (const file of [...ranged]) if (isUnder(file, path)) file.detach()
    for (const file of [...opened.values()]) if (isUnder(file, path)) file.close()
  }

  mkdirSync(root, { recursive: true })
  return {
    location: resolve(root),
    space() {
      try {
        const { bsize, blocks, bavail } = statfsSync(root)
        return { totalBytes: blocks * bsize, usableBytes: bavail * bsize }
      } catch {
        return undefined
      }
    },
    open: (path) => new DiskFile(path, join(root, path), { root, touched, closed, relieve, ranged }),
    list(path) {
      try {
        return withDescriptor(relieve, () => readdirSync(join(root, path)))
      } catch (error) {
        if (isMissing(error)) return []
        throw error
      }
    },
    readFile(path) {
      try {
        return withDescriptor(relieve, () => readFileSync(join(root, path)))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    replaceFile(path, bytes) {
      const target = join(root, path)
      const temporary = `${target}.new`
      const fd = withDescriptor(relieve, () => openCreating(root, temporary, 'w'))
      try {
        writeFully(fd, bytes)
        fsyncSync(fd)
      } catch (error) {
        rmSync(temporary, { force: true })
        throw error
      } finally {
        closeSync(fd)
      }
      renameSync(temporary, target)
      withDescriptor(relieve, () => syncFolder(dirname(target)))
    },
    delete(path) {
      closeUnder(path)
      freeingLater(join(root, path), () => rmSync(join(root, path), { recursive: true, force: true }))
    },
    rename(from, to) {
      closeUnder(from)
      closeUnder(to)
      freeingLater(join(root, to), () => renameSync(join(root, from), join(root, to)))
    },
    syncFolder: (path, done) => syncFolders([join(root, path)], done),
    close() {
      for (const file of [...opened.values()]) file.close()
    },
  }
}

/** What files tell the storage they belong to. */
interface OpenFiles {
  readonly root: string
  /** Closes files that are not in use; false when there are none. */
  relieve(): boolean
  touched(file: DiskFile): void
  closed(file: DiskFile): void
  /** Files of which ranges are in use. */
  readonly ranged: Set<DiskFile>
}

class DiskFile implements StorageFile {
  readonly path: string
  readonly #fullPath: string
  readonly #files: OpenFiles
  #fd: number | undefined
  /** What the ranges of this file that are in use read from. */
  #source: RangeSource | undefined
  #size: number
  /** Whether the folder entry may not be on the device yet. */
  #isNew = false
  #dirty = false
  #nameCheckedMs = Number.NEGATIVE_INFINITY
  #syncs = 0
  #closeAfterSync = false

  constructor(path: string, fullPath: string, files: OpenFiles) {
    this.path = path
    this.#fullPath = fullPath
    this.#files = files
    this.#size = sizeOf(fullPath)
  }

  get size(): number {
    return this.#size
  }

  get busy(): boolean {
    return this.#syncs > 0
  }

  append(bytes: Uint8Array): void {
    const fd = this.#openForWriting()
    this.#checkName(fd)
    this.#dirty = true
    try {
      writeFully(fd, bytes)
    } catch (error) {
      // A part may be there: whoever knows what belongs into the file sees that there is more, and cuts it.
      this.#size = fstatSync(fd).size
      throw error
    }
    this.#size += bytes.length
  }

  /** Whoever deletes the folder of a running broker leaves it files that nobody will find again: what is written there is lost. */
  #checkName(fd: number): void {
    const nowMs = performance.now()
    if (nowMs - this.#nameCheckedMs < nameCheckMs) return
    if (fstatSync(fd).nlink === 0) throw new Error(`${this.#fullPath} has been deleted while the broker was running`)
    this.#nameCheckedMs = nowMs
  }

  readAt(position: number, length: number): Buffer {
    const wanted = Math.min(length, this.#size - position)
    if (wanted <= 0) return Buffer.alloc(0)
    const fd = this.#openForReading()
    if (fd === undefined) return Buffer.alloc(0)
    const buffer = wanted < 4096 ? Buffer.allocUnsafe(wanted) : Buffer.allocUnsafeSlow(wanted)
    let filled = 0
    while (filled < wanted) {
      const count = readSync(fd, buffer, filled, wanted - filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled === wanted ? buffer : buffer.subarray(0, filled)
  }

  range(position: number, length: number): FileRange {
    this.#source ??= new RangeSource(
      () => this.#openForReading(),
      () => {
        this.#source = undefined
        this.#files.ranged.delete(this)
      },
    )
    this.#files.ranged.add(this)
    return new DiskRange(this.#source, position, length)
  }

  /** Gives the ranges in use a descriptor of their own: what is at the path goes away. */
  detach(): void {
    this.#source?.detach(this.#fullPath)
    this.#source = undefined
    this.#files.ranged.delete(this)
  }

  truncate(size: number): void {
    if (this.#fd === undefined && sizeOf(this.#fullPath) <= size) return
    ftruncateSync(this.#openForWriting(), size)
    this.#dirty = true
    this.#size = Math.min(this.#size, size)
  }

  sync(done: (error?: Error) => void): void {
    if (!this.#dirty) {
      done()
      return
    }
    const fd = this.#openForWriting()
    // Bytes appended while the device works are for the next sync.
    this.#dirty = false
    this.#syncs++
    fsync(fd, (error) => {
      this.#syncs--
      this.#dirty ||= error !== null
      if (this.#closeAfterSync && this.#syncs === 0) this.close()
      if (error || !this.#isNew) return done(error ?? undefined)
      syncFolders(this.#foldersAbove(), (folderError) => {
        if (!folderError) this.#isNew = false
        done(folderError)
      })
    })
  }

  syncNow(): void {
    if (!this.#dirty) return
    fsyncSync(this.#openForWriting())
    this.#dirty = false
    this.#syncNewEntry()
  }

  close(): void {
    if (this.#fd === undefined) return
    if (this.#syncs > 0) {
      this.#closeAfterSync = true
      return
    }
    this.#closeAfterSync = false
    closeSync(this.#fd)
    this.#fd = undefined
    this.#files.closed(this)
  }

  /** A new file survives a power loss only once its folder, and the folders above it, are synced too. */
  #syncNewEntry(): void {
    if (!this.#isNew) return
    for (const path of this.#foldersAbove()) withDescriptor(this.#files.relieve, () => syncFolder(path))
    this.#isNew = false
  }

  #foldersAbove(): string[] {
    const folder = dirname(this.#fullPath)
    return [folder, dirname(folder), dirname(dirname(folder))]
  }

  /** Undefined when the file has been deleted: reading must not bring it back. */
  #openForReading(): number | undefined {
    if (this.#fd === undefined) {
      try {
        const flags = constants.O_RDWR | constants.O_APPEND
        this.#fd = withDescriptor(this.#files.relieve, () => openSync(this.#fullPath, flags))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    }
    this.#closeAfterSync = false
    this.#files.touched(this)
    return this.#fd
  }

  #openForWriting(): number {
    if (this.#fd === undefined) {
      this.#isNew ||= this.#size === 0
      this.#fd = withDescriptor(this.#files.relieve, () => openCreating(this.#files.root, this.#fullPath, 'a+'))
    }
    this.#closeAfterSync = false
    this.#files.touched(this)
    return this.#fd
  }
}

/** The descriptor behind the ranges of one file: the file's own, until the file goes away under them. */
class RangeSource {
  users = 0
  readonly #open: () => number | undefined
  readonly #unused: () => void
  #ownFd: number | undefined
  #detached = false

  constructor(open: () => number | undefined, unused: () => void) {
    this.#open = open
    this.#unused = unused
  }

  read(target: Buffer, position: number): number {
    const fd = this.#detached ? this.#ownFd : this.#open()
    return fd === undefined ? 0 : readSync(fd, target, 0, target.length, position)
  }

  detach(path: string): void {
    this.#detached = true
    try {
      this.#ownFd = openSync(path, 'r')
    } catch {
      // Reading says that there is nothing: the answer cannot be finished.
    }
  }

  release(): void {
    if (--this.users > 0) return
    if (this.#ownFd !== undefined) closeSync(this.#ownFd)
    this.#ownFd = undefined
    if (!this.#detached) this.#unused()
  }
}

class DiskRange extends FileRange {
  readonly length: number
  readonly #position: number
  readonly #source: RangeSource
  #released = false

  constructor(source: RangeSource, position: number, length: number) {
    super()
    this.#source = source
    this.#position = position
    this.length = length
    source.users++
  }

  readInto(target: Buffer, position: number): number {
    const wanted = Math.min(target.length, this.length - position)
    return this.#released || wanted <= 0 ? 0 : this.#source.read(target.subarray(0, wanted), this.#position + position)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#source.release()
  }
}

/** Opens a file and makes the folders that it needs, but never the data folder: who deleted that does not want it back. */
function openCreating(root: string, path: string, flags: string): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    if (!isMissing(error)) throw error
    statSync(root)
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, flags)
  }
}

/**
 * Takes a file's name away. Freeing the blocks of a large file takes the system tenths of a second, which it spends when the last
 * descriptor is closed: here, off this thread.
 */
function freeingLater(path: string, takeAway: () => void): void {
  const fd = process.platform === 'win32' || sizeOf(path) < largeFileBytes ? undefined : descriptorOf(path)
  try {
    takeAway()
  } finally {
    if (fd !== undefined) close(fd, () => {})
  }
}

function descriptorOf(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    // Then it takes as long as it takes.
    return undefined
  }
}

/** Opens a file; when the process has no descriptor left, once more after some have been given back. */
function withDescriptor<T>(relieve: () => boolean, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code !== 'EMFILE' && code !== 'ENFILE') || !relieve()) throw error
    return open()
  }
}

function writeFully(fd: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written)
}

/** Syncs folders one after the other, off this thread: a device that is busy takes its time for it. */
function syncFolders(paths: readonly string[], done: (error?: Error) => void): void {
  const [path, ...others] = paths
  if (path === undefined || process.platform === 'win32') {
    done()
    return
  }
  open(path, 'r', (error, fd) => {
    if (error) return done(error)
    fsync(fd, (syncError) => {
      closeSync(fd)
      if (syncError) done(syncError)
      else syncFolders(others, done)
    })
  })
}

function syncFolder(path: string): void {
  // Windows cannot open folders; its file systems journal the entry with the file.
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
