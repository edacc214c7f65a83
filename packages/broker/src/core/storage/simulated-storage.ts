import { type Random, randomInt } from '@millrace/base'
import { ChunkedBytes } from './chunked-bytes.ts'
import { childNames, pathsUnder } from './memory-storage.ts'
import type { BrokerStorage, StorageFile } from './storage.ts'

interface SimulatedFile {
  content: ChunkedBytes
  /** How much of the file a power loss leaves for certain; -1 when not even that it exists. */
  syncedBytes: number
}

/** A disk with a power switch. */
export interface SimulatedStorage extends BrokerStorage {
  /**
   * `kill` keeps what was written (the operating system lives on); `power` keeps what was synced and, of the rest, a random
   * part whose last sector may be garbage. What was opened before is dead: open again through the same storage.
   */
  crash(kind: 'kill' | 'power'): void
  /** Room left in bytes; appends beyond it write a part and throw `ENOSPC`. Infinite at first. */
  freeBytes: number
  /** When set, `sync` fails with it. */
  syncError: Error | undefined
  /** Answers of `sync` wait until `releaseSyncs` when set. */
  holdSyncs: boolean
  releaseSyncs(): void
}

/** Storage for seeded crash tests: everything it loses or tears follows from `random`. */
export function simulatedStorage(options: { random: Random }): SimulatedStorage {
  const { random } = options
  let files = new Map<string, SimulatedFile>()
  let heldSyncs: (() => void)[] = []
  let generation = 0

  const fileAt = (path: string): SimulatedFile => {
    let file = files.get(path)
    if (!file) {
      file = { content: new ChunkedBytes(), syncedBytes: -1 }
      files.set(path, file)
    }
    return file
  }

  const append = (path: string, bytes: Uint8Array): void => {
    const fits = Math.min(bytes.length, storage.freeBytes)
    if (fits > 0 || bytes.length === 0) fileAt(path).content.append(bytes.subarray(0, fits))
    storage.freeBytes -= fits
    if (fits < bytes.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }

  const sync = (path: string, done: (error?: Error) => void): void => {
    const opened = generation
    const file = files.get(path)
    const size = file?.content.size ?? 0
    const finish = (): void => {
      if (opened !== generation) return
      if (storage.syncError) {
        done(storage.syncError)
        return
      }
      if (file) file.syncedBytes = Math.max(file.syncedBytes, Math.min(size, file.content.size))
      done()
    }
    if (storage.holdSyncs) heldSyncs.push(finish)
    else finish()
  }

  const open = (path: string): StorageFile => {
    const opened = generation
    const alive = (): void => {
      if (opened !== generation) throw new Error(`${path} was opened before the crash`)
    }
    return {
      get size() {
        return files.get(path)?.content.size ?? 0
      },
      append(bytes) {
        alive()
        append(path, bytes)
      },
      readAt: (position, length) => files.get(path)?.content.read(position, length) ?? Buffer.alloc(0),
      truncate(size) {
        alive()
        const file = files.get(path)
        if (!file || size >= file.content.size) return
        storage.freeBytes += file.content.size - size
        file.content.truncate(size)
        file.syncedBytes = Math.min(file.syncedBytes, size)
      },
      sync(done) {
        alive()
        sync(path, done)
      },
      syncNow() {
        alive()
        if (storage.syncError) throw storage.syncError
        const file = files.get(path)
        if (file) file.syncedBytes = file.content.size
      },
      close() {},
    }
  }

  const afterPowerLoss = (file: SimulatedFile): SimulatedFile | undefined => {
    const synced = Math.max(0, file.syncedBytes)
    const unsynced = file.content.size - synced
    const kept = synced + (unsynced > 0 ? randomInt(random, unsynced + 1) : 0)
    if (kept === 0 && file.syncedBytes < 0) return undefined
    const bytes = Buffer.from(file.content.read(0, kept))
    // A sector that was on its way may hold anything.
    if (kept > synced && random.next() < 0.5) {
      const from = Math.max(synced, kept - 512)
      for (let at = from; at < kept; at++) bytes[at] = randomInt(random, 256)
    }
    const content = new ChunkedBytes()
    content.append(bytes)
    return { content, syncedBytes: kept }
  }

  const storage: SimulatedStorage = {
    freeBytes: Number.POSITIVE_INFINITY,
    syncError: undefined,
    holdSyncs: false,
    releaseSyncs() {
      const held = heldSyncs
      heldSyncs = []
      for (const finish of held) finish()
    },
    crash(kind) {
      generation++
      heldSyncs = []
      if (kind === 'kill') return
      const survivors = new Map<string, SimulatedFile>()
      for (const [path, file] of files) {
        const survivor = afterPowerLoss(file)
        if (survivor) survivors.set(path, survivor)
      }
      files = survivors
    },
    open,
    space() {
      const { freeBytes } = storage
      return freeBytes === Number.POSITIVE_INFINITY ? undefined : { totalBytes: 2 ** 40, usableBytes: freeBytes }
    },
    list: (folder) => childNames(files.keys(), folder),
    readFile(path) {
      const content = files.get(path)?.content
      return content && Buffer.from(content.read(0, content.size))
    },
    replaceFile(path, bytes) {
      if (bytes.length > storage.freeBytes)
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      const content = new ChunkedBytes()
      content.append(bytes)
      storage.freeBytes -= bytes.length
      files.set(path, { content, syncedBytes: bytes.length })
    },
    delete(path) {
      for (const name of pathsUnder(files.keys(), path)) {
        storage.freeBytes += files.get(name)!.content.size
        files.delete(name)
      }
    },
    rename(from, to) {
      for (const name of pathsUnder(files.keys(), from)) {
        files.set(to + name.slice(from.length), files.get(name)!)
        files.delete(name)
      }
    },
    close() {},
  }
  return storage
}
