import type { BrokerStorage, StorageFile } from '../../src/core/storage/storage.ts'

/** Storage of a process that can be made to die between two writes: from then on nothing is written any more. */
export class MortalStorage {
  readonly storage: BrokerStorage
  #writesLeft = Number.POSITIVE_INFINITY

  constructor(inner: BrokerStorage) {
    this.storage = {
      ...inner,
      open: (path) => this.#file(inner.open(path)),
      list: (folder) => inner.list(folder),
      readFile: (path) => inner.readFile(path),
      replaceFile: (path, bytes) => {
        this.#write()
        inner.replaceFile(path, bytes)
      },
      delete: (path) => {
        this.#write()
        inner.delete(path)
      },
      rename: (from, to) => {
        this.#write()
        inner.rename(from, to)
      },
      close: () => inner.close(),
    }
  }

  get dead(): boolean {
    return this.#writesLeft < 0
  }

  dieAfter(writes: number): void {
    this.#writesLeft = writes
  }

  live(): void {
    this.#writesLeft = Number.POSITIVE_INFINITY
  }

  #write(): void {
    this.#writesLeft--
    if (this.dead) throw new Error('the process has ended')
  }

  #file(inner: StorageFile): StorageFile {
    return {
      get size() {
        return inner.size
      },
      append: (bytes) => {
        this.#write()
        inner.append(bytes)
      },
      readAt: (position, length) => inner.readAt(position, length),
      truncate: (size) => {
        if (!this.dead) inner.truncate(size)
      },
      sync: (done) => inner.sync((error) => {
        if (!this.dead) done(error)
      }),
      syncNow: () => inner.syncNow(),
      close: () => inner.close(),
    }
  }
}
